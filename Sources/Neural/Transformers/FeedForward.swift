import Tensors

/// Two projections with an activation between (Vaswani et al. 2017, section 3.3).
package final class FeedForward {
  private let up: Projection
  private let down: Projection
  private let activation: Activation
  private var sum: Tensor?

  package init(
    up: String, down: String, width: Int, hidden: Int, activation: Activation,
    standardDeviation: (up: Double, down: Double), from source: ParameterSource
  ) throws {
    self.up = try Projection(
      "\(up).weight", "\(up).bias", inputs: width, outputs: hidden,
      standardDeviation: standardDeviation.up,
      from: source)
    self.down = try Projection(
      "\(down).weight", "\(down).bias", inputs: hidden, outputs: width,
      standardDeviation: standardDeviation.down,
      from: source)
    self.activation = activation
  }

  package var parameters: [Parameter] { up.parameters + down.parameters }

  package func forward(_ x: Tensor, adding residual: Tensor?, training: Bool) -> Tensor {
    let (hidden, sum) = up.forward(x, activation, training: training)
    self.sum = sum
    let y = down.forward(hidden, adding: residual, training: training)
    // The widest tensor of a block: computed again rather than kept.
    down.keep(nil)
    return y
  }

  package func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let sum = sum.take() else {
      preconditionFailure("backward needs a training forward")
    }
    down.keep(activation.value(at: sum))
    guard let gradient = down.backward(dy, slope: (activation, at: sum), inputGradient: true)
    else { return nil }
    return up.backward(gradient, inputGradient: inputGradient)
  }
}
