import Glibc
import Tensors

/// Softmax and cross-entropy over rows, in double precision.
public enum SoftmaxCrossEntropy {
  /// exp(z) / sum exp(z) of each row.
  public static func probabilities(_ logits: Tensor) -> Tensor {
    let result = Tensor(logits.shape)
    let columns = logits.shape[1]
    for row in 0..<logits.shape[0] {
      let (shifted, total) = exponentials(logits, row)
      for j in 0..<columns { result.pointer[row * columns + j] = Float(exp(shifted[j]) / total) }
    }
    return result
  }

  /// The mean loss over rows, and its gradient.
  ///
  /// Equation: -sum_j t_j log softmax(z)_j with t = (1 - smoothing) one-hot + smoothing / K.
  /// - Shapes: logits [N, K], N labels of 0 ..< K.
  public static func loss(_ logits: Tensor, labels: [Int], smoothing: Double = 0)
    -> (loss: Double, gradient: Tensor)
  {
    let (rows, columns) = (logits.shape[0], logits.shape[1])
    precondition(labels.count == rows && labels.allSatisfy { $0 >= 0 && $0 < columns })
    let targets = Tensor.zeros(logits.shape)
    targets.fill(Float(smoothing / Double(columns)))
    for (row, label) in labels.enumerated() {
      targets.pointer[row * columns + label] += Float(1 - smoothing)
    }
    return loss(logits, targets: targets)
  }

  /// The mean loss over rows against given distributions, and its gradient.
  public static func loss(_ logits: Tensor, targets: Tensor) -> (loss: Double, gradient: Tensor) {
    precondition(targets.shape == logits.shape)
    let (rows, columns) = (logits.shape[0], logits.shape[1])
    let gradient = Tensor(logits.shape)
    var sum = 0.0
    for row in 0..<rows {
      let (shifted, total) = exponentials(logits, row)
      let normaliser = log(total)
      let mass = (0..<columns).reduce(0) { $0 + Double(targets.pointer[row * columns + $1]) }
      for j in 0..<columns {
        let target = Double(targets.pointer[row * columns + j])
        let probability = exp(shifted[j]) / total
        if target != 0 { sum -= target * (shifted[j] - normaliser) }
        gradient.pointer[row * columns + j] = Float(
          (probability * mass - target) / Double(rows))
      }
    }
    return (sum / Double(max(1, rows)), gradient)
  }

  /// Each value less the row's greatest, and the sum of their exponentials.
  private static func exponentials(_ logits: Tensor, _ row: Int) -> ([Double], Double) {
    let columns = logits.shape[1]
    let values = (0..<columns).map { Double(logits.pointer[row * columns + $0]) }
    let greatest = values.max() ?? 0
    let shifted = values.map { $0 - greatest }
    return (shifted, shifted.reduce(0) { $0 + exp($1) })
  }
}

/// Rows scaled to unit length, and back.
public enum RowNormalisation {
  /// Lengths below this count as this, as PyTorch's `normalize`.
  public static let leastLength = 1e-12

  /// x / max(|x|, leastLength) of each row, and the lengths used.
  public static func forward(_ x: Tensor) -> (unit: Tensor, lengths: [Double]) {
    let (rows, columns) = (x.shape[0], x.shape[1])
    let unit = Tensor(x.shape)
    var lengths: [Double] = []
    for row in 0..<rows {
      let from = x.pointer + row * columns
      var squares = 0.0
      for j in 0..<columns { squares += Double(from[j]) * Double(from[j]) }
      let length = max(squares.squareRoot(), leastLength)
      for j in 0..<columns { unit.pointer[row * columns + j] = Float(Double(from[j]) / length) }
      lengths.append(length)
    }
    return (unit, lengths)
  }

  /// dx = (du - u (u . du)) / |x| of each row.
  public static func backward(_ dUnit: Tensor, unit: Tensor, lengths: [Double]) -> Tensor {
    let (rows, columns) = (unit.shape[0], unit.shape[1])
    let dx = Tensor(unit.shape)
    for row in 0..<rows {
      let u = unit.pointer + row * columns
      let du = dUnit.pointer + row * columns
      var along = 0.0
      for j in 0..<columns { along += Double(u[j]) * Double(du[j]) }
      for j in 0..<columns {
        dx.pointer[row * columns + j] = Float(
          (Double(du[j]) - Double(u[j]) * along) / lengths[row])
      }
    }
    return dx
  }
}

/// Cosine similarity between all rows of two matrices, with its gradients.
public struct CosineSimilarity {
  /// [rows of a, rows of b].
  public let similarities: Tensor
  private let a: (unit: Tensor, lengths: [Double])
  private let b: (unit: Tensor, lengths: [Double])

  public init(_ a: Tensor, _ b: Tensor) {
    self.a = RowNormalisation.forward(a)
    self.b = RowNormalisation.forward(b)
    similarities = Matrix.product(self.a.unit, self.b.unit, transposeB: true)
  }

  /// The gradient of the first matrix.
  public func backwardFirst(_ gradient: Tensor) -> Tensor {
    RowNormalisation.backward(
      Matrix.product(gradient, b.unit), unit: a.unit, lengths: a.lengths)
  }

  /// The gradient of the second matrix.
  public func backwardSecond(_ gradient: Tensor) -> Tensor {
    RowNormalisation.backward(
      Matrix.product(gradient, transposeA: true, a.unit), unit: b.unit, lengths: b.lengths)
  }
}
