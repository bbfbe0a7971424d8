import Artifacts
import Metrics
import Platform

/// An evaluation as the report sees it: its scores, what they are of, and where they come from.
public struct ReportedResult: Sendable {
  public let evaluation: Evaluation
  public let card: EvaluationCard
  public let digest: Digest
  let provenance: Provenance?

  /// Reads an evaluation's files.
  /// - Throws: `Fault` where they are damaged or no evaluation.
  public init(artifact: Artifact) throws {
    evaluation = try Evaluation(directory: artifact.directory)
    guard let card = EvaluationCard(json: artifact.metadata) else {
      throw Fault(
        .badInput, "the evaluation does not say which model and data it is of",
        at: .init(artifact.path(Artifact.recordName)),
        remedy: "make it again with evaluate or cross-test")
    }
    self.card = card
    digest = artifact.digest
    provenance = try Provenance(artifact: artifact)
  }

  var confusion: ConfusionMatrix { evaluation.scored.confusion }

  var interval: Interval? {
    Interval.wilson(correct: confusion.correct, total: confusion.total)
  }

  /// `in-domain` or `cross-dataset`.
  var setting: String { card.isCrossDataset ? "cross-dataset" : "in-domain" }

  /// Whether real pictures, and only such, stand behind the figures.
  var isReal: Bool { !card.trainedOn.isSynthesized && !card.testedOn.isSynthesized }
}

/// A model as the report sees it.
public struct TrainedModel: Sendable {
  let digest: Digest
  let metadata: JSONValue
  let history: [HistoryColumn]
  let provenance: Provenance?

  /// Reads a model's record and, where it has one, its `history.csv`.
  public init(artifact: Artifact) throws {
    digest = artifact.digest
    metadata = artifact.metadata
    provenance = try Provenance(artifact: artifact)
    let path = artifact.path("history.csv")
    history = Files.exists(path) ? try HistoryColumn.read(path) : []
  }
}

/// A column of numbers of `history.csv`.
struct HistoryColumn: Sendable {
  let name: String
  /// Empty cells are nil.
  let values: [Double?]

  static func read(_ path: String) throws -> [HistoryColumn] {
    var rows = try CSV.rows(Files.read(path), file: path)[...]
    guard let header = rows.popFirst()?.cells else { return [] }
    for row in rows where row.cells.count != header.count {
      throw Fault(
        .badInput, "\(row.cells.count) cells where the header has \(header.count)",
        at: .init(path, line: row.line))
    }
    return header.indices.map { column in
      HistoryColumn(name: header[column], values: rows.map { Double($0.cells[column]) })
    }
  }
}

/// The provenance of an artifact: its stage, inputs and command.
struct Provenance: Sendable {
  let producer: String
  let version: String
  let revision: Int?
  let command: [String]
  /// In order of name.
  let parameters: [(name: String, value: JSONValue)]
  /// Port, kind and digest of each input, in order of port.
  let inputs: [(port: String, kind: String, digest: String)]

  init?(artifact: Artifact) throws {
    let path = artifact.path(Artifact.provenanceName)
    guard Files.exists(path) else { return nil }
    let json = try JSONValue.read(path)
    producer = json["producer"]?.string ?? "unknown"
    version = json["version"]?.string ?? ""
    revision = json["revision"]?.integer
    command = json["command"]?.strings ?? []
    parameters = (json["parameters"]?.object ?? [:]).sorted { $0.key < $1.key }
      .map { ($0.key, $0.value) }
    inputs = (json["inputs"]?.object ?? [:]).sorted { $0.key < $1.key }.flatMap { port, list in
      (list.array ?? []).map {
        (port, $0["kind"]?.string ?? "", $0["digest"]?.string ?? "")
      }
    }
  }

  /// The digests given to a port.
  func digests(_ port: String) -> [String] { inputs.filter { $0.port == port }.map(\.digest) }

  /// The command as a shell takes it.
  var commandLine: String { command.map(Self.quoted).joined(separator: " ") }

  private static func quoted(_ word: String) -> String {
    let plain = word.unicodeScalars.allSatisfy {
      ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
        || "-_=./:,@+".unicodeScalars.contains($0)
    }
    if plain, !word.isEmpty { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
