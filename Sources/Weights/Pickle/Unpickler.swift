import Artifacts
import Platform

/// Reads a pickle as data (protocols 0 to 5): an allow-list of opcodes and of names, nothing runs.
///
/// Bounds: `Unpickler.stepLimit` opcodes, so memory stays in proportion to the pickle; text and
/// bytes are never longer than the pickle itself.
struct Unpickler {
  /// The most opcodes that are read.
  static let stepLimit = 4_000_000

  let raw: UnsafeRawBufferPointer
  let globals: PickleGlobals
  let file: String
  var position: Int
  var stack: [PickleValue] = []
  var marks: [Int] = []
  var memo: [Int: PickleValue] = [:]
  var document: PickleDocument
  /// Elements that calls have copied.
  private var copied = 0

  private init(
    raw: UnsafeRawBufferPointer, globals: PickleGlobals, file: String, position: Int,
    document: PickleDocument
  ) {
    self.raw = raw
    self.globals = globals
    self.file = file
    self.position = position
    self.document = document
  }

  /// Reads the pickle that starts at `start` of `bytes`.
  ///
  /// - Throws: `Fault` that names the opcode or global that is refused, with its byte.
  static func read(
    _ bytes: WeightBytes, from start: Int = 0, globals: PickleGlobals, file: String
  ) throws -> PickleDocument {
    let bytes = try bytes.unpacked()
    return try bytes.withBytes { raw in
      var machine = Unpickler(
        raw: raw, globals: globals, file: file, position: start,
        document: PickleDocument(bytes: bytes))
      try machine.run()
      return machine.document
    }
  }

  func fault(_ message: String, at offset: Int? = nil, remedy: String? = nil) -> Fault {
    Fault(
      .badInput, "the pickle \(message)", at: .init(file, offset: offset ?? position),
      remedy: remedy)
  }

  private mutating func run() throws {
    for _ in 0..<Self.stepLimit {
      let start = position
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") {
        document.root = try pop()
        document.end = position
        return
      }
      if try number(opcode) { continue }
      if try text(opcode) { continue }
      if try collection(opcode) { continue }
      if try memory(opcode) { continue }
      guard try reference(opcode) else { throw refused(opcode, at: start) }
    }
    throw fault("has more than \(Self.stepLimit) opcodes")
  }

  private func refused(_ opcode: UInt8, at start: Int) -> Fault {
    let shown =
      (0x21...0x7E).contains(opcode)
      ? "'\(Unicode.Scalar(opcode))'" : "0x" + String(opcode, radix: 16)
    return fault(
      "has the opcode \(shown), which is not on the list of allowed ones", at: start,
      remedy: "nothing was executed; save a state_dict with torch.save, or safetensors")
  }

  /// Accounts for a copy that a call makes of a value that it may be given again and again.
  mutating func spend(_ count: Int) throws {
    copied += count
    guard copied <= raw.count else { throw fault("copies more than it holds") }
  }

  // MARK: Bytes

  mutating func byte() throws -> UInt8 {
    guard position < raw.count else { throw fault("ends early") }
    defer { position += 1 }
    return raw[position]
  }

  mutating func little(_ width: Int) throws -> UInt64 {
    guard width <= raw.count - position else { throw fault("ends early") }
    defer { position += width }
    return (0..<width).reduce(0) { $0 | UInt64(raw[position + $1]) << (8 * UInt64($1)) }
  }

  /// A length of `width` bytes and that many bytes after it.
  mutating func counted(_ width: Int) throws -> Range<Int> {
    let start = position
    let length = try little(width)
    guard length <= UInt64(raw.count - position) else {
      throw fault("claims \(length) bytes, the file ends before", at: start)
    }
    defer { position += Int(length) }
    return position..<position + Int(length)
  }

  /// Text up to a line's end.
  mutating func line() throws -> String {
    let start = position
    guard let end = raw[start...].prefix(4097).firstIndex(of: 0x0A),
      let text = String(validating: raw[start..<end], as: UTF8.self)
    else { throw fault("has a line that is too long or not UTF-8") }
    position = end + 1
    return text
  }

  mutating func string(_ range: Range<Int>) throws -> String {
    guard let text = String(validating: raw[range], as: UTF8.self) else {
      throw fault("has text that is not UTF-8", at: range.lowerBound)
    }
    return text
  }

  // MARK: Stack

  mutating func push(_ value: PickleValue) { stack.append(value) }

  mutating func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw fault("takes a value that is not there")
    }
    return value
  }

  func top() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw fault("takes a value that is not there")
    }
    return value
  }

  /// The values since the last mark.
  mutating func sinceMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fault("takes a mark that is not there") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  // MARK: Memo

  private mutating func memory(_ opcode: UInt8) throws -> Bool {
    switch opcode {
    case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
    case UInt8(ascii: "r"): memo[Int(try little(4))] = try top()
    case UInt8(ascii: "p"): memo[try decimal()] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): push(try recall(Int(try byte())))
    case UInt8(ascii: "j"): push(try recall(Int(try little(4))))
    case UInt8(ascii: "g"): push(try recall(try decimal()))
    default: return false
    }
    return true
  }

  private func recall(_ key: Int) throws -> PickleValue {
    guard let value = memo[key] else { throw fault("recalls \(key), which it never kept") }
    return value
  }

  mutating func decimal() throws -> Int {
    let text = try line()
    guard let number = Int(text.hasSuffix("L") ? String(text.dropLast()) : text) else {
      throw fault("has '\(text)' for a whole number")
    }
    return number
  }
}
