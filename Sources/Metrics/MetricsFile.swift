import Artifacts

extension Evaluation {
  /// The name of the file of scores.
  public static let metricsName = "metrics.json"

  /// The content of `metrics.json`: fractions in 0...1, confusion rows are true classes.
  public var metrics: JSONValue {
    let confusion = scored.confusion
    return [
      "protocol": .string(protocolName), "selection": .string(selection),
      "classes": JSONValue(classes), "class_rule": .string(classRule.rawValue),
      "n_before": .integer(countBefore), "n": .integer(scored.count),
      "correct": .integer(confusion.correct), "accuracy": Self.json(confusion.accuracy),
      "accuracy_interval": Self.interval(confusion),
      "mean_accuracy": Self.json(confusion.meanAccuracy),
      "macro_f1": Self.json(confusion.macroF1), "top2": Self.json(scored.topAccuracy(2)),
      "per_class": .array(zip(classes, confusion.classScores).map(Self.perClass)),
      "confusion": .array(confusion.counts.map { JSONValue($0) }),
      "ece": Self.json(scored.expectedCalibrationError()),
      "ece_bins": .integer(ScoredSamples.calibrationBins),
      "brier": Self.json(scored.brier), "nll": Self.json(scored.negativeLogLikelihood),
      "calibration": calibration?.json(scored) ?? .null,
      "slices": .array(slices.map(Self.slice)),
    ]
  }

  private static func json(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  private static func interval(_ confusion: ConfusionMatrix) -> JSONValue {
    let interval = Interval.wilson(correct: confusion.correct, total: confusion.total)
    return interval.map { [.number($0.low), .number($0.high)] } ?? .null
  }

  private static func perClass(_ name: String, _ score: ClassScore) -> JSONValue {
    [
      "class": .string(name), "n": .integer(score.support), "recall": json(score.recall),
      "precision": json(score.precision), "f1": json(score.f1),
    ]
  }

  private static func slice(_ slice: EvaluationSlice) -> JSONValue {
    [
      "attribute": .string(slice.attribute), "value": .string(slice.value),
      "n": .integer(slice.confusion.total), "correct": .integer(slice.confusion.correct),
      "accuracy": json(slice.confusion.accuracy),
      "accuracy_interval": interval(slice.confusion),
      "mean_accuracy": json(slice.confusion.meanAccuracy),
    ]
  }
}
