import Artifacts
import Platform

/// PyTorch's `.pt` and `.pth` files: zip archives, TorchScript archives and legacy pickles.
enum TorchFile {
  /// The content of a zip archive written by PyTorch.
  struct Archive {
    let tensors: PickledTensors
    let isScript: Bool
  }

  /// The prefix of a PyTorch archive's entries (`archive/`), or nil for other archives.
  static func prefix(of zip: WeightZipIndex) -> String? {
    for entry in zip.entries where entry.name.hasSuffix("data.pkl") {
      let prefix = entry.name.dropLast("data.pkl".count)
      if prefix.isEmpty || (prefix.hasSuffix("/") && prefix.count(where: { $0 == "/" }) == 1) {
        return String(prefix)
      }
    }
    return nil
  }

  /// Reads the zip format of PyTorch 1.6 and later, and TorchScript archives.
  static func archive(_ zip: WeightZipIndex, prefix: String) throws -> Archive {
    guard let pickle = zip[prefix + "data.pkl"] else {
      throw Fault(.badInput, "the archive has no data.pkl", at: .init(zip.path))
    }
    let isScript = zip[prefix + "constants.pkl"] != nil
    let isBigEndian = try byteOrder(zip, prefix) == "big"
    guard !isBigEndian else {
      throw Fault(.badInput, "the archive was written on a big-endian machine", at: .init(zip.path))
    }
    let place = "\(zip.path)/\(pickle.name)"
    let document = try Unpickler.read(
      zip.bytes(pickle), globals: isScript ? .script : .torch, file: place)
    let tensors = try TensorWalk.tensors(of: document.root, in: document, file: place) { storage in
      guard let entry = zip["\(prefix)data/\(storage.key)"] else {
        throw Fault(.badInput, "the archive has no storage '\(storage.key)'", at: .init(zip.path))
      }
      let needed = storage.count.multipliedReportingOverflow(by: storage.type.width)
      guard !needed.overflow, entry.size == needed.partialValue, storage.view == nil else {
        throw Fault(
          .badInput,
          "the storage '\(storage.key)' has \(entry.size) bytes, its pickle claims "
            + "\(storage.count) elements", at: .init(zip.path))
      }
      return zip.bytes(entry)
    }
    return Archive(tensors: tensors, isScript: isScript)
  }

  private static func byteOrder(_ zip: WeightZipIndex, _ prefix: String) throws -> String? {
    guard let entry = zip[prefix + "byteorder"], entry.size <= 16 else { return nil }
    return try zip.bytes(entry).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The number that begins PyTorch's legacy files: 0x1950a86a20f9469cfc6c as a LONG1.
  static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

  static func isLegacy(_ head: UnsafeRawBufferPointer) -> Bool {
    head.count > 14 && head[0] == 0x80 && head[2..<4].elementsEqual([0x8A, 10])
      && head[4..<14].elementsEqual(magic)
  }

  /// Reads a bare pickle of arrays, as `pickle.dump` writes it.
  static func bare(_ map: MappedFile) throws -> PickledTensors {
    let document = try Unpickler.read(
      .mapped(map, 0..<map.bytes.count), globals: .torch, file: map.path)
    return try TensorWalk.tensors(of: document.root, in: document, file: map.path)
  }

  /// Reads the format before PyTorch 1.6: five pickles, then the storages one after another.
  static func legacy(_ map: MappedFile) throws -> PickledTensors {
    func fault(_ message: String) -> Fault { Fault(.badInput, message, at: .init(map.path)) }
    let whole = WeightBytes.mapped(map, 0..<map.bytes.count)
    func pickle(at start: Int) throws -> PickleDocument {
      try Unpickler.read(whole, from: start, globals: .torch, file: map.path)
    }
    let version = try pickle(at: try pickle(at: 0).end)
    guard version.root == .integer(1001) else {
      throw fault("the file's protocol version is not 1001")
    }
    let system = try pickle(at: version.end)
    guard case .map(let index) = system.root else { throw fault("the file's preamble is no map") }
    for (key, value) in system.maps[index] where system.text(key) == "little_endian" {
      guard value == .bool(true) else { throw fault("written on a big-endian machine") }
    }
    let document = try pickle(at: system.end)
    let keys = try pickle(at: document.end)
    let storages = try LegacyStorages(document, keys: keys, map: map)
    return try TensorWalk.tensors(
      of: document.root, in: document, file: map.path, storage: storages.bytes)
  }
}

/// The positions of the storages in a legacy file.
private struct LegacyStorages {
  private var ranges: [String: Range<Int>] = [:]
  private var types: [String: StorageType] = [:]
  private let map: MappedFile

  init(_ document: PickleDocument, keys: PickleDocument, map: MappedFile) throws {
    self.map = map
    for storage in document.storages {
      let type = storage.type
      guard types[storage.key] ?? type == type else {
        throw fault("the storage '\(storage.key)' has two types")
      }
      types[storage.key] = type
    }
    guard let list = keys.items(keys.root) else { throw fault("the list of storages is missing") }
    var position = keys.end
    for item in list {
      guard let key = keys.text(item), let type = types[key], ranges[key] == nil else {
        throw fault("a listed storage is used nowhere, or listed twice")
      }
      position = try take(key, type, at: position)
    }
  }

  private func fault(_ message: String) -> Fault { Fault(.badInput, message, at: .init(map.path)) }

  /// Notes a storage's place: its count as 8 bytes, then its elements; returns where it ends.
  private mutating func take(_ key: String, _ type: StorageType, at start: Int) throws -> Int {
    let size = map.bytes.count
    guard start <= size - 8 else { throw fault("the file ends before the storage '\(key)'") }
    let count = map.withBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    }
    guard count <= UInt64((size - start - 8) / type.width) else {
      throw fault("the storage '\(key)' claims \(count) elements, the file ends before")
    }
    let end = start + 8 + Int(count) * type.width
    ranges[key] = start + 8..<end
    return end
  }

  func bytes(_ storage: PickledStorage) throws -> WeightBytes {
    let type = storage.type
    guard let range = ranges[storage.key], range.count == storage.count &* type.width
    else { throw fault("the storage '\(storage.key)' is missing or of another size") }
    guard let view = storage.view else { return .mapped(map, range) }
    let count = range.count / type.width
    guard view.offset <= count, view.size <= count - view.offset else {
      throw fault("a view reaches outside the storage '\(storage.key)'")
    }
    let start = range.lowerBound + view.offset * type.width
    return .mapped(map, start..<start + view.size * type.width)
  }
}
