/// Counts of (true class, predicted class); rows are true classes.
public struct ConfusionMatrix: Sendable, Equatable {
  /// **Shape**: [K][K]; `counts[t][p]` samples of class t were called p.
  public let counts: [[Int]]

  /// Creates a matrix from counts, which must form a square.
  public init(counts: [[Int]]) {
    precondition(counts.allSatisfy { $0.count == counts.count })
    self.counts = counts
  }

  /// Counts pairs of class indexes, each in 0 ..< classCount.
  public init(labels: [Int], predictions: [Int], classCount: Int) {
    precondition(labels.count == predictions.count)
    var counts = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
    for (label, prediction) in zip(labels, predictions) { counts[label][prediction] += 1 }
    self.counts = counts
  }

  /// K, the number of classes.
  public var classCount: Int { counts.count }

  /// N, the number of samples.
  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The number of samples on the diagonal.
  public var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

  /// Overall accuracy, the field's weighted average recall (WAR); nil without samples.
  public var accuracy: Double? { ratio(correct, total) }

  /// Mean of the recalls of the classes present, the unweighted average recall (UAR).
  public var meanAccuracy: Double? { mean(classScores.compactMap(\.recall)) }

  /// Mean F1 of the classes that occur among the labels or the predictions.
  public var macroF1: Double? { mean(classScores.compactMap(\.f1)) }

  /// Recall, precision and F1 of each class.
  public var classScores: [ClassScore] {
    counts.indices.map { index in
      let hits = counts[index][index]
      let support = counts[index].reduce(0, +)
      let called = counts.reduce(0) { $0 + $1[index] }
      return ClassScore(
        support: support, recall: ratio(hits, support), precision: ratio(hits, called),
        f1: ratio(2 * hits, support + called))
    }
  }

  /// The matrix with each row divided by its sum; a class without samples has a row of nil.
  public var rowFractions: [[Double?]] {
    counts.map { row in
      let sum = row.reduce(0, +)
      return row.map { ratio($0, sum) }
    }
  }
}

/// How one class fared. A ratio whose denominator is zero is nil, not zero.
public struct ClassScore: Sendable, Equatable {
  /// The number of samples of this class.
  public let support: Int
  /// Correct over support.
  public let recall: Double?
  /// Correct over the number of samples called this class.
  public let precision: Double?
  /// Harmonic mean of recall and precision; 0 where the class occurs and nothing is correct.
  public let f1: Double?
}

func ratio(_ part: Int, _ whole: Int) -> Double? {
  whole == 0 ? nil : Double(part) / Double(whole)
}

func mean(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}
