import Artifacts
import Platform

/// The element type of a NumPy array, as its `descr` says it: `<f4`, `|O`.
struct NumPyType: Sendable, Equatable {
  enum Element: Sendable, Equatable {
    case number(ElementType)
    /// Python objects: only a pickle says which.
    case object
  }
  var element: Element
  var isBigEndian: Bool

  /// Reads a type with or without a byte-order mark, or nil where Ferry does not read it.
  init?(_ text: some StringProtocol) {
    var rest = Substring(text)
    isBigEndian = rest.first == ">"
    if let mark = rest.first, "<>|=".contains(mark) { rest = rest.dropFirst() }
    if rest == "O" || rest == "O8" || rest == "O4" {
      element = .object
      return
    }
    let types: [Substring: ElementType] = [
      "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
      "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
      "?": .bool,
    ]
    guard let type = types[rest] else { return nil }
    element = .number(type)
  }
}

/// The header of a `.npy` file (NEP 1, versions 1 to 3).
struct NumPyHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  static let longest = 1 << 16

  let type: NumPyType
  let shape: [Int]
  let isColumnOrder: Bool
  /// The offset of the data.
  let dataStart: Int

  init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    func fault(_ message: String) -> Fault {
      Fault(.badInput, "not a valid .npy file: \(message)", at: .init(file))
    }
    guard bytes.count >= 10, bytes.starts(with: Self.magic) else {
      throw fault("it does not begin as .npy files do")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else { throw fault("its version is \(version)") }
    let start = version == 1 ? 10 : 12
    guard bytes.count >= start else { throw fault("the header is cut") }
    let length = (8..<start).reduce(0) { $0 | Int(bytes[$1]) << (8 * ($1 - 8)) }
    guard length <= Self.longest else { throw fault("the header claims \(length) bytes") }
    guard length <= bytes.count - start else { throw fault("the header is cut") }
    guard let text = String(validating: bytes[start..<start + length], as: UTF8.self) else {
      throw fault("the header is not text")
    }
    var literal = PythonLiteral(text)
    guard let members = literal.dictionary(), members.count == 3,
      case .text(let word)? = members["descr"], case .flag(let order)? = members["fortran_order"],
      case .numbers(let shape)? = members["shape"]
    else { throw fault("the header is not {'descr', 'fortran_order', 'shape'}") }
    guard let type = NumPyType(word) else { throw fault("the type '\(word)' is not read") }
    self.type = type
    self.shape = shape
    isColumnOrder = order
    dataStart = start + length
  }
}

/// The few Python literals that `.npy` headers are made of.
private struct PythonLiteral {
  enum Value { case text(String), flag(Bool), numbers([Int]) }
  private var rest: Substring

  init(_ text: String) { rest = Substring(text) }

  /// `{'key': value, ...}` and nothing after it but white space; nil for anything else.
  mutating func dictionary() -> [String: Value]? {
    var members: [String: Value] = [:]
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = quoted(), take(":"), let value = value(), members[key] == nil else {
        return nil
      }
      members[key] = value
      guard take(",") || rest.first == "}" else { return nil }
    }
    skipSpace()
    return rest.isEmpty ? members : nil
  }

  private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\n" } }

  private mutating func take(_ token: String) -> Bool {
    skipSpace()
    guard rest.hasPrefix(token) else { return false }
    rest = rest.dropFirst(token.count)
    skipSpace()
    return true
  }

  private mutating func quoted() -> String? {
    skipSpace()
    guard let quote = rest.first, quote == "'" || quote == "\"" else { return nil }
    let text = rest.dropFirst().prefix { $0 != quote && $0 != "\\" }
    let end = rest.dropFirst(1 + text.count)
    guard end.first == quote else { return nil }
    rest = end.dropFirst()
    skipSpace()
    return String(text)
  }

  private mutating func value() -> Value? {
    if take("True") { return .flag(true) }
    if take("False") { return .flag(false) }
    if take("(") { return tuple().map { .numbers($0) } }
    return quoted().map { .text($0) }
  }

  private mutating func tuple() -> [Int]? {
    var numbers: [Int] = []
    while !take(")") {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      guard !digits.isEmpty, let number = Int(digits), numbers.count < 64 else { return nil }
      rest = rest.dropFirst(digits.count)
      if rest.first == "L" { rest = rest.dropFirst() }
      numbers.append(number)
      guard take(",") || rest.first == ")" else { return nil }
    }
    return numbers
  }
}
