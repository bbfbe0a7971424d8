import Tensors

/// Batch normalisation over samples and pixels, fused with a residual sum and ReLU.
///
/// Equation: y = relu(gamma (x - mean) / sqrt(variance + epsilon) + beta + residual)
/// (Ioffe and Szegedy 2015, algorithm 1). Training uses the batch's biased variance and moves the
/// running statistics by `momentum`, the variance unbiased, as PyTorch does; inference uses the
/// running statistics. A frozen layer, neither of whose parameters is trainable, uses the running
/// statistics in training, too, and leaves them alone.
public final class BatchNorm2d: Layer {
  /// PyTorch's default, added to the variance.
  public static let epsilon = 1e-5
  public static let momentum = 0.1

  public let weight: Parameter
  public let bias: Parameter
  public let runningMean: Tensor
  public let runningVariance: Tensor
  /// Whether max(0, .) follows.
  public let relu: Bool
  /// Added to the variance.
  public let epsilon: Double
  private let name: String
  private var saved: Saved?

  private struct Saved {
    var x: Tensor
    var mask: Normalisation.Mask
    var mean: Tensor
    var inverse: Tensor
    var scale: Tensor
    var shift: Tensor
    var addsResidual: Bool
    /// Whether mean and inverse are the running ones, which do not depend on x.
    var isFrozen: Bool
  }

  public init(_ name: String, channels: Int, relu: Bool = false, epsilon: Double = epsilon) {
    self.name = name
    self.relu = relu
    self.epsilon = epsilon
    weight = Parameter("\(name).weight", Initialisation.constant([channels], 1))
    bias = Parameter("\(name).bias", .zeros([channels]))
    runningMean = .zeros([channels])
    runningVariance = Initialisation.constant([channels], 1)
  }

  public var parameters: [Parameter] { [weight, bias] }

