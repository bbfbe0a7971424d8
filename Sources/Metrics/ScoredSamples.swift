import Glibc

/// The class probabilities of N samples beside their true classes.
public struct ScoredSamples: Sendable {
  /// True class indexes. **Shape**: [N].
  public let labels: [Int]
  /// Row-major probabilities. **Shape**: [N, K].
  public let probabilities: [Double]
  /// K.
  public let classCount: Int
  /// The most probable class of each sample; of equals, the first.
  public let predictions: [Int]

  /// Takes labels in 0 ..< classCount and finite probabilities.
  public init(labels: [Int], probabilities: [Double], classCount: Int) {
    precondition(probabilities.count == labels.count * classCount)
    self.labels = labels
    self.probabilities = probabilities
    self.classCount = classCount
    predictions = labels.indices.map { sample in
      let row = probabilities[sample * classCount..<(sample + 1) * classCount]
      var best = row.startIndex
      for index in row.indices where row[index] > row[best] { best = index }
      return best - row.startIndex
    }
  }

  /// Takes single-precision probabilities as the decimals they are written with, so that what is
  /// computed here and what anyone computes from the written decimals are the same.
  public init(labels: [Int], floats: [Float], classCount: Int) {
    self.init(
      labels: labels, probabilities: floats.map { Double($0.description) ?? Double($0) },
      classCount: classCount)
  }

  /// N.
  public var count: Int { labels.count }

  /// The counts of (true, predicted) classes.
  public var confusion: ConfusionMatrix {
    ConfusionMatrix(labels: labels, predictions: predictions, classCount: classCount)
  }

  /// Whether each sample's prediction is its label.
  public var hits: [Bool] { zip(labels, predictions).map { $0 == $1 } }

  /// The samples at `indices`, in that order.
  public func subset(_ indices: [Int]) -> ScoredSamples {
    ScoredSamples(
      labels: indices.map { labels[$0] },
      probabilities: indices.flatMap { probabilities[$0 * classCount..<($0 + 1) * classCount] },
      classCount: classCount)
  }

  /// The fraction of samples whose class is among their `k` most probable; ties favour the first.
  public func topAccuracy(_ k: Int) -> Double? {
    var correct = 0
    for sample in labels.indices {
      let start = sample * classCount
      let own = probabilities[start + labels[sample]]
      var ahead = 0
      for index in 0..<classCount {
        let other = probabilities[start + index]
        if other > own || (other == own && index < labels[sample]) { ahead += 1 }
      }
      if ahead < k { correct += 1 }
    }
    return ratio(correct, count)
  }

  /// Mean over samples of the squared distance from probabilities to the one-hot label.
  ///
  /// **Units**: 0 (perfect) to 2; Brier (1950) in its original form, not halved.
  public var brier: Double? {
    var sum = 0.0
    for sample in labels.indices {
      for index in 0..<classCount {
        let target = index == labels[sample] ? 1.0 : 0.0
        let difference = probabilities[sample * classCount + index] - target
        sum += difference * difference
      }
    }
    return count == 0 ? nil : sum / Double(count)
  }

  /// The least probability that the log likelihood counts with, so that one sure mistake stays
  /// finite: the double-precision machine epsilon, as scikit-learn's `log_loss`.
  public static let leastProbability = 0x1p-52

  /// Mean negative natural logarithm of the true class's probability.
  public var negativeLogLikelihood: Double? {
    var sum = 0.0
    for sample in labels.indices {
      let own = probabilities[sample * classCount + labels[sample]]
      sum -= log(min(max(own, Self.leastProbability), 1 - Self.leastProbability))
    }
    return count == 0 ? nil : sum / Double(count)
  }
}
