import Platform

extension JSONValue {
  /// Reads one JSON document (RFC 8259), strictly: no duplicate keys, no trailing text, at most 128
  /// levels.
  /// - Throws: `Fault` with line and column.
  public static func parse(_ bytes: some Collection<UInt8>, file: String = "JSON") throws
    -> JSONValue
  {
    let array = Array(bytes)
    return try array.withUnsafeBufferPointer { buffer in
      var parser = JSONParser(bytes: buffer, file: file)
      return try parser.document()
    }
  }

  public static func parse(_ text: String, file: String = "JSON") throws -> JSONValue {
    try parse(text.utf8, file: file)
  }

  /// Reads a JSON file of at most `limit` bytes.
  public static func read(_ path: String, limit: Int = 256 << 20) throws -> JSONValue {
    try parse(Files.read(path, limit: limit), file: path)
  }
}

private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let file: String
  var position = 0
  var depth = 0

  init(bytes: UnsafeBufferPointer<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func document() throws -> JSONValue {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw fault("unexpected text after the document") }
    return value
  }

  private func fault(_ message: String) -> Fault {
    var line = 1
    var column = 1
    for byte in bytes.prefix(position) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    return Fault(
      .badInput, "not valid JSON: \(message)", at: .init(file, line: line, column: column))
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value() throws -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw fault("the text ends early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try nested { try $0.members() }
    case UInt8(ascii: "["): return try nested { try $0.elements() }
    case UInt8(ascii: "\""): return .string(try text())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(_ body: (inout Self) throws -> JSONValue) throws -> JSONValue {
    guard depth < 128 else { throw fault("more than 128 levels") }
    depth += 1
    position += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  private mutating func members() throws -> JSONValue {
    var members: [String: JSONValue] = [:]
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw fault("expected a key in double quotes")
      }
      let key = try text()
      guard take(":") else { throw fault("expected ':' after the key '\(key)'") }
      guard members.updateValue(try value(), forKey: key) == nil else {
        throw fault("the key '\(key)' occurs twice")
      }
    } while take(",")
    guard take("}") else { throw fault("expected ',' or '}'") }
    return .object(members)
  }

  private mutating func elements() throws -> JSONValue {
    var elements: [JSONValue] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value()) } while take(",")
    guard take("]") else { throw fault("expected ',' or ']'") }
    return .array(elements)
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw fault("unknown word") }
    position += word.utf8.count
    return value
  }

  private mutating func number() throws -> JSONValue {
    let start = position
    var isWhole = true
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
      throw fault("expected a value")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      guard digits() > 0 else { throw fault("expected digits after '.'") }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if position < bytes.count, [0x2B, 0x2D].contains(bytes[position]) { position += 1 }
      guard digits() > 0 else { throw fault("expected digits in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("the number is too large") }
    return .number(value)
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    return position - start
  }

  private mutating func text() throws -> String {
    position += 1
    var scalars: [UInt8] = []
    while true {
      guard position < bytes.count else { throw fault("a string does not end") }
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { break }
      guard byte >= 0x20 else { throw fault("a control character in a string") }
      if byte == UInt8(ascii: "\\") { try escape(into: &scalars) } else { scalars.append(byte) }
    }
    guard let text = String(validating: scalars, as: UTF8.self) else {
      throw fault("a string is not UTF-8")
    }
    return text
  }

  private mutating func escape(into scalars: inout [UInt8]) throws {
    guard position < bytes.count else { throw fault("a string does not end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scalars.append(byte)
    case UInt8(ascii: "b"): scalars.append(8)
    case UInt8(ascii: "f"): scalars.append(12)
    case UInt8(ascii: "n"): scalars.append(10)
    case UInt8(ascii: "r"): scalars.append(13)
    case UInt8(ascii: "t"): scalars.append(9)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
        position += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw fault("a lone surrogate") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("a lone surrogate") }
      scalars += String(Character(scalar)).utf8
    default: throw fault("unknown escape")
    }
  }

  private mutating func hexadecimal() throws -> UInt32 {
    guard position + 4 <= bytes.count,
      let code = UInt32(
        String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw fault("expected four hexadecimal digits") }
    position += 4
    return code
  }
}
