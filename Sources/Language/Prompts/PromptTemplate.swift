/// A sentence with gaps for a class's words, as a text encoder is asked about it.
///
/// Gaps: `{noun}` (happiness), `{adjective}` (happy), `{a}` (`a` or `an`, as the next word asks for)
/// and `{A}` (the same with a capital).
/// The first nine templates are those of the prompt ablation of Li et al. 2025 (arXiv 2409.08598),
/// table 3, whose `[CLS]` is `{noun}` here; the others are those of Zhao et al. 2025 (Exp-CLIP, arXiv
/// 2405.19100). **Deviation**: an indefinite article directly before a gap agrees with the word (`an
/// anger`), which the first paper does for its default template only.
public struct PromptTemplate: Sendable, Equatable {
  /// What fills the gaps.
  public struct Words: Sendable, Equatable {
    public var noun: String
    public var adjective: String

    public init(noun: String, adjective: String) {
      self.noun = noun
      self.adjective = adjective
    }
  }

  /// A text with gaps, cut at them.
  private enum Piece: Sendable, Equatable {
    case text(String)
    case noun, adjective, article, capitalArticle
  }

  /// The name by which a manifest asks for the template; nil for a free text.
  public let name: String?
  /// The sentence with its gaps.
  public let text: String
  private let pieces: [Piece]

  private init(_ name: String?, _ text: String) {
    self.name = name
    self.text = text
    pieces = Self.pieces(text)
  }

  /// The gaps' spellings.
  public static let gaps = ["{noun}", "{adjective}", "{a}", "{A}"]

  /// The template of the paper's main results.
  public static let standard = PromptTemplate(
    "person-making", "a photo of a person making a {noun} facial expression.")

  /// All named templates, in the order of the papers (the default is the ninth).
  public static let catalogue: [PromptTemplate] =
    knowledgeEnhanced + expCLIP + [
      PromptTemplate("id-photo-of", "an ID photo of {noun}.")
    ]

  /// The prompts of Li et al. 2025, table 3.
  public static let knowledgeEnhanced = [
    PromptTemplate("person-is", "This person is {noun}."),
    PromptTemplate("photo-of-face", "A photo of a {noun} face."),
    PromptTemplate("this-is-expression", "This is a {noun} facial expression."),
    PromptTemplate("person-makes", "A person makes a {noun} facial expression."),
    PromptTemplate("id-photo", "An ID photo of a {noun} facial expression."),
    PromptTemplate("person-is-feeling", "A person is feeling {noun}."),
    PromptTemplate("feeling-on-face", "A person feeling {noun} on the face."),
    PromptTemplate(
      "photo-of-person-with", "A photo of a person with a {noun} expression on the face."),
    .standard,
  ]

  /// The ten prompts of Zhao et al. 2025: P-1 is the first, P-2 the second, P-3 the last, P-4 the first
  /// five, P-5 all.
  public static let expCLIP = [
    PromptTemplate("noun", "{noun}."),
    PromptTemplate("expression-of", "an expression of {noun}."),
    PromptTemplate("face-exuding", "a photo of a face exuding {noun}."),
    PromptTemplate("radiating", "a photo radiating {noun} in a person."),
    PromptTemplate("embodying", "a photo of a person embodying {noun}."),
    PromptTemplate("good-photo", "a good photo capturing someone's {noun}."),
    PromptTemplate("immersed", "a photo showing someone immersed in {noun}."),
    PromptTemplate("within-individual", "a photo capturing {noun} within an individual."),
    PromptTemplate("clean-photo", "a clean photo showcasing a person's {noun}."),
    PromptTemplate("face-with-expression", "a photo of a face with an expression of {noun}."),
  ]

  /// Several templates under one name.
  public static let sets: [(name: String, templates: [PromptTemplate])] = [
    ("knowledge-enhanced", knowledgeEnhanced), ("exp-clip-p1", [expCLIP[0]]),
    ("exp-clip-p2", [expCLIP[1]]), ("exp-clip-p3", [expCLIP[9]]),
    ("exp-clip-p4", Array(expCLIP[..<5])), ("exp-clip-p5", expCLIP),
  ]

  /// The names of all templates and sets.
  public static var names: [String] { catalogue.compactMap(\.name) + sets.map(\.name) }

  /// The template or the set of a name, or a free text with a gap for a noun or an adjective; nil for
  /// anything else.
  public static func find(_ nameOrText: String) -> [PromptTemplate]? {
    if let set = sets.first(where: { $0.name == nameOrText }) { return set.templates }
    return PromptTemplate(nameOrText).map { [$0] }
  }

  /// Finds a template by name, or takes a free text that holds a gap; nil for anything else.
  public init?(_ nameOrText: String) {
    if let known = Self.catalogue.first(where: { $0.name == nameOrText }) {
      self = known
    } else {
      let free = PromptTemplate(nil, nameOrText)
      guard free.pieces.contains(.noun) || free.pieces.contains(.adjective) else { return nil }
      self = free
    }
  }

  /// Returns the sentence for a noun: `a photo of a person making an anger facial expression.`
  public func prompt(for noun: String) -> String {
    prompt(for: Words(noun: noun, adjective: noun))
  }

  /// Returns the sentence for a class's words.
  public func prompt(for words: Words) -> String {
    var result = ""
    for piece in pieces.reversed() {
      switch piece {
      case .noun: result = words.noun + result
      case .adjective: result = words.adjective + result
      case .article: result = Self.article(before: result) + result
      case .capitalArticle: result = (Self.article(before: result) == "an" ? "An" : "A") + result
      case .text(let text): result = Self.agreeing(text, with: result) + result
      }
    }
    return result
  }

  private static func article(before text: String) -> String {
    startsWithVowelSound(String(text.drop { $0 == " " })) ? "an" : "a"
  }

  /// The text before a gap, its article made to fit the word in the gap.
  private static func agreeing(_ text: String, with rest: String) -> String {
    guard startsWithVowelSound(rest) else { return text }
    if text == "a " || text.hasSuffix(" a ") { return text.dropLast() + "n " }
    return text == "A " ? "An " : text
  }

  /// Whether English puts `an` before a word, judged by its first letter and a few known words.
  package static func startsWithVowelSound(_ word: String) -> Bool {
    let word = word.lowercased()
    let voicedConsonant = ["uni", "use", "usu", "eu", "one", "once", "ubi"]
    if voicedConsonant.contains(where: word.hasPrefix) { return false }
    if ["hour", "honest", "honour", "honor", "heir"].contains(where: word.hasPrefix) {
      return true
    }
    return word.first.map { "aeiou".contains($0) } ?? false
  }

  private static func pieces(_ text: String) -> [Piece] {
    let kinds: [(String, Piece)] = [
      ("{noun}", .noun), ("{adjective}", .adjective), ("{a}", .article), ("{A}", .capitalArticle),
    ]
    var pieces: [Piece] = []
    var plain = ""
    var rest = text[...]
    while let first = rest.first {
      if first == "{", let (gap, piece) = kinds.first(where: { rest.hasPrefix($0.0) }) {
        if !plain.isEmpty { pieces.append(.text(plain)) }
        plain = ""
        pieces.append(piece)
        rest = rest.dropFirst(gap.count)
      } else {
        plain.append(first)
        rest = rest.dropFirst()
      }
    }
    if !plain.isEmpty { pieces.append(.text(plain)) }
    return pieces
  }
}