  public var buffers: [NamedTensor] {
    [
      NamedTensor("\(name).running_mean", runningMean),
      NamedTensor("\(name).running_var", runningVariance),
    ]
  }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    forward(x, training: training, adding: nil)
  }

  /// The forward pass with a residual added before the ReLU.
  public func forward(_ x: Tensor, training: Bool, adding residual: Tensor?) -> Tensor {
    let x = x.converted(to: .blocked)
    guard training else {
      saved = nil
      let (scale, shift) = inferenceFactors
      return Normalisation.scaleShift(x, scale: scale, shift: shift, residual: residual, relu: relu)
    }
    let (mean, inverse) = isFrozen ? runningFactors : batchFactors(x)
    let (scale, shift) = factors(mean: mean, inverse: inverse)
    let y = Normalisation.scaleShift(
      x, scale: scale, shift: shift, residual: residual, relu: relu)
    guard Recomputation.keeps else {
      saved = nil
      return y
    }
    let mask: Normalisation.Mask =
      !relu ? .none : (residual == nil ? .sign(scale: scale, shift: shift) : .output(y))
    saved = Saved(
      x: x, mask: mask, mean: mean, inverse: inverse, scale: scale, shift: shift,
      addsResidual: residual != nil, isFrozen: isFrozen)
    return y
  }

  private var isFrozen: Bool { !weight.isTrainable && !bias.isTrainable }

  /// The batch's mean and inverse deviation; moves the running statistics.
  private func batchFactors(_ x: Tensor) -> (mean: Tensor, inverse: Tensor) {
    let (mean, variance) = Normalisation.statistics(x)
    if Recomputation.moves {
      track(mean, variance, samples: x.shape[0] * x.shape[2] * x.shape[3])
    }
    let inverse = Tensor(mean.shape)
    for i in 0..<mean.count {
      inverse.pointer[i] = Float(1 / (Double(variance.pointer[i]) + epsilon).squareRoot())
    }
    return (mean, inverse)
  }

  /// The last training pass's output once more, for who did not keep it; not after a residual.
  package func recomputedOutput() -> Tensor {
    guard let saved, !saved.addsResidual else {
      preconditionFailure("only a training pass without a residual can be repeated")
    }
    return Normalisation.scaleShift(
      saved.x, scale: saved.scale, shift: saved.shift, residual: nil, relu: relu)
  }

  /// Scale and shift under the running statistics, a multiple of sixteen entries each.
  var inferenceFactors: (scale: Tensor, shift: Tensor) {
    let (mean, inverse) = runningFactors
    return factors(mean: mean, inverse: inverse)
  }

  private var runningFactors: (mean: Tensor, inverse: Tensor) {
    let count = Normalisation.channelCount(weight.value.count)
    let mean = Tensor.zeros([count])
    let inverse = Tensor.zeros([count])
    for i in 0..<weight.value.count {
      mean.pointer[i] = runningMean.pointer[i]
      inverse.pointer[i] = Float(
        1 / (Double(runningVariance.pointer[i]) + epsilon).squareRoot())
    }
    return (mean, inverse)
  }

  private func factors(mean: Tensor, inverse: Tensor) -> (scale: Tensor, shift: Tensor) {
    let scale = Tensor.zeros(mean.shape)
    let shift = Tensor.zeros(mean.shape)
    for i in 0..<weight.value.count {
      let factor = Double(weight.value.pointer[i]) * Double(inverse.pointer[i])
      scale.pointer[i] = Float(factor)
      shift.pointer[i] = Float(Double(bias.value.pointer[i]) - Double(mean.pointer[i]) * factor)
    }
    return (scale, shift)
  }

  private func track(_ mean: Tensor, _ variance: Tensor, samples: Int) {
    let unbiased = Double(samples) / Double(max(1, samples - 1))
    func move(_ running: Tensor, _ i: Int, to value: Double) {
      running.pointer[i] = Float(
        (1 - Self.momentum) * Double(running.pointer[i]) + Self.momentum * value)
    }
    for i in 0..<runningMean.count {
      move(runningMean, i, to: Double(mean.pointer[i]))
      move(runningVariance, i, to: Double(variance.pointer[i]) * unbiased)
    }
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    let (dx, _) = backward(dy, overwriting: false)
    return inputGradient ? dx : nil
  }

  /// The gradients of the input and, where there was one, of the residual.
  ///
  /// With `overwriting`, they take the place of the saved input and of `dy`, which nobody else may
  /// then use.
  package func backward(_ dy: Tensor, overwriting: Bool) -> (dx: Tensor, residual: Tensor?) {
    guard let saved = saved.take() else { preconditionFailure("backward needs a training forward") }
    let dy = dy.converted(to: .blocked)
    let (x, mean) = (saved.x, saved.mean)
    let sums = Normalisation.reduce(
      x, mask: saved.mask, dy: dy, mean: mean, inverse: saved.inverse)
    weight.addGradient { sums.gamma.pointer[$0] }
    bias.addGradient { sums.beta.pointer[$0] }
    let dx = overwriting ? x : Tensor(x.shape, layout: .blocked)
    let residual: Tensor? =
      saved.addsResidual
      ? (overwriting || !relu ? dy : Tensor(dy.shape, layout: .blocked)) : nil
    Normalisation.backward(
      x, mask: saved.mask, dy: dy, mean: mean, factors: gradientFactors(sums, saved), into: dx,
      masked: relu ? residual : nil)
    return (dx, residual)
  }

  /// dx = gamma inverse (dz - sum dz / M - xhat sum (dz xhat) / M) as a dz + b (x - mean) + d; of a
  /// frozen layer gamma inverse dz.
  private func gradientFactors(_ sums: (gamma: Tensor, beta: Tensor), _ saved: Saved)
    -> (a: Tensor, b: Tensor, d: Tensor)
  {
    let shape = saved.mean.shape
    let (a, b, d) = (Tensor.zeros(shape), Tensor.zeros(shape), Tensor.zeros(shape))
    let samples = Double(saved.x.shape[0] * saved.x.shape[2] * saved.x.shape[3])
    for i in 0..<weight.value.count {
      let inverse = Double(saved.inverse.pointer[i])
      let factor = Double(weight.value.pointer[i]) * inverse
      a.pointer[i] = Float(factor)
      if saved.isFrozen { continue }
      b.pointer[i] = Float(-factor * inverse * Double(sums.gamma.pointer[i]) / samples)
      d.pointer[i] = Float(-factor * Double(sums.beta.pointer[i]) / samples)
    }
    return (a, b, d)
  }
}
