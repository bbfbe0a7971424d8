import Artifacts
import Platform

extension Unpickler {
  /// Names, calls and persistent references; false for other opcodes.
  mutating func reference(_ opcode: UInt8) throws -> Bool {
    let start = position - 1
    switch opcode {
    case UInt8(ascii: "c"):
      let module = try line()
      push(.global(try allowed(module, try line(), at: start)))
    case 0x93:
      guard let name = document.text(try pop()), let module = document.text(try pop()) else {
        throw fault("builds a name from what is no text", at: start)
      }
      push(.global(try allowed(module, name, at: start)))
    case UInt8(ascii: "i"):
      let module = try line()
      _ = try allowed(module, try line(), at: start)
      _ = try sinceMark()
      push(.opaque)
    case UInt8(ascii: "o"):
      guard case .global? = try sinceMark().first else {
        throw fault("calls what is no name", at: start)
      }
      push(.opaque)
    case 0x92:
      _ = try pop()
      try reduce(at: start)
    case UInt8(ascii: "R"), 0x81: try reduce(at: start)
    case UInt8(ascii: "b"):
      let state = try pop()
      try build(try top(), state, at: start)
    case UInt8(ascii: "Q"): push(try persistent(try pop(), at: start))
    default: return false
    }
    return true
  }

  /// Calls what lies below its arguments.
  private mutating func reduce(at start: Int) throws {
    let arguments = try pop()
    let called = try pop()
    guard let items = document.items(arguments) else {
      throw fault("calls what is no name", at: start)
    }
    switch called {
    case .global(let global): push(try call(global, items, at: start))
    case .opaque: push(.opaque)
    default: throw fault("calls what is no name", at: start)
    }
  }

  private mutating func allowed(
    _ module: String, _ name: String, at start: Int
  ) throws -> PickleGlobal {
    if let found = globals.find(module: module, name: name) { return found }
    let full = "\(Self.shown(module)).\(Self.shown(name))"
    guard globals.isStrict else {
      document.note(opaque: full)
      return .opaque(full)
    }
    throw OpaqueNames.fault([full], at: .init(file, offset: start))
  }

