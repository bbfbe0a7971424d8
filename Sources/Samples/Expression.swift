/// The eight expressions that datasets share, in the canonical order: RAF-DB's, contempt last.
public enum Expression: Int, CaseIterable, Sendable, Hashable {
  case surprise, fear, disgust, happiness, sadness, anger, neutral, contempt

  /// The canonical name, `happiness`.
  public var name: String { String(describing: self) }

  /// Finds an expression by its name or a synonym (`Happy`, `smiling`, `neutrality`), in any case.
  public init?(name: some StringProtocol) {
    let word = name.lowercased()
    guard let found = Self.words[word] else { return nil }
    self = found
  }

  /// Other words in use for each expression, in lower case.
  public var synonyms: [String] {
    switch self {
    case .surprise: ["surprised", "su", "sur"]
    case .fear: ["fearful", "afraid", "scared", "fe", "fea"]
    case .disgust: ["disgusted", "di", "dis"]
    case .happiness: ["happy", "joy", "joyful", "smile", "smiling", "ha", "hap"]
    case .sadness: ["sad", "sa"]
    case .anger: ["angry", "an", "ang"]
    case .neutral: ["neutrality", "ne", "neu"]
    case .contempt: ["contemptuous", "contemptous", "co", "con"]
    }
  }

  private static let words: [String: Expression] = {
    var words: [String: Expression] = [:]
    for expression in allCases {
      for word in [expression.name] + expression.synonyms { words[word] = expression }
    }
    return words
  }()
}
