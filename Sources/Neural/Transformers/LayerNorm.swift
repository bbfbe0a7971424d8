import Tensors

/// Normalisation of each row by its own mean and deviation (Ba et al. 2016).
///
/// Shapes: rows [N, width] to [N, width].
public final class LayerNorm: Layer {
  public let weight: Parameter
  public let bias: Parameter
  private let epsilon: Float
  private var saved: LayerNormalisation.Saved?

  public init(
    _ name: String, width: Int, epsilon: Float = 1e-5, from source: ParameterSource
  ) throws {
    weight = try source.parameter("\(name).weight", [width], .ones)
    bias = try source.parameter("\(name).bias", [width], .zeros)
    self.epsilon = epsilon
  }

  public var parameters: [Parameter] { [weight, bias] }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    let (y, saved) = LayerNormalisation.forward(
      x, gamma: weight.value, beta: bias.value, epsilon: epsilon,
      keeping: training && Recomputation.keeps)
    self.saved = saved
    return y
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    let dx = inputGradient ? Tensor(dy.shape) : nil
    backward(dy, addingTo: nil, into: dx)
    return dx
  }

  /// The same with the input's gradient added to what `sum` holds.
  package func backward(_ dy: Tensor, addingTo sum: Tensor) {
    backward(dy, addingTo: sum, into: nil)
  }

  private func backward(_ dy: Tensor, addingTo sum: Tensor?, into dx: Tensor?) {
    guard let saved = saved.take() else { preconditionFailure("backward needs a training forward") }
    weight.addGradient { accumulate, gradient in
      LayerNormalisation.gradients(dy, saved: saved, gamma: (accumulate, gradient), beta: nil)
    }
    bias.addGradient { Rows.sum(dy, accumulate: $0, into: $1) }
    if let target = sum ?? dx {
      LayerNormalisation.backward(
        dy, saved: saved, gamma: weight.value, accumulate: sum != nil, into: target)
    }
  }
}
