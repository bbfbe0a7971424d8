import Platform
import Tensors

/// y = x W^T + b with weights [outputs, inputs], over rows.
public final class Linear: Layer {
  public let weight: Parameter
  public let bias: Parameter?
  private var input: Tensor?

  /// - Parameter generator: draws weights and bias, uniform in +-1 / sqrt(inputs).
  public init(
    _ name: String, inputs: Int, outputs: Int, bias: Bool = true,
    generator: inout SeededGenerator
  ) {
    weight = Parameter(
      "\(name).weight", Initialisation.uniform([outputs, inputs], fanIn: inputs, &generator))
    self.bias =
      bias
      ? Parameter("\(name).bias", Initialisation.uniform([outputs], fanIn: inputs, &generator))
      : nil
  }

  public var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    input = training ? x : nil
    return Matrix.product(
      x, weight.value, transposeB: true, epilogue: ProductEpilogue(bias: bias?.value))
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let x = input.take() else { preconditionFailure("backward needs a training forward") }
    weight.addGradient { accumulate, gradient in
      Matrix.multiply(dy, transposeA: true, x, accumulate: accumulate, into: gradient)
    }
    bias?.addGradient { column in
      var sum = 0.0
      for row in 0..<dy.shape[0] { sum += Double(dy.pointer[row * dy.shape[1] + column]) }
      return Float(sum)
    }
    return inputGradient ? Matrix.product(dy, weight.value) : nil
  }
}
