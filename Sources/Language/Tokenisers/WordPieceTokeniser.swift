import Platform

/// BERT's tokeniser: words and signs, each cut into the longest pieces of a vocabulary.
///
/// Devlin et al. 2019; the ids are those of Hugging Face's `BertTokenizer`. Pieces inside a word are
/// spelt with `##` in front.
public struct WordPieceTokeniser: Tokeniser {
  /// Letters of the longest word that is cut into pieces; a longer one is unknown.
  static let wordLimit = 100

  public let isUncased: Bool
  public let unknown: Int
  /// `[CLS]` and `[SEP]`.
  public let start: Int
  public let end: Int
  public let vocabularySize: Int
  private let pieces: [Spelling: Int]
  private let specials: [(spelling: [Unicode.Scalar], id: Int)]
  private let longest: Int

  private static let fileLimit = 64 << 20

  /// Reads `vocab.txt`, one piece a line, the line's number from 0 being its id.
  ///
  /// - Parameter uncased: lower case and no accents, as the model was trained; nil asks the
  ///   vocabulary, which is cased where a piece has an upper-case letter.
  /// - Throws: `Fault` that names the line or the piece that does not fit.
  public init(file path: String, uncased: Bool? = nil) throws {
    let bytes = try Files.read(path, limit: Self.fileLimit)
    var pieces: [Spelling: Int] = [:]
    pieces.reserveCapacity(bytes.count / 7)
    var longest = 0
    var hasUpperCase = false
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (index, var line) in lines.enumerated() {
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      let place = Fault.Place(path, line: index + 1)
      guard let piece = String(validating: line, as: UTF8.self), !piece.isEmpty else {
        throw Fault(.badInput, "a piece is UTF-8 text on a line of its own", at: place)
      }
      guard pieces.updateValue(index, forKey: Spelling(line)) == nil else {
        throw Fault(.badInput, "the piece '\(piece)' occurs twice", at: place)
      }
      if !piece.hasPrefix("[") {
        hasUpperCase = hasUpperCase || line.contains { (0x41...0x5A).contains($0) }
        longest = max(longest, piece.unicodeScalars.count)
      }
    }
    func require(_ piece: String) throws -> Int {
      guard let id = pieces[Spelling(piece.utf8)] else {
        throw Fault(.badInput, "the vocabulary has no piece '\(piece)'", at: .init(path))
      }
      return id
    }
    unknown = try require("[UNK]")
    start = try require("[CLS]")
    end = try require("[SEP]")
    specials = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"].compactMap { spelling in
      pieces[Spelling(spelling.utf8)].map { (Array(spelling.unicodeScalars), $0) }
    }
    isUncased = uncased ?? !hasUpperCase
    vocabularySize = pieces.count
    self.pieces = pieces
    self.longest = longest
  }

  public func sequence(_ text: String, limit: Int) throws -> TokenSequence {
    framed(try encode(text), start: start, end: end, limit: limit)
  }

  public func encode(_ text: String) throws -> [Int] {
    try checkLength(text)
    let scalars = Array(text.unicodeScalars)
    var ids: [Int] = []
    var from = 0
    var position = 0
    while position < scalars.count {
      if scalars[position] == "[",
        let special = specials.first(where: { scalars[position...].starts(with: $0.spelling) })
      {
        appendPlain(scalars[from..<position], to: &ids)
        ids.append(special.id)
        position += special.spelling.count
        from = position
      } else {
        position += 1
      }
    }
    appendPlain(scalars[from...], to: &ids)
    return ids
  }

  private func appendPlain(_ text: ArraySlice<Unicode.Scalar>, to ids: inout [Int]) {
    for word in Self.words(BERTText.normalised(text, uncased: isUncased)) {
      appendPieces(of: word, to: &ids)
    }
  }

  /// Words between white space; each sign is a word.
  private static func words(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var words: [ArraySlice<Unicode.Scalar>] = []
    var start = 0
    for (index, scalar) in text.enumerated() {
      let space = scalar.properties.isWhitespace
      guard space || BERTText.isSign(scalar) else { continue }
      if start < index { words.append(text[start..<index]) }
      if !space { words.append(text[index...index]) }
      start = index + 1
    }
    if start < text.count { words.append(text[start...]) }
    return words
  }

  private func appendPieces(of word: ArraySlice<Unicode.Scalar>, to ids: inout [Int]) {
    guard word.count <= Self.wordLimit else { return ids.append(unknown) }
    var utf8: [UInt8] = []
    var offsets = [0]
    for scalar in word {
      utf8 += Unicode.UTF8.encode(scalar) ?? .init()
      offsets.append(utf8.count)
    }
    var found: [Int] = []
    var start = 0
    while start < word.count {
      let prefix: [UInt8] = start == 0 ? [] : [UInt8(ascii: "#"), UInt8(ascii: "#")]
      var end = min(word.count, start + longest)
      var id: Int?
      while end > start, id == nil {
        id = pieces[Spelling(prefix + utf8[offsets[start]..<offsets[end]])]
        if id == nil { end -= 1 }
      }
      guard let id else { return ids.append(unknown) }
      found.append(id)
      start = end
    }
    ids += found
  }
}

/// How BERT prepares a text before it is cut into words.
enum BERTText {
  /// Without control characters, each ideograph a word; uncased also without accents and in lower case.
  static func normalised(_ text: ArraySlice<Unicode.Scalar>, uncased: Bool) -> [Unicode.Scalar] {
    var clean: [Unicode.Scalar] = []
    for scalar in text {
      if isDropped(scalar) { continue }
      if isIdeograph(scalar.value) {
        clean += [" ", scalar, " "]
      } else {
        clean.append(scalar.properties.isWhitespace ? " " : scalar)
      }
    }
    guard uncased else { return clean }
    let bare = NormalForm.decomposed(clean).filter {
      $0.value < 0x300 || $0.properties.generalCategory != .nonspacingMark
    }
    return LetterCase.loweredAlone(bare)
  }

  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 9, 10, 13: false
    case 0x20..<0x7F: false
    case 0, 0xFFFD: true
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse, .unassigned: true
      default: false
      }
    }
  }

  static func isIdeograph(_ code: UInt32) -> Bool {
    switch code {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }

  /// Punctuation, and every ASCII sign that is neither letter, digit nor space.
  static func isSign(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 33...47, 58...64, 91...96, 123...126: return true
    case 0..<0x80: return false
    default:
      switch scalar.properties.generalCategory {
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation:
        return true
      default: return false
      }
    }
  }
}
