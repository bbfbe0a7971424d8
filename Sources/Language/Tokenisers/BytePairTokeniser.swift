import Platform

/// CLIP's tokeniser: text cleaned as OpenAI does, cut into words, each word's bytes merged.
///
/// Radford et al. 2021 (arXiv 2103.00020), section 2.4; the ids are those of OpenAI's
/// `SimpleTokenizer`. A text takes 77 positions at most, start and end included.
public struct BytePairTokeniser: Tokeniser {
  /// Positions of every published CLIP.
  public static let contextLength = 77

  public let vocabulary: BytePairVocabulary

  public init(_ vocabulary: BytePairVocabulary) { self.vocabulary = vocabulary }

  public var vocabularySize: Int { vocabulary.count }

  public func encode(_ text: String) throws -> [Int] {
    try checkLength(text)
    let scalars = TextRepair.clip(text)
    var ids: [Int] = []
    var position = 0
    while position < scalars.count {
      let end = Self.wordEnd(scalars, from: position)
      if end > position {
        append(scalars[position..<end], to: &ids)
        position = end
      } else {
        position += 1
      }
    }
    return ids
  }

  public func sequence(_ text: String, limit: Int) throws -> TokenSequence {
    framed(try encode(text), start: vocabulary.start, end: vocabulary.end, limit: limit)
  }

  private static let specials = [
    BytePairVocabulary.startSpelling, BytePairVocabulary.endSpelling,
  ].map { Array($0.unicodeScalars) }

  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d", "\u{17F}"]
    .map { Array("'\($0)".unicodeScalars) }

  /// Where the word ends that starts here; white space starts none.
  ///
  /// Special tokens, English contractions, runs of letters, single digits, runs of anything else.
  private static func wordEnd(_ text: [Unicode.Scalar], from start: Int) -> Int {
    for fixed in text[start] == "<" ? specials : text[start] == "'" ? contractions : []
    where text[start...].starts(with: fixed) {
      return start + fixed.count
    }
    let kind = Kind(text[start])
    guard kind != .space else { return start }
    var end = start + 1
    if kind == .number { return end }
    while end < text.count, Kind(text[end]) == kind { end += 1 }
    return end
  }

  private enum Kind {
    case letter, number, space, other

    init(_ scalar: Unicode.Scalar) {
      // Nothing matches this mark in the reference: ignoring case, it is a letter and none.
      if scalar.value == 0x345 {
        self = .space
        return
      }
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = scalar.properties.isWhitespace ? .space : .other
      }
    }
  }

  private func append(_ word: ArraySlice<Unicode.Scalar>, to ids: inout [Int]) {
    if word.count > 10, word.first == "<" {
      if word.elementsEqual(Self.specials[0]) { return ids.append(vocabulary.start) }
      if word.elementsEqual(Self.specials[1]) { return ids.append(vocabulary.end) }
    }
    var bytes: [UInt8] = []
    for scalar in word { bytes += UTF8.encode(scalar) ?? .init() }
    var symbols = bytes.map { vocabulary.inner[Int($0)] }
    if let last = bytes.last { symbols[symbols.count - 1] = vocabulary.final[Int(last)] }
    merge(&symbols)
    ids += symbols.map(Int.init)
  }

  /// Merges the pair of the lowest rank, everywhere, until no pair has a merge.
  private func merge(_ symbols: inout [Int32]) {
    while symbols.count > 1 {
      var best: BytePairVocabulary.Merge?
      var pair: UInt64 = 0
      for index in 1..<symbols.count {
        let key = BytePairVocabulary.key(symbols[index - 1], symbols[index])
        if let merge = vocabulary.merges[key], merge.rank < best?.rank ?? .max {
          best = merge
          pair = key
        }
      }
      guard let best else { return }
      var kept = 0
      var index = 0
      while index < symbols.count {
        if index + 1 < symbols.count,
          BytePairVocabulary.key(symbols[index], symbols[index + 1]) == pair
        {
          symbols[kept] = best.result
          index += 2
        } else {
          symbols[kept] = symbols[index]
          index += 1
        }
        kept += 1
      }
      symbols.removeLast(symbols.count - kept)
    }
  }
}
