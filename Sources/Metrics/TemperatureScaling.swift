import Artifacts
import Glibc

/// One number that makes a model's confidence believable: logits are divided by it before the
/// softmax (Guo et al. 2017, section 4.2). It changes no prediction.
///
/// It is fitted on rows that are not tested on, by the least negative log likelihood.
public struct TemperatureScaling: Sendable, Equatable {
  public let temperature: Double
  /// The number of rows that it was fitted on.
  public let count: Int

  /// The range that is searched; rows that are all classified rightly have no finite optimum.
  public static let range = 0.01...100.0

  public init(temperature: Double, count: Int) {
    self.temperature = temperature
    self.count = count
  }

  /// Fits the temperature.
  ///
  /// **Equation**: with b = 1 / T, the derivative of the mean of log sum_k exp(b z_k) - b z_y grows
  /// with b, so its root is found by halving.
  /// - Parameter logits: `[N, K]`, row-major; any constant may be added to a row.
  /// - Returns: nil without rows.
  public init?(logits: [Double], labels: [Int], classCount: Int) {
    precondition(logits.count == labels.count * classCount)
    guard !labels.isEmpty else { return nil }
    var low = log(1 / Self.range.upperBound)
    var high = log(1 / Self.range.lowerBound)
    while true {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if Self.slope(exp(middle), logits, labels, classCount) > 0 {
        high = middle
      } else {
        low = middle
      }
    }
    self.init(temperature: exp(-(low + high) / 2), count: labels.count)
  }

  /// The derivative of the negative log likelihood by b, times the number of rows.
  private static func slope(
    _ b: Double, _ logits: [Double], _ labels: [Int], _ classCount: Int
  ) -> Double {
    var sum = 0.0
    for (row, label) in labels.enumerated() {
      let start = row * classCount
      var largest = -Double.infinity
      for index in start..<start + classCount { largest = max(largest, logits[index]) }
      var (weights, mean) = (0.0, 0.0)
      for index in start..<start + classCount where logits[index] > -.infinity {
        let weight = exp(b * (logits[index] - largest))
        weights += weight
        mean += weight * logits[index]
      }
      sum += mean / weights - logits[start + label]
    }
    return sum
  }

  /// The samples with their probabilities scaled: proportional to p^(1/T).
  public func applied(to scored: ScoredSamples) -> ScoredSamples {
    let k = scored.classCount
    var scaled: [Double] = []
    scaled.reserveCapacity(scored.probabilities.count)
    for row in 0..<scored.count {
      let logits = scored.probabilities[row * k..<(row + 1) * k].map { log($0) / temperature }
      let largest = logits.max() ?? 0
      let weights = logits.map { exp($0 - largest) }
      let sum = weights.reduce(0, +)
      scaled += weights.map { $0 / sum }
    }
    return ScoredSamples(labels: scored.labels, probabilities: scaled, classCount: k)
  }

  /// What `metrics.json` says: the temperature, what it was fitted on, and the scores with it.
  func json(_ scored: ScoredSamples) -> JSONValue {
    let scaled = applied(to: scored)
    let number = { (value: Double?) in value.map { JSONValue.number($0) } ?? .null }
    return [
      "temperature": .number(temperature), "fitted_on": "validation", "n": .integer(count),
      "ece": number(scaled.expectedCalibrationError()), "brier": number(scaled.brier),
      "nll": number(scaled.negativeLogLikelihood),
    ]
  }

  init?(json: JSONValue?) {
    guard let temperature = json?["temperature"]?.number, temperature > 0,
      let count = json?["n"]?.integer
    else { return nil }
    self.init(temperature: temperature, count: count)
  }
}
