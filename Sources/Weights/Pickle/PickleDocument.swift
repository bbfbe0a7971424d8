import Artifacts
import Platform

/// A value of a pickle. Compound values are indexes into the document, so that neither cycles nor
/// deep nesting cost anything when they are released.
enum PickleValue: Sendable, Equatable {
  case none
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case text(String)
  /// Bytes of the pickle itself, or a whole number wider than 64 bits.
  case bytes(Range<Int>)
  /// Bytes that an encoding made.
  case blob(Int)
  case list(Int)
  case tuple(Int)
  case map(Int)
  case global(PickleGlobal)
  case type(Int)
  case array(Int)
  case storage(Int)
  case tensor(Int)
  case object(Int)
  /// Something that only Python could make; nothing of it is kept.
  case opaque
  /// A tensor or an array that is there and cannot be read: what it is.
  case unread(String)
}

/// A NumPy array in a pickle.
struct PickledArray: Sendable {
  enum Content: Sendable, Equatable {
    /// Made, and not filled yet.
    case empty
    case numbers(ElementType, isBigEndian: Bool, WeightSource)
    case objects([PickleValue])
    /// Elements that Ferry does not read, such as text.
    case unread
  }
  var shape: [Int] = []
  var isColumnOrder = false
  var content = Content.empty
}

/// Bytes inside the pickle, or made from it.
enum WeightSource: Sendable, Equatable {
  case pickle(Range<Int>)
  case blob(Int)
}

/// A PyTorch storage that a pickle refers to; its bytes lie elsewhere in the file.
struct PickledStorage: Sendable, Equatable {
  /// The storage's name: a number, also in the archive (`data/0`).
  var key: String
  var type: StorageType
  /// Elements, or bytes where untyped.
  var count: Int
  /// The part of a root storage that a legacy view covers: its own name, offset and size.
  var view: (key: String, offset: Int, size: Int)?

  static func == (a: PickledStorage, b: PickledStorage) -> Bool {
    a.key == b.key && a.type == b.type && a.count == b.count && a.view?.key == b.view?.key
      && a.view?.offset == b.view?.offset && a.view?.size == b.view?.size
  }
}

/// The elements of a PyTorch storage.
struct StorageType: Sendable, Equatable {
  /// PyTorch's word for it: `Float`, `Untyped`.
  var name: String
  /// Nil for an untyped storage, and where Ferry does not read the elements.
  var element: ElementType?
  /// Bytes an element; those of an untyped storage count one by one.
  var width: Int
}

/// A PyTorch tensor: a strided view of a storage.
struct PickledTensor: Sendable {
  var storage: Int
  /// The element type, where the storage is untyped.
  var type: ElementType?
  /// In elements.
  var offset: Int
  var shape: [Int]
  var strides: [Int]
}

/// An instance of a class that is known by name only: its state, and nothing that it could do.
struct PickledObject: Sendable {
  var className: String
  var state: PickleValue
}

/// The content of a pickle: data, never code.
struct PickleDocument: Sendable {
  var root = PickleValue.none
  /// The end of the pickle, after its STOP.
  var end = 0
  /// The pickle's own bytes.
  let bytes: WeightBytes
  var lists: [[PickleValue]] = []
  var tuples: [[PickleValue]] = []
  var maps: [[(key: PickleValue, value: PickleValue)]] = []
  var blobs: [[UInt8]] = []
  var types: [NumPyType] = []
  var arrays: [PickledArray] = []
  var storages: [PickledStorage] = []
  var tensors: [PickledTensor] = []
  var objects: [PickledObject] = []
  /// The names of what stayed opaque, in their order, at most `opaqueLimit`.
  private(set) var opaque: [String] = []
  static let opaqueLimit = 16

  mutating func note(opaque name: String) {
    guard opaque.count < Self.opaqueLimit, !opaque.contains(name) else { return }
    opaque.append(name)
  }

  init(bytes: WeightBytes) { self.bytes = bytes }

  /// The text of a string, or of the bytes that Python 2 wrote for one.
  func text(_ value: PickleValue) -> String? {
    switch value {
    case .text(let text): text
    case .bytes(let range):
      range.count > 4096
        ? nil : try? bytes.withBytes { String(validating: $0[range], as: UTF8.self) } ?? nil
    default: nil
    }
  }

  /// The elements of a list or tuple.
  func items(_ value: PickleValue) -> [PickleValue]? {
    switch value {
    case .list(let index): lists[index]
    case .tuple(let index): tuples[index]
    default: nil
    }
  }

  /// The whole numbers of a list or tuple.
  func integers(_ value: PickleValue) -> [Int]? {
    guard let items = items(value), items.count <= 64 else { return nil }
    let numbers = items.compactMap { if case .integer(let number) = $0 { number } else { nil } }
    return numbers.count == items.count ? numbers : nil
  }

  /// The bytes of an array's data.
  func source(_ source: WeightSource) throws -> WeightBytes {
    switch source {
    case .pickle(let range): try bytes.slice(range)
    case .blob(let index): .memory(blobs[index], 0..<blobs[index].count)
    }
  }
}
