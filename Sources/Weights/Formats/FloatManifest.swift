import Artifacts
import Platform

/// Raw little-endian float32 files with a JSON manifest of names and shapes, as TensorFlow.js
/// writes them: `[{"paths": [...], "weights": [{"name", "shape", "dtype"}, ...]}]`.
enum FloatManifest {
  /// Bytes of a group of several files, which are joined in memory.
  static let joinLimit = 256 << 20

  /// True for JSON that has this form.
  static func isManifest(_ json: JSONValue) -> Bool {
    guard let groups = json.array, !groups.isEmpty else { return false }
    return groups.allSatisfy { $0["paths"]?.strings != nil && $0["weights"]?.array != nil }
  }

  static func tensors(_ json: JSONValue, file: String) throws -> [WeightTensor] {
    try (json.array ?? []).flatMap { try group($0, file: file) }
  }

  private static func group(_ json: JSONValue, file: String) throws -> [WeightTensor] {
    let paths = json["paths"]?.strings ?? []
    let bytes = try join(paths, file: file)
    var position = 0
    let tensors = try (json["weights"]?.array ?? []).map { weight in
      guard let name = weight["name"]?.string, let extents = weight["shape"]?.array,
        weight["dtype"]?.string == "float32", weight["quantization"] == nil
      else {
        throw Fault(
          .badInput, "a weight needs a name, a shape and the type float32", at: .init(file))
      }
      let shape = extents.compactMap(\.integer)
      var size = 4
      for extent in shape {
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !overflow, product <= bytes.count else {
          throw Fault(.badInput, "'\(name)' does not fit its file", at: .init(file))
        }
        size = product
      }
      guard shape.count == extents.count, size <= bytes.count - position else {
        throw Fault(.badInput, "'\(name)' does not fit its file", at: .init(file))
      }
      defer { position += size }
      return try WeightTensor(
        name: name, type: .float32, shape: shape,
        bytes: try bytes.slice(position..<position + size),
        file: file)
    }
    guard position == bytes.count else {
      throw Fault(
        .badInput, "the manifest describes \(position) bytes, its files have \(bytes.count)",
        at: .init(file))
    }
    return tensors
  }

  private static func join(_ paths: [String], file: String) throws -> WeightBytes {
    let maps = try paths.map { path in
      guard SafeName.isPlain(path) else {
        throw Fault(.badInput, "the manifest names the file '\(path)'", at: .init(file))
      }
      return try MappedFile(Files.join(Files.parent(of: file), path))
    }
    if maps.count == 1 { return .mapped(maps[0], 0..<maps[0].bytes.count) }
    let total = maps.reduce(0) { $0 + $1.bytes.count }
    guard total <= joinLimit else {
      throw Fault(.badInput, "its files have \(total) bytes in all, too many", at: .init(file))
    }
    var joined: [UInt8] = []
    joined.reserveCapacity(total)
    for map in maps { map.withBytes { joined.append(contentsOf: $0) } }
    return .memory(joined, 0..<joined.count)
  }
}

/// File names that an index may refer to.
enum SafeName {
  /// Whether `name` is the bare name of a file: no folder, not hidden, printable.
  static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 255
      && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x5C }
  }
}
