import Platform

/// Resolution of plain scalars under the core schema (YAML 1.2.2, section 10.3.2).
///
/// `yes`, `on` and `010` are text, text and ten: the 1.1 readings surprise people.
enum CoreSchema {
  /// Returns the value of a plain scalar, or nil where it is an integer beyond 64 bits.
  static func resolve(_ text: String) -> YAMLNode.Value? {
    guard let first = text.utf8.first else { return .null }
    // Most scalars are words, which no case below begins like.
    guard startsNumber(first) || "~nNtTfF".utf8.contains(first) else { return .text(text) }
    switch text {
    case "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".nan", ".NaN", ".NAN": return .real(.nan)
    default: break
    }
    guard startsNumber(first) else { return .text(text) }
    if isDecimal(text) { return Int(text).map { .integer($0) } }
    if let based = basedInteger(text) { return based.map { .integer($0) } }
    if let real = real(text) { return .real(real) }
    return .text(text)
  }

  private static func startsNumber(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
      || byte == UInt8(ascii: ".")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func unsigned(_ text: String) -> Substring.UTF8View {
    text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst().utf8 : text[...].utf8
  }

  private static func isDecimal(_ text: String) -> Bool {
    let digits = unsigned(text)
    return !digits.isEmpty && digits.allSatisfy(isDigit)
  }

  /// Octal and hexadecimal: nil where `text` is neither, an inner nil where it is too large.
  private static func basedInteger(_ text: String) -> Int?? {
    let radix = text.hasPrefix("0o") ? 8 : text.hasPrefix("0x") ? 16 : 0
    guard radix > 0 else { return .none }
    let digits = text.dropFirst(2)
    let allowed: (UInt8) -> Bool = { byte in
      radix == 8
        ? byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "7")
        : Character(UnicodeScalar(byte)).isHexDigit
    }
    guard !digits.isEmpty, digits.utf8.allSatisfy(allowed) else { return .none }
    return .some(Int(digits, radix: radix))
  }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, or an infinity.
  private static func real(_ text: String) -> Double? {
    var rest = unsigned(text)
    if [".inf", ".Inf", ".INF"].contains(String(Substring(rest))) {
      return text.hasPrefix("-") ? -.infinity : .infinity
    }
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    var digits = whole.count
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      let fraction = rest.prefix(while: isDigit)
      digits += fraction.count
      rest = rest.dropFirst(fraction.count)
    }
    guard digits > 0 else { return nil }
    if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        rest = rest.dropFirst()
      }
      guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return nil }
      rest = rest.dropFirst(rest.count)
    }
    guard rest.isEmpty else { return nil }
    return Double(text.hasSuffix(".") ? String(text.dropLast()) : text)
  }
}
