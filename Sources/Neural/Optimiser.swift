import Platform
import Tensors

/// Updates parameters from their gradients.
///
/// Parameters that are not trainable keep their values; weight decay spares those that do not decay.
public protocol Optimiser: AnyObject {
  /// May be set before every step.
  var learningRate: Double { get set }
  var parameters: [Parameter] { get }
  /// Everything a resumed run needs, by name.
  var state: [NamedTensor] { get }
  /// Updates every parameter; gradients stay as they are.
  func step()
}

extension Optimiser {
  /// Starts new gradient sums.
  public func zeroGradients() { for parameter in parameters { parameter.zeroGradient() } }

  /// Scales all gradients so that their joint norm is at most `limit`; returns the norm before.
  ///
  /// Equation: g *= limit / (norm + 1e-6) where that is below 1, as PyTorch's clip_grad_norm_.
  @discardableResult
  public func clipGradients(norm limit: Double) -> Double {
    let norm = gradientNorm
    let factor = limit / (norm + 1e-6)
    if factor < 1 {
      for parameter in parameters where parameter.isTrainable {
        Elementwise.multiply(parameter.gradient, by: Float(factor))
      }
    }
    return norm
  }

  /// The joint norm of the trainable parameters' gradients.
  public var gradientNorm: Double {
    parameters.reduce(0) { sum, parameter in
      sum + (parameter.isTrainable ? Elementwise.sumOfSquares(parameter.gradient) : 0)
    }.squareRoot()
  }
}

/// Stochastic gradient descent with momentum, Nesterov's variant and weight decay, as PyTorch's.
public final class SGD: Optimiser {
  public var learningRate: Double
  public let parameters: [Parameter]
  private let momentum: Double
  private let weightDecay: Double
  private let nesterov: Bool
  private let velocities: [Tensor]
  private let steps = Tensor.zeros([1])

  public init(
    _ parameters: [Parameter], learningRate: Double, momentum: Double = 0,
    weightDecay: Double = 0, nesterov: Bool = false
  ) {
    precondition(!nesterov || momentum > 0, "Nesterov's variant needs momentum")
    self.parameters = parameters
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    velocities = parameters.map { .zeros($0.value.shape) }
  }

  public var state: [NamedTensor] {
    zip(parameters, velocities).map { NamedTensor("velocity.\($0.name)", $1) }
      + [NamedTensor("steps", steps)]
  }

  public func step() {
    for (parameter, velocity) in zip(parameters, velocities) where parameter.isTrainable {
      Update.sgd(
        parameter.value, gradient: parameter.gradient, velocity: velocity,
        rate: learningRate * parameter.learningRateFactor, momentum: momentum,
        decay: parameter.decays ? weightDecay : 0, nesterov: nesterov,
        first: steps[0] == 0)
    }
    steps[0] += 1
  }
}

/// AdamW (Loshchilov and Hutter 2019) as PyTorch's.
public final class AdamW: Optimiser {
  public var learningRate: Double
  public let parameters: [Parameter]
  private let betas: (Double, Double)
  private let epsilon: Double
  private let weightDecay: Double
  private let firsts: [Tensor]
  private let seconds: [Tensor]
  private let steps = Tensor.zeros([1])
  /// The betas to the power of the number of steps, and that number.
  private var powers = (first: 1.0, second: 1.0, step: 0)

  public init(
    _ parameters: [Parameter], learningRate: Double, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    self.parameters = parameters
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    firsts = parameters.map { .zeros($0.value.shape) }
    seconds = parameters.map { .zeros($0.value.shape) }
  }

  public var state: [NamedTensor] {
    zip(parameters, firsts).map { NamedTensor("first.\($0.name)", $1) }
      + zip(parameters, seconds).map { NamedTensor("second.\($0.name)", $1) }
      + [NamedTensor("steps", steps)]
  }

  public func step() {
    steps[0] += 1
    advancePowers(to: Int(steps[0]))
    for (index, parameter) in parameters.enumerated() where parameter.isTrainable {
      Update.adamW(
        parameter.value, gradient: parameter.gradient, first: firsts[index],
        second: seconds[index], rate: learningRate * parameter.learningRateFactor, betas: betas,
        epsilon: epsilon,
        decay: parameter.decays ? weightDecay : 0, powers: (powers.first, powers.second))
    }
  }

  /// One multiplication per step; a restored state sets `steps` to another number, from which the same
  /// products are made again.
  private func advancePowers(to step: Int) {
    if powers.step > step { powers = (1, 1, 0) }
    while powers.step < step {
      powers.first *= betas.0
      powers.second *= betas.1
      powers.step += 1
    }
  }
}

/// An exponential moving average of tensors: average = decay average + (1 - decay) value.
public final class ExponentialAverage {
  public let decay: Float
  /// The averages, under the names of the tensors they follow.
  public let averages: [NamedTensor]
  private let followed: [Tensor]

  public init(of tensors: [NamedTensor], decay: Double) {
    self.decay = Float(decay)
    followed = tensors.map(\.tensor)
    averages = tensors.map { NamedTensor($0.name, $0.tensor.copy()) }
  }

  /// Takes in the tensors' present values.
  public func update() {
    for (average, tensor) in zip(averages, followed) {
      let pointer = average.tensor.pointer
      for i in 0..<tensor.count {
        pointer[i] = decay * pointer[i] + (1 - decay) * tensor.pointer[i]
      }
    }
  }
}
