/// A JSON document, with integers kept apart from other numbers.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
  public init(nilLiteral: ()) { self = .null }
}

extension JSONValue {
  public init(_ value: Bool) { self = .bool(value) }
  public init(_ value: Int) { self = .integer(value) }
  public init(_ value: Double) { self = .number(value) }
  public init(_ value: Float) { self = .number(Double(value)) }
  public init(_ value: String) { self = .string(value) }
  public init(_ values: [String]) { self = .array(values.map { .string($0) }) }
  public init(_ values: [Double]) { self = .array(values.map { .number($0) }) }
  public init(_ values: [Int]) { self = .array(values.map { .integer($0) }) }
  public init(_ values: [JSONValue]) { self = .array(values) }
  public init(_ values: [String: JSONValue]) { self = .object(values) }

  /// The text, where this is a string.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The whole number, where this is one.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, whole or not.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var object: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }

  public var isNull: Bool { self == .null }

  /// A list of strings, where every element is one.
  public var strings: [String]? {
    guard let array else { return nil }
    let strings = array.compactMap(\.string)
    return strings.count == array.count ? strings : nil
  }

  /// A list of numbers, where every element is one.
  public var numbers: [Double]? {
    guard let array else { return nil }
    let numbers = array.compactMap(\.number)
    return numbers.count == array.count ? numbers : nil
  }

  /// The member `key` of an object; setting nil removes it.
  public subscript(key: String) -> JSONValue? {
    get { object?[key] }
    set {
      var members = object ?? [:]
      members[key] = newValue
      self = .object(members)
    }
  }

  /// The kind of value, in words, for messages.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "a map"
    }
  }
}

extension JSONValue {
  /// The canonical text: no white space, members sorted by their keys' UTF-8 bytes, the shortest
  /// decimal that reads back as the same double. A number that is not finite is written as null.
  public var canonical: String { String(decoding: canonicalBytes, as: UTF8.self) }

  /// The canonical text's UTF-8 bytes.
  public var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    write(to: &bytes, indent: nil)
    return bytes
  }

  /// The canonical text of an object, and where in it a member `key`, which it does not have, would
  /// stand: at the comma after the member before it, or after the opening brace.
  func canonicalBytes(placing key: String) -> (bytes: [UInt8], place: Int) {
    guard case .object(let members) = self else {
      preconditionFailure("only an object has members")
    }
    var bytes = [UInt8(ascii: "{")]
    var place = 1
    for member in Self.inOrder(members) {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      Self.write(member.key, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      member.value.write(to: &bytes, indent: nil)
      if member.key.utf8.lexicographicallyPrecedes(key.utf8) { place = bytes.count }
    }
    bytes.append(UInt8(ascii: "}"))
    return (bytes, place)
  }

  private static func inOrder(
    _ members: [String: JSONValue]
  ) -> [(key: String, value: JSONValue)] {
    members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  /// The canonical text spread over lines with two-space indents, and a final newline.
  public var pretty: String {
    var bytes: [UInt8] = []
    write(to: &bytes, indent: 0)
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }

  private func write(to bytes: inout [UInt8], indent: Int?) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .number(let value): bytes += (value.isFinite ? value.description : "null").utf8
    case .string(let value): Self.write(value, to: &bytes)
    case .array(let values):
      Self.list(values.count, "[", "]", &bytes, indent) { index, bytes, inner in
        values[index].write(to: &bytes, indent: inner)
      }
    case .object(let members):
      let sorted = Self.inOrder(members)
      Self.list(sorted.count, "{", "}", &bytes, indent) { index, bytes, inner in
        Self.write(sorted[index].key, to: &bytes)
        bytes += (inner == nil ? ":" : ": ").utf8
        sorted[index].value.write(to: &bytes, indent: inner)
      }
    }
  }

  private static func list(
    _ count: Int, _ open: String, _ close: String, _ bytes: inout [UInt8], _ indent: Int?,
    _ element: (Int, inout [UInt8], Int?) -> Void
  ) {
    bytes += open.utf8
    let inner = indent.map { $0 + 2 }
    for index in 0..<count {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      newLine(&bytes, inner)
      element(index, &bytes, inner)
    }
    if count > 0 { newLine(&bytes, indent) }
    bytes += close.utf8
  }

  private static func newLine(_ bytes: inout [UInt8], _ indent: Int?) {
    guard let indent else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes += repeatElement(UInt8(ascii: " "), count: indent)
  }

  static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    let isPlain = text.utf8.allSatisfy { byte in
      byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
    if isPlain { bytes += text.utf8 } else { writeEscaped(text, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func writeEscaped(_ text: String, to bytes: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case UInt8(ascii: "\n"): bytes += "\\n".utf8
      case UInt8(ascii: "\r"): bytes += "\\r".utf8
      case UInt8(ascii: "\t"): bytes += "\\t".utf8
      case 0..<0x20, 0x7F: bytes += "\\u00".utf8 + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
  }
}
