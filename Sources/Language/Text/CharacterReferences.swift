/// HTML's character references: `&amp;`, `&#233;`, `&#xE9;`.
///
/// **Deviation**: of HTML 5's 2,231 names the 252 of HTML 4 are known.
enum CharacterReferences {
  /// Replaces references as a browser does: also those of HTML 2 that lack their semicolon.
  static func unescape(_ text: [Unicode.Scalar], strictly: Bool = false) -> [Unicode.Scalar] {
    guard text.contains("&") else { return text }
    var result: [Unicode.Scalar] = []
    var position = 0
    while position < text.count {
      if text[position] == "&", let found = reference(text, at: position + 1, strictly: strictly) {
        result += found.scalars
        position = found.end
      } else {
        result.append(text[position])
        position += 1
      }
    }
    return result
  }

  private typealias Found = (scalars: [Unicode.Scalar], end: Int)

  private static func reference(_ text: [Unicode.Scalar], at start: Int, strictly: Bool) -> Found? {
    guard start < text.count else { return nil }
    return text[start] == "#"
      ? number(text, at: start + 1, strictly: strictly)
      : name(text, at: start, strictly: strictly)
  }

  private static func number(_ text: [Unicode.Scalar], at start: Int, strictly: Bool) -> Found? {
    var position = start
    var radix: UInt32 = 10
    if position < text.count, text[position] == "x" || text[position] == "X" {
      radix = 16
      position += 1
    }
    let first = position
    var value: UInt32 = 0
    while position < text.count, let digit = digit(text[position]), digit < radix {
      value = min(value * radix + digit, 0x11_0000)
      position += 1
    }
    guard position > first else { return nil }
    let ends = position < text.count && text[position] == ";"
    if strictly && (!ends || position - start > 23) { return nil }
    return (meaning(value), ends ? position + 1 : position)
  }

  private static func digit(_ scalar: Unicode.Scalar) -> UInt32? {
    switch scalar {
    case "0"..."9": scalar.value - 48
    case "a"..."f": scalar.value - 87
    case "A"..."F": scalar.value - 55
    default: nil
    }
  }

  /// What a number stands for: Windows-1252 for the C1 controls, nothing for other control characters.
  private static func meaning(_ value: UInt32) -> [Unicode.Scalar] {
    switch value {
    case 0, 0xD800...0xDFFF, 0x11_0000...: return ["\u{FFFD}"]
    case 0x80...0x9F: return [Windows1252.scalar(value)]
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0xFDD0...0xFDEF: return []
    default: return value & 0xFFFE == 0xFFFE ? [] : Unicode.Scalar(value).map { [$0] } ?? []
    }
  }

  private static let longestName = 24

  private static func name(_ text: [Unicode.Scalar], at start: Int, strictly: Bool) -> Found? {
    var name = ""
    var position = start
    var legacy: Found?
    while position < text.count, name.utf8.count < longestName {
      let scalar = text[position]
      if scalar == ";" {
        if let code = names[name] { return ([code], position + 1) }
        return legacy
      }
      guard scalar.isASCII, scalar.properties.isAlphabetic || digit(scalar) != nil else { break }
      name.unicodeScalars.append(scalar)
      position += 1
      if !strictly, let code = names[name], code.value <= 0xFF { legacy = ([code], position) }
    }
    return legacy
  }

  private static let names: [String: Unicode.Scalar] = {
    var names: [String: Unicode.Scalar] = [
      "AMP": "&", "LT": "<", "GT": ">", "QUOT": "\"", "COPY": "\u{A9}", "REG": "\u{AE}",
      "apos": "'",
    ]
    for entry in UnicodeTables.entities.description.split(separator: " ") {
      let sides = entry.split(separator: "=")
      guard sides.count == 2, let code = UInt32(sides[1], radix: 16) else { continue }
      names[String(sides[0])] = Unicode.Scalar(code)
    }
    return names
  }()
}

/// The Windows code page that browsers read C1 control characters in.
enum Windows1252 {
  private static let upper: [Unicode.Scalar] = [
    "\u{20AC}", "\u{81}", "\u{201A}", "\u{192}", "\u{201E}", "\u{2026}", "\u{2020}", "\u{2021}",
    "\u{2C6}", "\u{2030}", "\u{160}", "\u{2039}", "\u{152}", "\u{8D}", "\u{17D}", "\u{8F}",
    "\u{90}", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{2022}", "\u{2013}", "\u{2014}",
    "\u{2DC}", "\u{2122}", "\u{161}", "\u{203A}", "\u{153}", "\u{9D}", "\u{17E}", "\u{178}",
  ]

  /// The meaning of the byte 0x80 ... 0x9F.
  static func scalar(_ byte: UInt32) -> Unicode.Scalar { upper[Int(byte) - 0x80] }

  /// The byte that reads as a scalar, here or in Latin 1.
  private static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    scalar.value < 0x100
      ? UInt8(scalar.value) : upper.firstIndex(of: scalar).map { UInt8(0x80 + $0) }
  }

  /// The text that was meant where UTF-8 was read in this code page, else nil.
  static func misread(_ text: [Unicode.Scalar]) -> [Unicode.Scalar]? {
    guard text.contains(where: { (0xC2...0xF4).contains($0.value) }) else { return nil }
    var bytes: [UInt8] = []
    for scalar in text {
      guard let byte = byte(scalar) else { return nil }
      bytes.append(byte)
    }
    return String(validating: bytes, as: UTF8.self).map { Array($0.unicodeScalars) }
  }
}
