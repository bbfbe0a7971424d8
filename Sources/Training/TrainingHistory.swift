import Artifacts
import Methods

/// What `history.csv` says of an epoch or a step; never a time.
public struct HistoryRow: Sendable, Equatable {
  public var epoch: Int
  /// Optimiser steps taken so far.
  public var step: Int
  public var learningRate: Double
  /// The mean of the weighted loss over the samples seen.
  public var loss: Double
  public var similarity: Double?
  public var transformation: Double?
  public var selfContrast: Double?
  /// Share of training samples, as drawn and augmented, that the method classified rightly.
  public var accuracy: Double
  /// On the rows that choose the epoch; nil where none do, or between epochs.
  public var selected: Scores?

  /// Accuracy, mean accuracy over classes, and cross-entropy of rows that are not trained on.
  public struct Scores: Sendable, Equatable {
    public var accuracy: Double
    public var meanAccuracy: Double
    public var loss: Double
  }

  static let columns = [
    "epoch", "step", "learning_rate", "loss", "loss_similarity", "loss_transformation",
    "loss_self_contrast", "accuracy",
  ]

  var cells: [String] {
    let numbers: [Double?] = [
      learningRate, loss, similarity, transformation, selfContrast, accuracy, selected?.accuracy,
      selected?.meanAccuracy, selected?.loss,
    ]
    return [String(epoch), String(step)] + numbers.map { $0.map(\.description) ?? "" }
  }
}

/// The rows of `history.csv`.
public struct TrainingHistory: Sendable, Equatable {
  public static let fileName = "history.csv"

  public var rows: [HistoryRow] = []
  /// `validation` or `test`: the rows that choose the epoch.
  public let selectionName: String

  public init(selectionName: String) { self.selectionName = selectionName }

  /// The whole file.
  public var csv: String {
    let scores = ["accuracy", "mean_accuracy", "loss"].map { "\(selectionName)_\($0)" }
    return CSV.line(HistoryRow.columns + scores) + rows.map { CSV.line($0.cells) }.joined()
  }
}

/// Sums of an epoch so far; part of a checkpoint, so that a resumed epoch has the same means.
struct EpochSums: Equatable {
  var samples = 0
  var correct = 0
  /// Total, similarity, transformation, self-contrast, each times the batch's samples.
  var losses = [0.0, 0, 0, 0]

  mutating func add(_ losses: MethodLosses, count: Int, correct: Int) {
    samples += count
    self.correct += correct
    let terms = [losses.total, losses.similarity, losses.transformation, losses.selfContrast]
    for (index, term) in terms.enumerated() { self.losses[index] += (term ?? 0) * Double(count) }
  }

  mutating func add(_ other: EpochSums) {
    samples += other.samples
    correct += other.correct
    for (index, loss) in other.losses.enumerated() { losses[index] += loss }
  }

  /// The means as a row of the history; terms that the method lacks stay empty.
  func row(
    epoch: Int, step: Int, learningRate: Double, method: MethodOptions
  ) -> HistoryRow {
    let count = Double(max(samples, 1))
    func term(_ index: Int, _ weight: Double) -> Double? {
      method.name == .knowledgeEnhanced && weight != 0 ? losses[index] / count : nil
    }
    return HistoryRow(
      epoch: epoch, step: step, learningRate: learningRate, loss: losses[0] / count,
      similarity: term(1, method.weights.similarity),
      transformation: term(2, method.weights.transformation),
      selfContrast: term(3, method.weights.selfContrast), accuracy: Double(correct) / count)
  }

  var json: JSONValue {
    [
      "samples": .integer(samples), "correct": .integer(correct), "losses": JSONValue(losses),
    ]
  }

  init() {}

  init?(json: JSONValue?) {
    guard let samples = json?["samples"]?.integer, let correct = json?["correct"]?.integer,
      let losses = json?["losses"]?.numbers, losses.count == 4
    else { return nil }
    self.samples = samples
    self.correct = correct
    self.losses = losses
  }
}

extension HistoryRow {
  var json: JSONValue {
    var json: JSONValue = [
      "epoch": .integer(epoch), "step": .integer(step), "learning_rate": .number(learningRate),
      "loss": .number(loss), "accuracy": .number(accuracy),
    ]
    json["similarity"] = similarity.map { .number($0) }
    json["transformation"] = transformation.map { .number($0) }
    json["self_contrast"] = selfContrast.map { .number($0) }
    json["selected"] = selected?.json
    return json
  }

  init?(json: JSONValue) {
    guard let epoch = json["epoch"]?.integer, let step = json["step"]?.integer,
      let rate = json["learning_rate"]?.number, let loss = json["loss"]?.number,
      let accuracy = json["accuracy"]?.number
    else { return nil }
    self.init(
      epoch: epoch, step: step, learningRate: rate, loss: loss,
      similarity: json["similarity"]?.number, transformation: json["transformation"]?.number,
      selfContrast: json["self_contrast"]?.number, accuracy: accuracy,
      selected: Scores(json: json["selected"]))
  }
}

extension HistoryRow.Scores {
  var json: JSONValue { JSONValue([accuracy, meanAccuracy, loss]) }

  init?(json: JSONValue?) {
    guard let numbers = json?.numbers, numbers.count == 3 else { return nil }
    self.init(accuracy: numbers[0], meanAccuracy: numbers[1], loss: numbers[2])
  }

  /// Whether these scores choose their epoch over one with `other`: a higher accuracy, among
  /// equals a lower loss; the earlier epoch where both are the same.
  func isBetter(than other: HistoryRow.Scores) -> Bool {
    (accuracy, -loss) > (other.accuracy, -other.loss)
  }
}
