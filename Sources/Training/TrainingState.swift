import Artifacts
import Methods
import Neural
import Platform
import Tensors

/// Where a run stands between two optimiser steps; with the tensors, all that a resumed run needs.
struct TrainingProgress: Equatable {
  /// The epoch under way, from 0.
  var epoch = 0
  /// Batches of this epoch that are done.
  var batch = 0
  /// Optimiser steps of the run so far.
  var step = 0
  var sums: EpochSums
  var history: TrainingHistory
  /// The best epoch so far and its scores; nil before the first, or where none is looked for.
  var best: Best?
  /// The labels that the method replaced, in the order of the epochs.
  var edits: [RecordedEdit] = []

  struct Best: Equatable {
    var epoch: Int
    var scores: HistoryRow.Scores
  }

  init(selectionName: String, terms: [LossTerm]) {
    history = TrainingHistory(selectionName: selectionName, terms: terms)
    sums = EpochSums(termCount: terms.count)
  }

  var json: JSONValue {
    var json: JSONValue = [
      "epoch": .integer(epoch), "batch": .integer(batch), "step": .integer(step),
      "sums": sums.json, "history": .array(history.rows.map(\.json)),
    ]
    if !edits.isEmpty { json["edits"] = .array(edits.map(\.json)) }
    json["best"] = best.map { ["epoch": .integer($0.epoch), "scores": $0.scores.json] }
    return json
  }

  init?(json: JSONValue, selectionName: String, terms: [LossTerm]) {
    guard let epoch = json["epoch"]?.integer, let batch = json["batch"]?.integer,
      let step = json["step"]?.integer,
      let sums = EpochSums(json: json["sums"], termCount: terms.count),
      let rows = json["history"]?.array?.map({ HistoryRow(json: $0) })
    else { return nil }
    self.init(selectionName: selectionName, terms: terms)
    (self.epoch, self.batch, self.step, self.sums) = (epoch, batch, step, sums)
    history.rows = rows.compactMap { $0 }
    edits = (json["edits"]?.array ?? []).compactMap { RecordedEdit(json: $0) }
    if let best = json["best"], let bestEpoch = best["epoch"]?.integer,
      let scores = HistoryRow.Scores(json: best["scores"])
    {
      self.best = Best(epoch: bestEpoch, scores: scores)
    }
  }
}

/// The checkpoint of a run: one file that is replaced as a whole.
struct TrainingCheckpoint {
  static let fileName = "checkpoint.safetensors"

  private let directory: String
  /// Tells runs apart: a checkpoint of other data or parameters is refused.
  private let fingerprint: String

  init(directory: String, fingerprint: String) {
    self.directory = directory
    self.fingerprint = fingerprint
  }

  private var path: String { Files.join(directory, Self.fileName) }

  /// Writes the tensors and the progress; a kill at any moment leaves the old file or the new one.
  func save(_ tensors: [NamedTensor], progress: TrainingProgress) throws {
    let temporary = path + ".new"
    try Checkpoint.save(
      tensors, to: temporary,
      metadata: ["fingerprint": fingerprint, "progress": progress.json.canonical])
    try Files.rename(temporary, to: path)
    try Files.syncDirectory(directory)
  }

  /// Fills the tensors and returns the progress; nil where there is no checkpoint.
  ///
  /// `best` tensors are filled where the progress has a best epoch.
  /// - Throws: `Fault` where the checkpoint belongs to another run or is damaged.
  func load(
    into tensors: [NamedTensor], best: [NamedTensor], selectionName: String, terms: [LossTerm]
  ) throws -> TrainingProgress? {
    guard Files.exists(path) else { return nil }
    let file = try SafetensorsFile(path)
    guard file.metadata["fingerprint"] == fingerprint else {
      throw Fault(
        .badInput, "the checkpoint belongs to a run with other data or parameters",
        at: .init(path), remedy: "give another --state directory, or remove this one")
    }
    guard let text = file.metadata["progress"],
      let progress = TrainingProgress(
        json: try JSONValue.parse(text, file: path), selectionName: selectionName, terms: terms)
    else {
      throw Fault(
        .badInput, "the checkpoint does not say where its run stands", at: .init(path),
        remedy: "remove it to start the run again")
    }
    try Checkpoint.load(file, into: tensors)
    if progress.best != nil { try Checkpoint.load(file, into: best) }
    return progress
  }
}
