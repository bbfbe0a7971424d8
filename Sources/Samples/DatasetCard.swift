import Artifacts

/// The description, makers and terms of a dataset; every artifact contains it.
public struct DatasetCard: Sendable, Equatable {
  /// The name that manifests use, `rafdb`.
  public var name: String
  public var title: String
  public var citation: String
  public var url: String
  /// A summary of the owners' terms.
  public var terms: String
  /// Whether the terms must be accepted by name before the dataset is read.
  public var needsAcceptance: Bool
  /// Whether faces of the dataset may be shown in pages that leave the machine.
  public var isRedistributable: Bool
  /// Whether a program drew the pictures; no published figure speaks of such data.
  public var isSynthesized: Bool

  public init(
    name: String, title: String, citation: String, url: String, terms: String,
    needsAcceptance: Bool, isRedistributable: Bool = false, isSynthesized: Bool = false
  ) {
    self.name = name
    self.title = title
    self.citation = citation
    self.url = url
    self.terms = terms
    self.needsAcceptance = needsAcceptance
    self.isRedistributable = isRedistributable
    self.isSynthesized = isSynthesized
  }

  public var json: JSONValue {
    [
      "name": .string(name), "title": .string(title), "citation": .string(citation),
      "url": .string(url), "terms": .string(terms), "needs_acceptance": .bool(needsAcceptance),
      "redistributable": .bool(isRedistributable),
      "synthesized": .bool(isSynthesized),
    ]
  }

  /// Reads a card; members that are missing are empty, and doubts count against redistribution.
  public init(json: JSONValue) {
    name = json["name"]?.string ?? "unknown"
    title = json["title"]?.string ?? name
    citation = json["citation"]?.string ?? ""
    url = json["url"]?.string ?? ""
    terms = json["terms"]?.string ?? ""
    needsAcceptance = json["needs_acceptance"]?.bool ?? true
    isRedistributable = json["redistributable"]?.bool ?? false
    isSynthesized = json["synthesized"]?.bool ?? false
  }

  /// The title, marked where the pictures are synthesized.
  public var label: String { isSynthesized ? "\(title) (synthesized)" : title }
}
