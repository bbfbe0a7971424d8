import Artifacts
import Platform

/// An artifact's description of its data: dataset, protocol, classes, counts and deviations.
///
/// It is the metadata of a samples artifact; `align` and `shard` carry it on with their own members
/// beside it.
public struct DatasetRecord: Sendable, Equatable {
  public var card: DatasetCard
  public var protocolName: String
  public var protocolSummary: String
  public var fold: Int?
  /// The rule that turns votes into labels.
  public var rule: String?
  public var classes: ClassList
  /// Pictures; of a video set, frames.
  public var counts: ClassCounts
  /// Clips of a video set, which is what its protocol counts.
  public var clips: ClassCounts?
  /// Differences from the protocol's counts that were accepted by name.
  public var deviations: [String]
  /// Rows and files passed over or noted, by kind.
  public var rejects: [String: Int]
  /// Counted remarks about pictures that were kept: `colour-profile-ignored`.
  public var notes: [String: Int]
  public var termsAccepted: Bool

  public init(
    card: DatasetCard, protocolName: String, protocolSummary: String, fold: Int? = nil,
    rule: String? = nil, classes: ClassList, counts: ClassCounts, clips: ClassCounts? = nil,
    deviations: [String] = [], rejects: [String: Int] = [:], notes: [String: Int] = [:],
    termsAccepted: Bool = false
  ) {
    self.card = card
    self.protocolName = protocolName
    self.protocolSummary = protocolSummary
    self.fold = fold
    self.rule = rule
    self.classes = classes
    self.counts = counts
    self.clips = clips
    self.deviations = deviations
    self.rejects = rejects
    self.notes = notes
    self.termsAccepted = termsAccepted
  }

  public var json: JSONValue {
    var json: JSONValue = [
      "dataset": card.json,
      "protocol": ["name": .string(protocolName), "summary": .string(protocolSummary)],
      "fold": fold.map { .integer($0) } ?? .null, "rule": rule.map { .string($0) } ?? .null,
      "classes": classes.json, "counts": counts.json, "deviations": JSONValue(deviations),
      "rejects": .object(rejects.mapValues { .integer($0) }),
      "terms_accepted": .bool(termsAccepted),
    ]
    if let clips { json["clips"] = clips.json }
    if !notes.isEmpty { json["notes"] = .object(notes.mapValues { .integer($0) }) }
    return json
  }

  /// Reads the record from an artifact's metadata.
  public init(json: JSONValue, at place: Fault.Place? = nil) throws {
    guard let dataset = json["dataset"], let classes = json["classes"] else {
      throw Fault(
        .badInput, "the artifact does not say which dataset and classes it holds", at: place,
        remedy: "make the artifact again")
    }
    card = DatasetCard(json: dataset)
    protocolName = json["protocol"]?["name"]?.string ?? ""
    protocolSummary = json["protocol"]?["summary"]?.string ?? ""
    fold = json["fold"]?.integer
    rule = json["rule"]?.string
    self.classes = try ClassList(json: classes, at: place)
    counts = ClassCounts(json: json["counts"] ?? .null)
    clips = json["clips"].map { ClassCounts(json: $0) }
    notes = (json["notes"]?.object ?? [:]).compactMapValues(\.integer)
    deviations = json["deviations"]?.strings ?? []
    rejects = (json["rejects"]?.object ?? [:]).compactMapValues(\.integer)
    termsAccepted = json["terms_accepted"]?.bool ?? false
  }
}
