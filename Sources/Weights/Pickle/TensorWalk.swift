import Artifacts
import Platform

/// Finds the tensors in a pickle's nested maps, lists and objects, and names each by its path.
struct TensorWalk {
  static let depthLimit = 64
  static let visitLimit = 1_000_000

  private let document: PickleDocument
  private let file: String
  private let storage: (PickledStorage) throws -> WeightBytes
  private var found: [WeightTensor] = []
  private var names: Set<String> = []
  private var visits = 0

  /// - Parameter storage: where a PyTorch storage's bytes lie.
  static func tensors(
    of root: PickleValue, in document: PickleDocument, file: String,
    storage: @escaping (PickledStorage) throws -> WeightBytes = TensorWalk.none
  ) throws -> [WeightTensor] {
    var walk = TensorWalk(document, file: file, storage: storage)
    try walk.visit(root, path: "", depth: 0)
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
    case .tensor(let index): try take(document.tensors[index], path)
    case .array(let index): try take(document.arrays[index], path)
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

  private mutating func take(_ tensor: PickledTensor, _ path: String) throws {
    let stored = document.storages[tensor.storage]
    guard let type = stored.type else {
      throw fault("the tensor '\(path)' has a storage without a type")
    }
    try add(
      try WeightTensor(
        name: path, type: type, shape: tensor.shape, strides: tensor.strides,
        offset: tensor.offset, bytes: try storage(stored), file: file))
  }

  private mutating func take(_ array: PickledArray, _ path: String) throws {
    guard case .numbers(let type, let isBigEndian, let source) = array.content else {
      throw fault("'\(path)' is an array of Python objects, which is not read")
    }
    let bytes = try document.source(source)
    let tensor = try WeightTensor(
      name: path, type: type, shape: array.shape,
      strides: array.isColumnOrder ? WeightTensor.columnOrder(array.shape) : nil,
      isBigEndian: isBigEndian, bytes: bytes, file: file)
    guard tensor.count * type.width == bytes.count else {
      throw fault("the array '\(path)' has \(bytes.count) bytes for the shape \(array.shape)")
    }
    try add(tensor)
  }

  private mutating func add(_ tensor: WeightTensor) throws {
    guard names.insert(tensor.name).inserted else {
      throw fault("two tensors are called '\(tensor.name)'")
    }
    found.append(tensor)
  }
}
