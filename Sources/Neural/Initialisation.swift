import Platform
import Tensors

/// How fresh weights are drawn, as torchvision and PyTorch do.
public enum Initialisation {
  /// Whether numbers are drawn; false leaves zeros, for networks that a file fills right after.
  @TaskLocal public static var isDrawn = true

  /// Normal with deviation sqrt(2 / fanOut) (He et al. 2015).
  public static func heNormal(_ shape: [Int], fanOut: Int, _ generator: inout SeededGenerator)
    -> Tensor
  {
    guard isDrawn else { return .zeros(shape) }
    let standardDeviation = (2 / Double(fanOut)).squareRoot()
    let tensor = Tensor(shape)
    for i in 0..<tensor.count { tensor.pointer[i] = Float(standardDeviation * generator.normal()) }
    return tensor
  }

  /// Uniform in +-1 / sqrt(fanIn), PyTorch's default for linear layers and biases.
  public static func uniform(_ shape: [Int], fanIn: Int, _ generator: inout SeededGenerator)
    -> Tensor
  {
    guard isDrawn else { return .zeros(shape) }
    let bound = 1 / Double(fanIn).squareRoot()
    let tensor = Tensor(shape)
    for i in 0..<tensor.count { tensor.pointer[i] = Float(generator.uniform(-bound, bound)) }
    return tensor
  }

  /// A random matrix that keeps lengths and angles: orthonormal columns where there are at least as
  /// many rows, else orthonormal rows times sqrt(columns / rows), which keeps lengths on average
  /// (Saxe et al. 2014).
  ///
  /// - Complexity: O(n^2 m) for n the smaller and m the larger count.
  public static func orthogonal(rows: Int, columns: Int, _ generator: inout SeededGenerator)
    -> Tensor
  {
    let (count, length) = (min(rows, columns), max(rows, columns))
    var basis: [[Double]] = []
    for _ in 0..<count {
      var vector = (0..<length).map { _ in generator.normal() }
      // Twice is enough (Kahan): once leaves rounding errors of what was taken away.
      for _ in 0..<2 {
        for other in basis {
          let along = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          for i in 0..<length { vector[i] -= along * other[i] }
        }
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      basis.append(vector.map { $0 / norm })
    }
    let scale = (Double(length) / Double(rows)).squareRoot()
    let tensor = Tensor([rows, columns])
    for row in 0..<rows {
      for column in 0..<columns {
        let value = rows < columns ? basis[row][column] : basis[column][row]
        tensor.pointer[row * columns + column] = Float(scale * value)
      }
    }
    return tensor
  }

  public static func constant(_ shape: [Int], _ value: Float) -> Tensor {
    let tensor = Tensor(shape)
    tensor.fill(value)
    return tensor
  }
}
