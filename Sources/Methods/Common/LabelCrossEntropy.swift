import Glibc

/// Softmax and cross-entropy in double precision.
///
/// Equation 2 of Li et al. 2025 (arXiv 2409.08598) on logits, and the inner part of equation 5 on
/// cosines over the temperature.
public enum LabelCrossEntropy {
  /// Returns the mean loss over the rows and its gradient by the logits.
  ///
  /// Shapes: `logits: [N, K]` and the gradient alike.
  public static func evaluate(logits: [Double], targets: Targets) -> (
    loss: Double, gradient: [Double]
  ) {
    let classes = targets.classCount
    let rows = targets.count
    var gradient = softmax(logits, classCount: classes)
    var loss = 0.0
    for row in 0..<rows {
      let span = row * classes..<(row + 1) * classes
      let logSum = logSumExp(logits[span])
      for index in span {
        let target = targets.distribution[index]
        if target != 0 { loss -= target * (logits[index] - logSum) }
        gradient[index] = (gradient[index] - target) / Double(rows)
      }
    }
    return (loss / Double(max(rows, 1)), gradient)
  }

  /// Returns the softmax of each row. Shape: `[N, K]`.
  public static func softmax(_ logits: [Double], classCount: Int) -> [Double] {
    var result = logits
    for start in stride(from: 0, to: logits.count, by: classCount) {
      let logSum = logSumExp(logits[start..<start + classCount])
      for index in start..<start + classCount { result[index] = exp(logits[index] - logSum) }
    }
    return result
  }

  private static func logSumExp(_ row: ArraySlice<Double>) -> Double {
    let peak = row.max() ?? 0
    return peak + log(row.reduce(0) { $0 + exp($1 - peak) })
  }

  /// log(1 + exp(x)) without overflow, and its derivative.
  static func softplus(_ x: Double) -> (value: Double, derivative: Double) {
    let small = exp(-abs(x))
    let value = max(x, 0) + log1p(small)
    return (value, x >= 0 ? 1 / (1 + small) : small / (1 + small))
  }
}