  /// A name without control characters, cut where it is very long.
  private static func shown(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(120).map {
          $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "?" : $0
        }))
  }

  private func wrong(_ what: String, at start: Int) -> Fault {
    fault("has wrong arguments for \(what)", at: start)
  }

  /// The value made by calling an allowed name.
  private mutating func call(_ global: PickleGlobal, _ items: [PickleValue], at start: Int) throws
    -> PickleValue
  {
    switch global {
    case .opaque: return .opaque
    case .orderedMap: return try orderedMap(items, at: start)
    case .emptyMap: return map([])
    case .rebuildTensor: return try tensor(items, type: nil, at: start)
    case .rebuildTyped: return try typedTensor(items, at: start)
    case .rebuildOther(let what): return .unread("is \(what), which is not read")
    case .rebuildParameter:
      switch items.first {
      case .tensor?, .unread?, .opaque?: return items[0]
      default: throw wrong("a parameter", at: start)
      }
    case .rebuildFromType:
      guard items.count >= 3, case .global(let inner) = items[0], inner != .rebuildFromType,
        let arguments = document.items(items[2])
      else { return .opaque }
      return try call(inner, arguments, at: start)
    case .size:
      guard items.count == 1, let numbers = document.items(items[0]) else {
        throw wrong("a size", at: start)
      }
      return tuple(numbers)
    case .device: return .text(items.first.flatMap { document.text($0) } ?? "cpu")
    case .scriptList:
      guard items.count == 1, case .list = items[0] else { throw wrong("a list", at: start) }
      return items[0]
    case .typeTag:
      guard items.count == 2 else { throw wrong("a type tag", at: start) }
      return items[0]
    case .plainClass(let name):
      document.objects.append(PickledObject(className: name, state: .none))
      return .object(document.objects.count - 1)
    case .rebuildArray:
      document.arrays.append(PickledArray())
      return .array(document.arrays.count - 1)
    case .arrayOfBytes: return try arrayOfBytes(items, at: start)
    case .arrayType: return try arrayType(items, at: start)
    case .scalar: return try scalar(items, at: start)
    case .encode: return try encoded(items, at: start)
    case .storage, .symbol, .arrayClass: throw fault("calls what cannot be called", at: start)
    }
  }

  private mutating func orderedMap(_ items: [PickleValue], at start: Int) throws
    -> PickleValue
  {
    guard let first = items.first else { return map([]) }
    guard items.count == 1, let pairs = document.items(first) else {
      throw wrong("a map", at: start)
    }
    try spend(pairs.count)
    return map(
      try pairs.map { pair in
        guard let both = document.items(pair), both.count == 2 else {
          throw wrong("a map", at: start)
        }
        return (both[0], both[1])
      })
  }

  /// `_rebuild_tensor_v2(storage, offset, size, stride, ...)`.
  private mutating func tensor(
    _ items: [PickleValue], type: ElementType?, at start: Int
  ) throws -> PickleValue {
    if case .opaque? = items.first { return .unread("has a storage that is not read") }
    guard items.count >= 4, case .storage(let storage) = items[0],
      case .integer(let offset) = items[1], let shape = document.integers(items[2]),
      let strides = document.integers(items[3]), shape.count == strides.count
    else { throw wrong("a tensor", at: start) }
    let stored = document.storages[storage].type
    guard stored.element != nil || type != nil else {
      return .unread("has elements of the type \(stored.name), which is not read")
    }
    document.tensors.append(
      PickledTensor(storage: storage, type: type, offset: offset, shape: shape, strides: strides))
    return .tensor(document.tensors.count - 1)
  }

  /// `_rebuild_tensor_v3(storage, offset, size, stride, gradient, hooks, type, ...)`.
  private mutating func typedTensor(_ items: [PickleValue], at start: Int) throws -> PickleValue {
    guard items.count >= 7, case .global(let global) = items[6] else {
      throw wrong("a tensor", at: start)
    }
    switch global {
    case .symbol(let word):
      guard let type = PickleGlobals.element(word) else { break }
      return try tensor(items, type: type, at: start)
    case .opaque(let name):
      return .unread("has elements of the type \(name), which is not read")
    default: break
    }
    throw wrong("a tensor", at: start)
  }

  private mutating func arrayType(_ items: [PickleValue], at start: Int) throws
    -> PickleValue
  {
    guard let word = items.first.flatMap({ document.text($0) }) else {
      throw wrong("an array's type", at: start)
    }
    guard let type = NumPyType(word) else {
      guard globals.isStrict else { return .opaque }
      throw fault(
        "has an array of the type '\(Self.shown(word))', which is not read", at: start)
    }
    document.types.append(type)
    return .type(document.types.count - 1)
  }

  private mutating func scalar(_ items: [PickleValue], at start: Int) throws
    -> PickleValue
  {
    guard items.count == 2 else { throw wrong("a scalar", at: start) }
    if case .opaque = items[0] { return .opaque }
    guard case .type(let type) = items[0],
      case .number(let element) = document.types[type].element, let source = source(items[1])
    else { throw wrong("a scalar", at: start) }
    document.arrays.append(
      PickledArray(
        content: .numbers(element, isBigEndian: document.types[type].isBigEndian, source)))
    return .array(document.arrays.count - 1)
  }

  private mutating func arrayOfBytes(_ items: [PickleValue], at start: Int) throws
    -> PickleValue
  {
    guard items.count == 4, let shape = document.integers(items[2]),
      let order = document.text(items[3])
    else { throw wrong("an array", at: start) }
    var array = PickledArray(shape: shape, isColumnOrder: order == "F", content: .unread)
    if case .type(let type) = items[1], case .number(let element) = document.types[type].element {
      guard let source = source(items[0]) else { throw wrong("an array", at: start) }
      array.content = .numbers(element, isBigEndian: document.types[type].isBigEndian, source)
    }
    document.arrays.append(array)
    return .array(document.arrays.count - 1)
  }

  private func source(_ value: PickleValue) -> WeightSource? {
    switch value {
    case .bytes(let range): .pickle(range)
    case .blob(let index): .blob(index)
    default: nil
    }
  }

  /// `_codecs.encode(text, 'latin1')`: the bytes that Python 3 writes as text for old protocols.
  private mutating func encoded(_ items: [PickleValue], at start: Int) throws
    -> PickleValue
  {
    guard items.count == 2, case .text(let text) = items[0],
      ["latin1", "latin-1"].contains(document.text(items[1]))
    else { throw wrong("an encoding", at: start) }
    try spend(text.utf8.count)
    document.blobs.append(
      try text.unicodeScalars.map {
        guard let byte = UInt8(exactly: $0.value) else { throw wrong("an encoding", at: start) }
        return byte
      })
    return .blob(document.blobs.count - 1)
  }

  /// Fills an object with its state.
  private mutating func build(_ target: PickleValue, _ state: PickleValue, at start: Int) throws {
    switch target {
    case .object(let index): document.objects[index].state = state
    // Attributes, such as a state_dict's `_metadata`, say nothing about the weights.
    case .map, .tensor, .opaque, .unread: return
    case .type(let index):
      guard let items = document.items(state), items.count >= 2 else {
        throw fault("has a wrong state of an array's type", at: start)
      }
      document.types[index].isBigEndian = document.text(items[1]) == ">"
    case .array(let index): try fill(index, state, at: start)
    default: throw fault("gives a state to what takes none", at: start)
    }
  }

  /// An array's state: `(version, shape, type, column order, data)`.
  private mutating func fill(_ index: Int, _ state: PickleValue, at start: Int) throws {
    guard let items = document.items(state), items.count == 5,
      let shape = document.integers(items[1])
    else { throw fault("has a wrong state of an array", at: start) }
    if case .opaque = items[2] {
      document.arrays[index] = PickledArray(shape: shape, content: .unread)
      return
    }
    guard case .type(let type) = items[2],
      case .bool(let isColumnOrder) = items[3]
    else { throw fault("has a wrong state of an array", at: start) }
    let content: PickledArray.Content
    switch (document.types[type].element, items[4]) {
    case (.object, .list(let list)): content = .objects(document.lists[list])
    case (.number(let element), let data):
      guard let source = source(data) else { throw fault("has an array without data", at: start) }
      content = .numbers(element, isBigEndian: document.types[type].isBigEndian, source)
    default: throw fault("has a wrong state of an array", at: start)
    }
    document.arrays[index] = PickledArray(
      shape: shape, isColumnOrder: isColumnOrder, content: content)
  }

  /// `('storage', class, key, location, count[, view])`.
  private mutating func persistent(_ value: PickleValue, at start: Int) throws -> PickleValue {
    guard let items = document.items(value), items.count >= 5,
      document.text(items[0]) == "storage"
    else { throw fault("refers to something other than a storage", at: start) }
    if case .global(.opaque) = items[1] { return .opaque }
    guard case .global(.storage(let type)) = items[1],
      let key = document.text(items[2]), case .integer(let count) = items[4], count >= 0
    else { throw fault("refers to something other than a storage", at: start) }
    var storage = PickledStorage(key: key, type: type, count: count)
    if items.count > 5, let view = document.items(items[5]) {
      guard view.count == 3, let own = document.text(view[0]), case .integer(let offset) = view[1],
        case .integer(let size) = view[2], offset >= 0, size >= 0
      else { throw fault("has a wrong view of a storage", at: start) }
      storage.view = (own, offset, size)
    }
    document.storages.append(storage)
    return .storage(document.storages.count - 1)
  }
}
