import Tensors

/// y = x W^T + b over rows, with a residual added on the way.
package final class Projection {
  /// [outputs, inputs], or [inputs, outputs] where `isTransposed`.
  package let weight: Parameter
  package let bias: Parameter?
  package let outputs: Int
  private let isTransposed: Bool
  private var input: Tensor?

  /// - Parameter standardDeviation: of fresh weights.
  package init(
    _ weight: String, _ bias: String?, inputs: Int, outputs: Int, transposed: Bool = false,
    standardDeviation: Double, from source: ParameterSource
  ) throws {
    self.weight = try source.parameter(
      weight, transposed ? [inputs, outputs] : [outputs, inputs], .normal(standardDeviation))
    self.bias = try bias.map { try source.parameter($0, [outputs], .zeros) }
    self.outputs = outputs
    isTransposed = transposed
  }

  package var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  package func forward(_ x: Tensor, adding residual: Tensor? = nil, training: Bool) -> Tensor {
    forward(x, epilogue: ProductEpilogue(bias: bias?.value, residual: residual), training: training)
  }

  /// activation(x W^T + b), and the activation's argument where it is kept for the backward pass.
  package func forward(_ x: Tensor, _ activation: Activation, training: Bool) -> (
    y: Tensor, sum: Tensor?
  ) {
    let sum = training && Recomputation.keeps ? Tensor([x.shape[0], outputs]) : nil
    let epilogue = ProductEpilogue(bias: bias?.value, activation: (activation, keeping: sum))
    return (forward(x, epilogue: epilogue, training: training), sum)
  }

  private func forward(_ x: Tensor, epilogue: ProductEpilogue, training: Bool) -> Tensor {
    input = training && Recomputation.keeps ? x : nil
    return Matrix.product(x, weight.value, transposeB: !isTransposed, epilogue: epilogue)
  }

  /// Forgets the input that a training forward kept, or gives it back before the backward pass.
  package func keep(_ x: Tensor?) { input = x }

  /// Adds the gradients; `dy` is left as it is.
  ///
  /// - Parameter slope: the activation that made the input and its argument: the result is then the
  ///   gradient of that.
  package func backward(
    _ dy: Tensor, slope: (Activation, at: Tensor)? = nil, inputGradient: Bool
  ) -> Tensor? {
    guard let x = input.take() else { preconditionFailure("backward needs a training forward") }
    weight.addGradient { accumulate, gradient in
      let (a, b) = isTransposed ? (x, dy) : (dy, x)
      Matrix.multiply(a, transposeA: true, b, accumulate: accumulate, into: gradient)
    }
    bias?.addGradient { Rows.sum(dy, accumulate: $0, into: $1) }
    return inputGradient
      ? Matrix.product(
        dy, weight.value, transposeB: isTransposed, epilogue: ProductEpilogue(slope: slope)) : nil
  }
}
