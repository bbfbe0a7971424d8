/// The permitted use of a row.
public enum Split: String, Sendable, CaseIterable, Comparable {
  case train, validation, test
  /// The dataset is one whole, as for a cross-dataset test.
  case all

  /// Finds a split by a word that datasets use for it, in any case.
  public init?(word: some StringProtocol) {
    switch word.lowercased() {
    case "train", "training": self = .train
    case "validation", "val", "valid", "validate", "dev", "publictest": self = .validation
    case "test", "testing", "privatetest": self = .test
    case "all": self = .all
    default: return nil
    }
  }

  public static func < (a: Split, b: Split) -> Bool { a.rank < b.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
