/// A sentence with a gap for a class's noun, as a text encoder is asked about it.
///
/// The nine named templates are those of the prompt ablation of Li et al. 2025 (arXiv 2409.08598),
/// table 3. The paper writes `[CLS]` where this type writes `{noun}`.
/// **Deviation**: an indefinite article directly before the gap agrees with the noun (`an anger`),
/// which the paper does for its default template only.
public struct PromptTemplate: Sendable, Equatable {
  /// The name by which a manifest asks for the template; nil for a free text.
  public let name: String?
  /// The sentence with `{noun}` in it.
  public let text: String

  private init(_ name: String?, _ text: String) {
    self.name = name
    self.text = text
  }

  /// The gap's spelling.
  public static let gap = "{noun}"

  /// The template of the paper's main results.
  public static let standard = PromptTemplate(
    "person-making", "a photo of a person making a {noun} facial expression.")

  /// All named templates, in the order of the paper's table 3 (the default last).
  public static let catalogue: [PromptTemplate] = [
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

  /// Finds a template by name, or takes a free text that holds the gap; nil for anything else.
  public init?(_ nameOrText: String) {
    if let known = Self.catalogue.first(where: { $0.name == nameOrText }) {
      self = known
    } else if Self.split(nameOrText) != nil {
      self.init(nil, nameOrText)
    } else {
      return nil
    }
  }

  /// Returns the sentence for a noun: `a photo of a person making an anger facial expression.`
  public func prompt(for noun: String) -> String {
    guard var (before, after) = Self.split(text) else { return text }
    if Self.startsWithVowelSound(noun) {
      if before == "a " || before.hasSuffix(" a ") {
        before = before.dropLast() + "n "
      } else if before == "A " {
        before = "An "
      }
    }
    while let next = Self.split(after) {
      before += noun + next.before
      after = next.after
    }
    return before + noun + after
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

  private static func split(_ text: String) -> (before: String, after: String)? {
    let whole = Array(text.utf8)
    let mark = Array(gap.utf8)
    guard whole.count >= mark.count else { return nil }
    for start in 0...(whole.count - mark.count)
    where whole[start..<start + mark.count].elementsEqual(mark) {
      return (
        String(decoding: whole[..<start], as: UTF8.self),
        String(decoding: whole[(start + mark.count)...], as: UTF8.self)
      )
    }
    return nil
  }
}
