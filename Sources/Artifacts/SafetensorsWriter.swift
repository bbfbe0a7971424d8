import Glibc
import Platform

/// Writes a safetensors file: tensors are declared first, their bytes follow in the same order.
///
/// The bytes depend only on the declarations, the metadata and the data.
public final class SafetensorsWriter {
  private let path: String
  private let descriptor: Int32
  private let declared: [TensorEntry]
  private var written = 0

  /// Creates the file and writes its header.
  ///
  /// The data section starts at a multiple of 64 bytes, and so does every tensor whose
  /// predecessors' sizes allow it: declare the widest element types first.
  /// - Throws: `Fault` where the file cannot be written.
  public init(
    _ path: String, tensors: [(name: String, type: ElementType, shape: [Int])],
    metadata: [String: String] = [:]
  ) throws {
    self.path = path
    var offset = 0
    declared = tensors.map { tensor in
      let size = tensor.type.width * tensor.shape.reduce(1, *)
      defer { offset += size }
      return TensorEntry(
        name: tensor.name, type: tensor.type, shape: tensor.shape, range: offset..<offset + size)
    }
    precondition(Set(tensors.map(\.name)).count == tensors.count, "tensor names must be unique")
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Files.fault("create", path) }
    try Self.header(declared, metadata).withUnsafeBytes {
      try Files.writeAll($0, to: descriptor, path: path)
    }
  }

  deinit { close(descriptor) }

  private static func header(_ entries: [TensorEntry], _ metadata: [String: String]) -> [UInt8] {
    var json: [String: JSONValue] = [:]
    for entry in entries {
      json[entry.name] = [
        "dtype": .string(entry.type.rawValue), "shape": JSONValue(entry.shape),
        "data_offsets": [.integer(entry.range.lowerBound), .integer(entry.range.upperBound)],
      ]
    }
    if !metadata.isEmpty { json["__metadata__"] = .object(metadata.mapValues { .string($0) }) }
    var text = JSONValue.object(json).canonicalBytes
    let padding = (64 - (text.count + 8) % 64) % 64
    text += repeatElement(UInt8(ascii: " "), count: padding)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  /// Appends data in the order of the declarations.
  public func append(_ bytes: UnsafeRawBufferPointer) throws {
    try Files.writeAll(bytes, to: descriptor, path: path)
    written += bytes.count
  }

  public func append(_ values: [Float]) throws { try values.withUnsafeBytes { try append($0) } }

  public func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

  /// Appends whole numbers as I64.
  public func append(_ values: [Int]) throws {
    try values.map { Int64($0).littleEndian }.withUnsafeBytes { try append($0) }
  }

  /// Checks that all declared data was written.
  public func finish() throws {
    let expected = declared.last?.range.upperBound ?? 0
    precondition(written == expected, "wrote \(written) of \(expected) declared bytes")
    guard fsync(descriptor) == 0 else { throw Files.fault("flush", path) }
  }
}
