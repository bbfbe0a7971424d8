/// How often predictions of about one confidence are right.
public struct ReliabilityBin: Sendable, Equatable {
  /// The bin holds confidences in (low, high]; the first bin also 0.
  public let low: Double
  public let high: Double
  /// The number of samples in the bin.
  public let count: Int
  /// The fraction of them that is correct; nil in an empty bin.
  public let accuracy: Double?
  /// Their mean confidence; nil in an empty bin.
  public let confidence: Double?
}

extension ScoredSamples {
  /// The number of bins of the published calibration error (Guo et al. 2017 use 15).
  public static let calibrationBins = 15

  /// Bins of equal width over the confidence (the largest probability).
  public func reliability(bins: Int = calibrationBins) -> [ReliabilityBin] {
    var counts = Array(repeating: 0, count: bins)
    var correct = Array(repeating: 0, count: bins)
    var confidence = Array(repeating: 0.0, count: bins)
    let edges = (0...bins).map { Double($0) / Double(bins) }
    for sample in labels.indices {
      let top = probabilities[sample * classCount + predictions[sample]]
      let bin = edges.dropFirst().firstIndex { top <= $0 }.map { $0 - 1 } ?? bins - 1
      counts[bin] += 1
      confidence[bin] += top
      if predictions[sample] == labels[sample] { correct[bin] += 1 }
    }
    return counts.indices.map { bin in
      ReliabilityBin(
        low: edges[bin], high: edges[bin + 1], count: counts[bin],
        accuracy: ratio(correct[bin], counts[bin]),
        confidence: counts[bin] == 0 ? nil : confidence[bin] / Double(counts[bin]))
    }
  }

  /// Expected calibration error: the mean gap between confidence and accuracy over the bins,
  /// weighted by their counts.
  ///
  /// **Equation**: ECE = sum_b n_b / N |acc_b - conf_b| (Guo et al. 2017, eq. 3).
  public func expectedCalibrationError(bins: Int = calibrationBins) -> Double? {
    guard count > 0 else { return nil }
    var sum = 0.0
    for bin in reliability(bins: bins) {
      guard let accuracy = bin.accuracy, let confidence = bin.confidence else { continue }
      sum += Double(bin.count) / Double(count) * abs(accuracy - confidence)
    }
    return sum
  }
}
