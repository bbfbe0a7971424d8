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
  /// The means of the method's single losses, in its order; nil where a term's weight is 0.
  public var terms: [Double?]
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

  var cells: [String] {
    let numbers: [Double?] =
      [learningRate, loss] + terms + [
        accuracy, selected?.accuracy, selected?.meanAccuracy, selected?.loss,
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
  /// The losses that the method adds up.
  public let terms: [LossTerm]

  public init(selectionName: String, terms: [LossTerm]) {
    self.selectionName = selectionName
    self.terms = terms
  }

  /// The whole file.
  public var csv: String {
    let scores = ["accuracy", "mean_accuracy", "loss"].map { "\(selectionName)_\($0)" }
    let columns =
      ["epoch", "step", "learning_rate", "loss"] + terms.map(\.column) + ["accuracy"] + scores
    return CSV.line(columns) + rows.map { CSV.line($0.cells) }.joined()
  }
}

/// Sums of an epoch so far; part of a checkpoint, so that a resumed epoch has the same means.
struct EpochSums: Equatable {
  var samples = 0
  var correct = 0
  /// The total loss times the batch's samples.
  var loss = 0.0
  /// The single losses times the batch's samples; nil for a term that no batch had.
  var terms: [Double?]

  init(termCount: Int) { terms = [Double?](repeating: nil, count: termCount) }

  mutating func add(_ value: ObjectiveValue, count: Int, correct: Int) {
    samples += count
    self.correct += correct
    loss += value.total * Double(count)
    for (index, term) in value.terms.enumerated() {
      if let term { terms[index] = (terms[index] ?? 0) + term * Double(count) }
    }
  }

  mutating func add(_ other: EpochSums) {
    samples += other.samples
    correct += other.correct
    loss += other.loss
    for (index, term) in other.terms.enumerated() {
      if let term { terms[index] = (terms[index] ?? 0) + term }
    }
  }

  /// The means as a row of the history.
  func row(epoch: Int, step: Int, learningRate: Double) -> HistoryRow {
    let count = Double(max(samples, 1))
    return HistoryRow(
      epoch: epoch, step: step, learningRate: learningRate, loss: loss / count,
      terms: terms.map { $0.map { $0 / count } }, accuracy: Double(correct) / count)
  }

  var json: JSONValue {
    [
      "samples": .integer(samples), "correct": .integer(correct), "loss": .number(loss),
      "terms": .array(terms.map { $0.map { .number($0) } ?? .null }),
    ]
  }

  init?(json: JSONValue?, termCount: Int) {
    guard let samples = json?["samples"]?.integer, let correct = json?["correct"]?.integer,
      let loss = json?["loss"]?.number, let terms = json?["terms"]?.array,
      terms.count == termCount
    else { return nil }
    self.samples = samples
    self.correct = correct
    self.loss = loss
    self.terms = terms.map(\.number)
  }
}

extension HistoryRow {
  var json: JSONValue {
    var json: JSONValue = [
      "epoch": .integer(epoch), "step": .integer(step), "learning_rate": .number(learningRate),
      "loss": .number(loss), "accuracy": .number(accuracy),
      "terms": .array(terms.map { $0.map { .number($0) } ?? .null }),
    ]
    json["selected"] = selected?.json
    return json
  }

  init?(json: JSONValue) {
    guard let epoch = json["epoch"]?.integer, let step = json["step"]?.integer,
      let rate = json["learning_rate"]?.number, let loss = json["loss"]?.number,
      let accuracy = json["accuracy"]?.number, let terms = json["terms"]?.array
    else { return nil }
    self.init(
      epoch: epoch, step: step, learningRate: rate, loss: loss,
      terms: terms.map(\.number), accuracy: accuracy, selected: Scores(json: json["selected"]))
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
