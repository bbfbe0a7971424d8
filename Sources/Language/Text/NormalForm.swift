/// Unicode normalisation of scalars, forms D and C (Unicode Standard Annex 15).
public enum NormalForm {
  typealias Scalar = Unicode.Scalar

  /// Canonical decomposition, combining marks in canonical order (NFD).
  public static func decomposed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    if text.allSatisfy({ $0.value < 0xC0 }) { return text }
    var result: [Scalar] = []
    result.reserveCapacity(text.count + text.count / 4)
    for scalar in text { Tables.shared.append(scalar, to: &result) }
    order(&result)
    return result
  }

  /// Canonical decomposition, then composition (NFC).
  public static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    if text.allSatisfy({ $0.value < 0x300 }) { return text }
    let parts = decomposed(text)
    var result: [Scalar] = []
    result.reserveCapacity(parts.count)
    var starter: Int?
    var lastClass: UInt8 = 0
    for part in parts {
      let own = part.combiningClass
      if let at = starter, result.count - 1 == at || (lastClass < own && lastClass != 0),
        let whole = Tables.shared.composition(result[at], part)
      {
        result[at] = whole
        continue
      }
      if own == 0 { starter = result.count }
      lastClass = own
      result.append(part)
    }
    return result
  }

  /// Sorts each run of combining marks by class, keeping the order of equals.
  private static func order(_ text: inout [Scalar]) {
    var start = 0
    while start < text.count {
      guard text[start].combiningClass != 0 else {
        start += 1
        continue
      }
      var end = start
      while end < text.count, text[end].combiningClass != 0 { end += 1 }
      if end - start > 1 {
        let run = text[start..<end].enumerated().sorted {
          ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
        }
        for (index, item) in run.enumerated() { text[start + index] = item.element }
      }
      start = end
    }
  }

  /// Decompositions and their inverse, read from the generated table at the first use.
  private struct Tables: Sendable {
    static let shared = Tables()

    private var parts: [UInt32: (Scalar, Scalar?)] = [:]
    private var wholes: [UInt64: Scalar] = [:]

    init() {
      forEachTableEntry(UnicodeTables.canonical) { key, marked, values in
        guard let code = Scalar(key), let first = Scalar(values[0]) else { return }
        let second = values.count > 1 ? Scalar(values[1]) : nil
        parts[key] = (first, second)
        if let second, !marked { wholes[Self.key(first, second)] = code }
      }
    }

    private static func key(_ a: Scalar, _ b: Scalar) -> UInt64 {
      UInt64(a.value) << 32 | UInt64(b.value)
    }

    private static let syllables: UInt32 = 0xAC00
    private static let lead: UInt32 = 0x1100
    private static let vowel: UInt32 = 0x1161
    private static let tail: UInt32 = 0x11A7

    /// Appends the full decomposition of a scalar; Hangul syllables follow a formula.
    func append(_ scalar: Scalar, to result: inout [Scalar]) {
      let code = scalar.value
      if code < 0xC0 {
        result.append(scalar)
      } else if code >= Self.syllables, code < Self.syllables + 11172 {
        let index = code - Self.syllables
        let jamo = [
          Self.lead + index / 588, Self.vowel + index % 588 / 28,
          Self.tail + index % 28,
        ]
        for part in jamo where part != Self.tail {
          if let part = Scalar(part) { result.append(part) }
        }
      } else if let (first, second) = parts[code] {
        append(first, to: &result)
        if let second { append(second, to: &result) }
      } else {
        result.append(scalar)
      }
    }

    func composition(_ a: Scalar, _ b: Scalar) -> Scalar? {
      let (first, second) = (a.value, b.value)
      if (Self.lead..<Self.lead + 19).contains(first),
        (Self.vowel..<Self.vowel + 21).contains(second)
      {
        return Scalar(Self.syllables + ((first - Self.lead) * 21 + second - Self.vowel) * 28)
      }
      if (Self.syllables..<Self.syllables + 11172).contains(first),
        (first - Self.syllables) % 28 == 0, (Self.tail + 1..<Self.tail + 28).contains(second)
      {
        return Scalar(first + second - Self.tail)
      }
      return wholes[Self.key(a, b)]
    }
  }
}

extension Unicode.Scalar {
  var combiningClass: UInt8 {
    value < 0x300 ? 0 : properties.canonicalCombiningClass.rawValue
  }
}

/// Calls `body` for each entry `key=value+value` of a table in hexadecimal; `!` for `=` is a mark.
func forEachTableEntry(
  _ table: StaticString, _ body: (_ key: UInt32, _ marked: Bool, _ values: [UInt32]) -> Void
) {
  table.withUTF8Buffer { bytes in
    var key: UInt32 = 0
    var number: UInt32 = 0
    var marked = false
    var values: [UInt32] = []
    func end() {
      values.append(number)
      body(key, marked, values)
    }
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "="), UInt8(ascii: "!"):
        (key, number, marked) = (number, 0, byte == UInt8(ascii: "!"))
      case UInt8(ascii: "+"):
        values.append(number)
        number = 0
      case UInt8(ascii: " "):
        end()
        (number, values) = (0, [])
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt32(byte - 48)
      default: number = number << 4 | UInt32(byte - 55)
      }
    }
    if !bytes.isEmpty { end() }
  }
}
