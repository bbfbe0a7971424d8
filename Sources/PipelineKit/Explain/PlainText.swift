/// `text` without what would move a terminal's cursor or change its colours.
///
/// Escape sequences (ECMA-48: CSI, OSC and the two-character ones) and marks that reverse the
/// direction of writing are left out; a carriage return becomes a blank, any other control
/// character but line ends and tabs U+FFFD.
public func plain(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy { byte in
    (byte >= 0x20 && byte != 0x7F && byte != 0xC2 && byte != 0xE2) || byte == 0x0A || byte == 0x09
  }
  if isPlain { return text }
  var result = String.UnicodeScalarView()
  var rest = text.unicodeScalars[...]
  while let scalar = rest.popFirst() {
    switch scalar.value {
    case 0x1B: dropEscape(&rest)
    case 0x9B: dropControlSequence(&rest)
    case 0x0D: if rest.first != "\n" { result.append(" ") }
    case 0x0A, 0x09: result.append(scalar)
    case 0..<0x20, 0x7F..<0xA0: result.append("\u{FFFD}")
    case 0x202A...0x202E, 0x2066...0x2069: break
    default: result.append(scalar)
    }
  }
  return String(result)
}

/// Leaves out what belongs to an escape character.
private func dropEscape(_ rest: inout Substring.UnicodeScalarView) {
  guard let next = rest.first else { return }
  switch next {
  case "[":
    rest.removeFirst()
    dropControlSequence(&rest)
  case "]", "P", "X", "^", "_":
    // A string that BEL or ESC \ ends; one that is not ended ends with its line.
    while let scalar = rest.first, scalar != "\n" {
      rest.removeFirst()
      if scalar.value == 0x07 { return }
      if scalar.value == 0x1B {
        if rest.first == "\\" { rest.removeFirst() }
        return
      }
    }
  default:
    while let scalar = rest.first, (0x20...0x2F).contains(scalar.value) { rest.removeFirst() }
    if let scalar = rest.first, (0x30...0x7E).contains(scalar.value) { rest.removeFirst() }
  }
}

/// Leaves out parameters and the final byte of a control sequence.
private func dropControlSequence(_ rest: inout Substring.UnicodeScalarView) {
  while let scalar = rest.first, (0x20...0x7E).contains(scalar.value) {
    rest.removeFirst()
    if scalar.value >= 0x40 { return }
  }
}

/// The columns that a text takes on a terminal: two for wide characters (Unicode Standard Annex
/// 11, W and F), none for marks that combine.
public func columns(_ text: some StringProtocol) -> Int {
  text.unicodeScalars.reduce(0) { $0 + columns($1) }
}

/// The longest beginning of `text` that fits into `most` columns.
public func fitting(_ text: String, columns most: Int) -> String {
  var used = 0
  var end = text.startIndex
  for index in text.indices {
    used += columns(String(text[index]))
    if used > most { break }
    end = text.index(after: index)
  }
  return String(text[..<end])
}

private func columns(_ scalar: Unicode.Scalar) -> Int {
  if scalar.value < 0x300 { return 1 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format: return 0
  default: break
  }
  if scalar.properties.isEmojiPresentation { return 2 }
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x16FE0...0x18AFF, 0x1B000...0x1B2FF, 0x20000...0x3FFFD:
    return 2
  default: return 1
  }
}
