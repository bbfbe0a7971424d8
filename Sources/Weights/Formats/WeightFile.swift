import Artifacts
import Platform

/// The forms in which weights are handed out.
public enum WeightFormat: String, Sendable, CaseIterable {
  case safetensors
  case torchArchive = "torch-zip"
  case torchScript = "torchscript"
  case torchLegacy = "torch-legacy"
  /// A pickle of arrays, without PyTorch's frame.
  case pickle
  case numpy = "npy"
  case numpyArchive = "npz"
  case rawFloats = "raw-float32"
  case shards = "sharded"
  /// Several files in a folder, each under its own name.
  case folder
}

/// A file (or folder) of weights: names, shapes and types; the numbers are read tensor by tensor.
public struct WeightFile: Sendable {
  public let path: String
  public let format: WeightFormat
  /// In the file's order.
  public let tensors: [WeightTensor]
  /// The file's own text metadata (safetensors).
  public let metadata: [String: String]
  /// Tensors that are there and cannot be read; they matter only to those who want them.
  public private(set) var unread: [UnreadTensor] = []
  /// The names of non-data objects that a pickle asks for; they stay opaque and are never executed.
  public private(set) var opaque: [String] = []
  private let byName: [String: Int]

  /// Opens weights of any form that Ferry reads, by what the file holds rather than by its name.
  ///
  /// Nothing in the file is executed, and only headers are read.
  /// - Throws: `Fault` naming what is wrong, or the name that a pickle asks for.
  public static func open(_ path: String) throws -> WeightFile { try open(path, depth: 0) }

  static func open(_ path: String, depth: Int) throws -> WeightFile {
    guard Files.exists(path) else {
      throw Fault(.missingInput, "there are no weights at '\(path)'")
    }
    if Files.isDirectory(path) { return try WeightFolder.open(path) }
    let map = try MappedFile(path)
    let head = map.withBytes { Array($0.prefix(64)) }
    return try head.withUnsafeBytes { try open(map, head: $0, depth: depth) }
  }

  private static func open(_ map: MappedFile, head: UnsafeRawBufferPointer, depth: Int) throws
    -> WeightFile
  {
    let path = map.path
    if let fault = NotWeights.fault(path, head) { throw fault }
    if WeightZipIndex.isZip(head) {
      let zip = try WeightZipIndex(map)
      guard let prefix = TorchFile.prefix(of: zip) else {
        return try WeightFile(path, .numpyArchive, try NumPyFile.archive(zip))
      }
      let archive = try TorchFile.archive(zip, prefix: prefix)
      return try WeightFile(
        path, archive.isScript ? .torchScript : .torchArchive, pickled: archive.tensors)
    }
    if TorchFile.isLegacy(head) {
      return try WeightFile(path, .torchLegacy, pickled: try TorchFile.legacy(map))
    }
    if head.starts(with: NumPyHeader.magic) {
      let name = Self.stem(Files.name(of: path))
      let bytes = WeightBytes.mapped(map, 0..<map.bytes.count)
      return try WeightFile(
        path, .numpy, try NumPyFile.tensors(bytes, name: name, file: path))
    }
    // The header's length comes first, as 8 bytes; JSON text has no zero bytes.
    if head.count > 8, head[8] == UInt8(ascii: "{"), head[5..<8].allSatisfy({ $0 == 0 }) {
      return try safetensors(path)
    }
    if depth == 0, let first = head.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    {
      return try index(path)
    }
    // PROTO and its version, 2 to 5.
    if head.count > 1, head[0] == 0x80, (2...5).contains(head[1]) {
      return try WeightFile(path, .pickle, pickled: try TorchFile.bare(map))
    }
    if path.hasSuffix(".safetensors") { return try safetensors(path) }
    throw unknown(path)
  }

  private static func safetensors(_ path: String) throws -> WeightFile {
    let file = try SafetensorsFile(path)
    let tensors = try file.entries.map {
      try WeightTensor(
        name: $0.name, type: $0.type, shape: $0.shape, bytes: .safetensors(file, $0), file: path)
    }
    var found = PickledTensors(tensors: tensors)
    found.unread = file.unread.map { name, type in
      UnreadTensor(
        name: name,
        fault: Fault(
          .badInput, "the tensor '\(name)' has the type \(type), which is not read",
          at: .init(path)))
    }
    return try WeightFile(path, .safetensors, pickled: found, metadata: file.metadata)
  }

  private static func index(_ path: String) throws -> WeightFile {
    let json = try JSONValue.read(path, limit: 64 << 20)
    if FloatManifest.isManifest(json) {
      return try WeightFile(path, .rawFloats, try FloatManifest.tensors(json, file: path))
    }
    guard ShardIndex.isIndex(json) else {
      throw Fault(
        .badInput, "the JSON file is neither an index of shards nor a manifest of float32 weights",
        at: .init(path))
    }
    return try WeightFile(path, .shards, try ShardIndex.tensors(json, file: path))
  }

  private static func unknown(_ path: String) -> Fault {
    Fault(
      .badInput, "not a form of weights that Ferry reads", at: .init(path),
      remedy: "it reads safetensors, .pth and .pt, TorchScript archives, pickles of arrays, .npy, "
        + ".npz, raw float32 with a JSON manifest, and sharded indexes")
  }

  /// A name without its last suffix.
  static func stem(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  init(
    _ path: String, _ format: WeightFormat, _ tensors: [WeightTensor],
    metadata: [String: String] = [:]
  ) throws {
    self.path = path
    self.format = format
    self.tensors = tensors
    self.metadata = metadata
    var byName: [String: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      guard byName.updateValue(index, forKey: tensor.name) == nil else {
        throw Fault(.badInput, "two tensors are called '\(tensor.name)'", at: .init(path))
      }
    }
    self.byName = byName
  }

  /// The content read from a pickle or a header.
  /// - Throws: `Fault` where there is nothing but what cannot be read.
  private init(
    _ path: String, _ format: WeightFormat, pickled: PickledTensors,
    metadata: [String: String] = [:]
  ) throws {
    if pickled.tensors.isEmpty {
      if !pickled.opaque.isEmpty { throw OpaqueNames.fault(pickled.opaque, at: .init(path)) }
      if let first = pickled.unread.first { throw first.fault }
    }
    try self.init(path, format, pickled.tensors, metadata: metadata)
    unread = pickled.unread
    opaque = pickled.opaque
  }

  public subscript(name: String) -> WeightTensor? { byName[name].map { tensors[$0] } }
}
