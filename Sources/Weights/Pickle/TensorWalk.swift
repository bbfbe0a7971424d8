import Artifacts
import Platform

/// Finds the tensors in a pickle's nested maps, lists and objects, and names each by its path.
struct TensorWalk {
  static let depthLimit = 64
  static let visitLimit = 1_000_000

  private let document: PickleDocument
  private let file: String
  private let storage: (PickledStorage) throws -> WeightBytes
  private var found = PickledTensors()
  private var names: Set<String> = []
  private var visits = 0

  /// What cannot be read is kept by name with the reason: only tensors that somebody wants must be
  /// whole.
  ///
  /// - Parameter storage: where a PyTorch storage's bytes lie.
  static func tensors(
    of root: PickleValue, in document: PickleDocument, file: String,
    storage: @escaping (PickledStorage) throws -> WeightBytes = TensorWalk.none
  ) throws -> PickledTensors {
    var walk = TensorWalk(document, file: file, storage: storage)
    try walk.visit(root, path: "", depth: 0)
    walk.found.opaque = document.opaque
    return walk.found
  }

  private init(
    _ document: PickleDocument, file: String,
    storage: @escaping (PickledStorage) throws -> WeightBytes
  ) {
    self.document = document
    self.file = file
    self.storage = storage
  }

  private static func none(_ storage: PickledStorage) throws -> WeightBytes {
    throw Fault(.badInput, "the pickle refers to the storage '\(storage.key)', which is nowhere")
  }

  private func fault(_ message: String) -> Fault { Fault(.badInput, message, at: .init(file)) }

  private mutating func visit(_ value: PickleValue, path: String, depth: Int) throws {
    visits += 1
    guard visits <= Self.visitLimit, depth <= Self.depthLimit else {
      throw fault("the pickle nests its values too deeply or too often")
    }
    func inner(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    switch value {
    case .map(let index):
      for (key, value) in document.maps[index] {
        guard let name = name(of: key) else { continue }
        try visit(value, path: inner(name), depth: depth + 1)
      }
    case .list(let index):
      try visitAll(document.lists[index], path: path, depth: depth)
    case .tuple(let index):
      try visitAll(document.tuples[index], path: path, depth: depth)
    case .object(let index):
      try visit(document.objects[index].state, path: path, depth: depth + 1)
    case .tensor(let index):
      try keep(path, Result { try tensor(document.tensors[index], path) })
    case .array(let index):
      if case .objects = document.arrays[index].content {
        throw fault("'\(path)' is an array of Python objects, which is not read")
      }
      try keep(path, Result { try tensor(document.arrays[index], path) })
    case .unread(let reason):
      try keep(path, .failure(fault("the tensor '\(path)' \(reason)")))
    default: return
    }
  }

  private mutating func visitAll(_ items: [PickleValue], path: String, depth: Int) throws {
    for (index, item) in items.enumerated() {
      try visit(item, path: path.isEmpty ? "\(index)" : "\(path).\(index)", depth: depth + 1)
    }
  }

  private func name(of key: PickleValue) -> String? {
    if case .integer(let number) = key { return String(number) }
    return document.text(key)
  }

  /// Keeps a tensor, or why there is none.
  private mutating func keep(_ path: String, _ tensor: Result<WeightTensor, any Error>) throws {
    guard names.insert(path).inserted else { throw fault("two tensors are called '\(path)'") }
    do {
      found.tensors.append(try tensor.get())
    } catch let fault as Fault {
      found.unread.append(UnreadTensor(name: path, fault: fault))
    }
  }

  private func tensor(_ tensor: PickledTensor, _ path: String) throws -> WeightTensor {
    let stored = document.storages[tensor.storage]
    guard let type = tensor.type ?? stored.type.element else {
      throw fault("the tensor '\(path)' has a storage without a type")
    }
    return try WeightTensor(
      name: path, type: type, shape: tensor.shape, strides: tensor.strides,
      offset: tensor.offset, bytes: try storage(stored), file: file)
  }

  private func tensor(_ array: PickledArray, _ path: String) throws -> WeightTensor {
    guard case .numbers(let type, let isBigEndian, let source) = array.content else {
      throw fault("the array '\(path)' has elements of a type that is not read")
    }
    let bytes = try document.source(source)
    let tensor = try WeightTensor(
      name: path, type: type, shape: array.shape,
      strides: array.isColumnOrder ? WeightTensor.columnOrder(array.shape) : nil,
      isBigEndian: isBigEndian, bytes: bytes, file: file)
    guard tensor.count * type.width == bytes.count else {
      throw fault("the array '\(path)' has \(bytes.count) bytes for the shape \(array.shape)")
    }
    return tensor
  }
}

/// The tensors of a pickle.
struct PickledTensors {
  var tensors: [WeightTensor] = []
  var unread: [UnreadTensor] = []
  /// Names that the pickle asks for and that stayed opaque.
  var opaque: [String] = []
}

/// A tensor that is in a file and cannot be read.
public struct UnreadTensor: Sendable {
  /// The name in the file, levels joined by dots.
  public let name: String
  /// Why it cannot be read, and where.
  public let fault: Fault
}
