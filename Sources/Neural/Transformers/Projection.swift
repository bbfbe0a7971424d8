import Tensors

/// y = x W^T + b over rows, with a residual added on the way.
final class Projection {
  /// [outputs, inputs], or [inputs, outputs] where `isTransposed`.
  let weight: Parameter
  let bias: Parameter?
  let outputs: Int
  private let isTransposed: Bool
  private var input: Tensor?

  /// - Parameter deviation: of fresh weights.
  init(
    _ weight: String, _ bias: String?, inputs: Int, outputs: Int, transposed: Bool = false,
    deviation: Double, from source: ParameterSource
  ) throws {
    self.weight = try source.parameter(
      weight, transposed ? [inputs, outputs] : [outputs, inputs], .normal(deviation))
    self.bias = try bias.map { try source.parameter($0, [outputs], .zeros) }
    self.outputs = outputs
    isTransposed = transposed
  }

  var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  /// x W^T without the bias.
  func product(_ x: Tensor, training: Bool) -> Tensor {
    input = training ? x : nil
    return Matrix.product(x, weight.value, transposeB: !isTransposed)
  }

  func forward(_ x: Tensor, adding residual: Tensor? = nil, training: Bool) -> Tensor {
    let y = product(x, training: training)
    Rows.add(bias?.value, residual, to: y)
    return y
  }

  /// Adds the gradients; `dy` is left as it is.
  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let x = input.take() else { preconditionFailure("backward needs a training forward") }
    weight.addGradient { accumulate, gradient in
      let (a, b) = isTransposed ? (x, dy) : (dy, x)
      Matrix.multiply(a, transposeA: true, b, accumulate: accumulate, into: gradient)
    }
    bias?.addGradient { Rows.sum(dy, accumulate: $0, into: $1) }
    return inputGradient
      ? Matrix.product(dy, weight.value, transposeB: isTransposed) : nil
  }
}
