import CKernels

/// Elementwise operations on tensors of one shape and layout.
public enum Elementwise {
  /// max(0, x).
  public static func relu(_ x: Tensor) -> Tensor {
    let y = Tensor(x.shape, layout: x.layout)
    ferry_relu(x.pointer, x.storedCount, y.pointer)
    return y
  }

  /// dy where the output y was positive, else zero.
  public static func reluBackward(_ dy: Tensor, output y: Tensor) -> Tensor {
    precondition(dy.shape == y.shape && dy.layout == y.layout)
    let dx = Tensor(y.shape, layout: y.layout)
    ferry_relu_backward(y.pointer, dy.pointer, y.storedCount, dx.pointer)
    return dx
  }

  /// sum += x.
  public static func add(_ x: Tensor, to sum: Tensor) {
    precondition(x.shape == sum.shape && x.layout == sum.layout)
    ferry_add(x.pointer, x.storedCount, sum.pointer)
  }

  /// x *= factor.
  public static func multiply(_ x: Tensor, by factor: Float) {
    ferry_multiply(factor, x.storedCount, x.pointer)
  }

  /// The sum of squares, in double precision.
  public static func sumOfSquares(_ x: Tensor) -> Double {
    ferry_sum_squares(x.pointer, x.storedCount)
  }
}
