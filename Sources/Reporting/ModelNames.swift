import Artifacts
import Metrics
import Samples

/// Names for models that tell apart those that stand in one report.
struct ModelNames: Sendable {
  /// For each method and encoder, the details that differ between its models.
  private let differing: [String: [String]]

  init(_ cards: [ModelCard]) {
    var differing: [String: [String]] = [:]
    for (family, members) in Dictionary(grouping: cards, by: Self.family) {
      let details = members.map { Self.flat($0.details) }
      differing[family] = Set(details.flatMap(\.keys)).sorted().filter { key in
        details.contains { $0[key] != details[0][key] }
      }
    }
    self.differing = differing
  }

  private static func family(_ card: ModelCard) -> String { "\(card.method)\n\(card.encoder)" }

  /// `Knowledge-enhanced, ResNet-18`, with the details that differ; the seed is not in it.
  func name(_ card: ModelCard, withEncoder: Bool = true) -> String {
    var text = card.methodTitle
    if withEncoder { text += ", \(card.encoderTitle)" }
    let width = card.details["width"]?.number ?? 1
    let keys = differing[Self.family(card)] ?? []
    if width != 1, !keys.contains("width") { text += " at width \(JSONValue(width).canonical)" }
    let flat = Self.flat(card.details)
    let details = keys.map { key in
      let value = flat[key] ?? .null
      return "\(key) \(value.string ?? value.canonical)"
    }
    return details.isEmpty ? text : "\(text) (\(details.joined(separator: ", ")))"
  }

  /// Members of maps under dotted names: `weights.similarity`.
  private static func flat(_ details: [String: JSONValue]) -> [String: JSONValue] {
    var flat: [String: JSONValue] = [:]
    for (key, value) in details {
      if let members = value.object {
        for (name, inner) in members { flat["\(key).\(name)"] = inner }
      } else {
        flat[key] = value
      }
    }
    return flat
  }

}

extension DatasetCard {
  /// The name that tables use, `RAF-DB`; a merged dataset has its parts' names.
  var shortTitle: String {
    name.split(separator: "+", omittingEmptySubsequences: false)
      .map { Self.shortTitles[String($0)] ?? String($0) }.joined(separator: " and ")
  }

  /// The short title, marked where the pictures are synthesized.
  var shortLabel: String { isSynthesized ? "\(shortTitle) (synthesized)" : shortTitle }

  private static let shortTitles = [
    "rafdb": "RAF-DB", "affectnet": "AffectNet", "affectnet-2021": "AffectNet 2021",
    "fer2013": "FER2013", "ferplus": "FERPlus", "ckplus": "CK+", "caer-s": "CAER-S",
    "dfew": "DFEW", "ferv39k": "FERV39k", "mafw": "MAFW", "afew": "AFEW",
    "image-folder": "photo folder", "image-table": "photo table",
  ]
}
