import Platform

/// A model's predictions on the test rows of a dataset under a named protocol.
///
/// Everything in `metrics.json` follows from what `predictions.csv` holds, so the figures can be
/// checked with any other tool.
public struct Evaluation: Sendable {
  /// The facts about a sample besides its scores.
  public struct Sample: Sendable, Equatable {
    public let id: String
    public let subject: String?
    /// Such as gender or age band, where the dataset has them.
    public let attributes: [String: String]

    public init(id: String, subject: String? = nil, attributes: [String: String] = [:]) {
      self.id = id
      self.subject = subject
      self.attributes = attributes
    }
  }

  /// Which rows count, `ckplus-636`.
  public let protocolName: String
  /// How the model's epoch was chosen: `validation`, `last` or `test-best`.
  public let selection: String
  /// The class names, in the order of the scores.
  public let classes: [String]
  public let classRule: ClassRule
  /// The number of test rows before the class rule.
  public let countBefore: Int
  public let samples: [Sample]
  public let scored: ScoredSamples
  /// How the confidence would be made believable, fitted on validation rows; nil where there are
  /// none. The probabilities here are those of the model as it is.
  public let calibration: TemperatureScaling?

  public init(
    protocolName: String, selection: String, classes: [String], classRule: ClassRule = .exact,
    countBefore: Int? = nil, samples: [Sample], scored: ScoredSamples,
    calibration: TemperatureScaling? = nil
  ) {
    precondition(samples.count == scored.count && classes.count == scored.classCount)
    self.protocolName = protocolName
    self.selection = selection
    self.classes = classes
    self.classRule = classRule
    self.countBefore = countBefore ?? samples.count
    self.samples = samples
    self.scored = scored
    self.calibration = calibration
  }

  /// The names of the attributes that occur, sorted.
  public var attributeNames: [String] {
    Set(samples.flatMap(\.attributes.keys)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The scores of each value of each attribute, in order of name and value.
  public var slices: [EvaluationSlice] {
    attributeNames.flatMap { name in
      let groups = Dictionary(grouping: samples.indices) { samples[$0].attributes[name] }
      let values = groups.keys.compactMap { $0 }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      return values.map { value in
        EvaluationSlice(
          attribute: name, value: value,
          confusion: scored.subset(groups[value] ?? []).confusion)
      }
    }
  }
}

/// How a model's class list and a dataset's are brought together.
public enum ClassRule: String, Sendable, CaseIterable {
  /// The lists must be the same; other lists are an error.
  case exact
  /// Rows of classes that both have; the model chooses among those classes only.
  case intersect
}

/// How the samples with one value of an attribute fared.
public struct EvaluationSlice: Sendable, Equatable {
  public let attribute: String
  public let value: String
  public let confusion: ConfusionMatrix
}

extension Evaluation {
  /// `WAR 87.10 % [84.26, 89.49], UAR 82.11 %, N 636, protocol ckplus-636`.
  public var summary: String {
    let confusion = scored.confusion
    let percent = { (value: Double?) in value.map { ($0 * 100).fixed(2) } ?? "-" }
    let interval = Interval.wilson(correct: confusion.correct, total: confusion.total)
    return "WAR \(percent(confusion.accuracy)) % [\(percent(interval?.low)), "
      + "\(percent(interval?.high))], UAR \(percent(confusion.meanAccuracy)) %, "
      + "N \(confusion.total), protocol \(protocolName)"
  }
}
