/// The clean-up that OpenAI's CLIP does before it splits a text into tokens.
///
/// It follows the package ftfy 6 (which CLIP calls) in everything but one step.
/// **Deviation**: of texts that were decoded in the wrong encoding (`Ã©` for `é`), lines that are
/// UTF-8 read as Windows-1252 throughout are repaired; ftfy also guesses at other encodings and at
/// parts of lines. Prompts made by Ferry never need it.
enum TextRepair {
  typealias Scalars = [Unicode.Scalar]

  /// Repaired, character references replaced, runs of white space one space, lower case.
  static func clip(_ text: String) -> Scalars {
    let plain = Scalars(text.unicodeScalars)
    if plain.allSatisfy({ (0x20..<0x7F).contains($0.value) && $0 != "&" }) {
      return collapsed(plain).map(LetterCase.loweredASCII)
    }
    var repaired: Scalars = []
    var unescapes = true
    for line in lines(plain) {
      if line.contains("<") { unescapes = false }
      repaired += repair(line, unescapes: unescapes)
    }
    let unescaped = CharacterReferences.unescape(CharacterReferences.unescape(repaired))
    return LetterCase.lowered(collapsed(unescaped))
  }

  /// Lines with the line feed at their end.
  private static func lines(_ text: Scalars) -> [ArraySlice<Unicode.Scalar>] {
    var lines: [ArraySlice<Unicode.Scalar>] = []
    var start = 0
    for (index, scalar) in text.enumerated() where scalar == "\n" {
      lines.append(text[start...index])
      start = index + 1
    }
    if start < text.count { lines.append(text[start...]) }
    return lines
  }

  /// Applies the repairs until nothing changes.
  private static func repair(_ line: ArraySlice<Unicode.Scalar>, unescapes: Bool) -> Scalars {
    var text = Scalars(line)
    while true {
      let before = text
      if unescapes { text = CharacterReferences.unescape(text, strictly: true) }
      text = Windows1252.misread(text) ?? text
      text = replaced(text)
      text = brokenLines(text)
      text = withoutTerminalEscapes(text)
      text.removeAll(where: isUnwantedControl)
      text = NormalForm.composed(text)
      if text == before { return text }
    }
  }

  /// C1 controls, ligatures, widths and quotation marks, one scalar at a time, in this order.
  private static func replaced(_ text: Scalars) -> Scalars {
    guard text.contains(where: { $0.value >= 0x80 }) else { return text }
    var result: Scalars = []
    for scalar in text {
      let known = (0x80...0x9F).contains(scalar.value) ? Windows1252.scalar(scalar.value) : scalar
      for part in ligatures[known] ?? [known] {
        for plain in width(part) { result.append(quote(plain)) }
      }
    }
    return result
  }

  private static let ligatures: [Unicode.Scalar: Scalars] = {
    let words: [(Unicode.Scalar, String)] = [
      ("\u{132}", "IJ"), ("\u{133}", "ij"), ("\u{149}", "\u{2BC}n"), ("\u{1F1}", "DZ"),
      ("\u{1F2}", "Dz"), ("\u{1F3}", "dz"), ("\u{1C4}", "D\u{17D}"), ("\u{1C5}", "D\u{17E}"),
      ("\u{1C6}", "d\u{17E}"), ("\u{1C7}", "LJ"), ("\u{1C8}", "Lj"), ("\u{1C9}", "lj"),
      ("\u{1CA}", "NJ"), ("\u{1CB}", "Nj"), ("\u{1CC}", "nj"), ("\u{FB00}", "ff"),
      ("\u{FB01}", "fi"), ("\u{FB02}", "fl"), ("\u{FB03}", "ffi"), ("\u{FB04}", "ffl"),
      ("\u{FB05}", "\u{17F}t"), ("\u{FB06}", "st"),
    ]
    return Dictionary(uniqueKeysWithValues: words.map { ($0, Scalars($1.unicodeScalars)) })
  }()

  private static let widths: [UInt32: Scalars] = {
    var widths: [UInt32: Scalars] = [:]
    forEachTableEntry(UnicodeTables.widths) { key, _, values in
      widths[key] = values.compactMap { Unicode.Scalar($0) }
    }
    return widths
  }()

  private static func width(_ scalar: Unicode.Scalar) -> Scalars {
    switch scalar.value {
    case 0xFF01...0xFF5E: [Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar]
    case 0x3000, 0xFF5F...0xFFEF: widths[scalar.value] ?? [scalar]
    default: [scalar]
    }
  }

  private static func quote(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x2018...0x201B, 0x2BC: "'"
    case 0x201C...0x201F: "\""
    default: scalar
    }
  }

  private static func brokenLines(_ text: Scalars) -> Scalars {
    var result: Scalars = []
    for (index, scalar) in text.enumerated() {
      switch scalar {
      case "\r":
        if index + 1 == text.count || text[index + 1] != "\n" { result.append("\n") }
      case "\u{2028}", "\u{2029}", "\u{85}": result.append("\n")
      default: result.append(scalar)
      }
    }
    return result
  }

  /// Without `ESC [ digits ; ... letter`.
  private static func withoutTerminalEscapes(_ text: Scalars) -> Scalars {
    guard text.contains("\u{1B}") else { return text }
    var result: Scalars = []
    var position = 0
    while position < text.count {
      var end = position + 2
      if text[position] == "\u{1B}", position + 1 < text.count, text[position + 1] == "[" {
        while end < text.count, text[end] == ";" || text[end].properties.numericType == .decimal {
          end += 1
        }
        if end < text.count, text[end].isASCII, text[end].properties.isAlphabetic {
          position = end + 1
          continue
        }
      }
      result.append(text[position])
      position += 1
    }
    return result
  }

  private static func isUnwantedControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: true
    default: false
    }
  }

  /// Runs of white space as one space, none at the ends.
  static func collapsed(_ text: Scalars) -> Scalars {
    var result: Scalars = []
    for scalar in text {
      if scalar.properties.isWhitespace {
        if let last = result.last, last != " " { result.append(" ") }
      } else {
        result.append(scalar)
      }
    }
    if result.last == " " { result.removeLast() }
    return result
  }
}

/// Lower case by the rules of Unicode, a final sigma included.
enum LetterCase {
  static func lowered(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for (index, scalar) in text.enumerated() {
      if scalar == "\u{3A3}" {
        result.append(isFinal(text, index) ? "\u{3C2}" : "\u{3C3}")
      } else {
        result += scalar.properties.lowercaseMapping.unicodeScalars
      }
    }
    return result
  }

  static func loweredASCII(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
  }

  /// Lower case scalar by scalar, whatever stands beside it.
  static func loweredAlone(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
  }

  private static func isFinal(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
    let before = text[..<index].last { !$0.properties.isCaseIgnorable }
    let after = text[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
  }
}
