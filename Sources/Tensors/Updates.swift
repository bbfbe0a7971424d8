import CKernels

/// The optimisers' updates of one parameter.
public enum Update {
  /// One step of stochastic gradient descent with momentum, as PyTorch defines it:
  /// g += decay w; v = momentum v + g (v = g at first); w -= rate (nesterov: g + momentum v, else v).
  public static func sgd(
    _ value: Tensor, gradient: Tensor, velocity: Tensor, rate: Double, momentum: Double,
    decay: Double, nesterov: Bool, first: Bool
  ) {
    var options = ferry_sgd_options(
      rate: Float(rate), momentum: Float(momentum), decay: Float(decay),
      nesterov: nesterov ? 1 : 0, first: first ? 1 : 0)
    ferry_sgd(&options, gradient.pointer, value.count, value.pointer, velocity.pointer)
  }

  /// One step of AdamW (Loshchilov and Hutter 2019), decoupled decay.
  ///
  /// `powers` are the betas to the power of the step's number, which counts from 1.
  public static func adamW(
    _ value: Tensor, gradient: Tensor, first: Tensor, second: Tensor, rate: Double,
    betas: (Double, Double), epsilon: Double, decay: Double,
    powers: (Double, Double)
  ) {
    var options = ferry_adamw_options(
      rate: Float(rate), beta1: Float(betas.0), beta2: Float(betas.1), epsilon: Float(epsilon),
      decay: Float(decay), share1: Float(1 - betas.0), share2: Float(1 - betas.1),
      correction1: Float(1 - powers.0), correction2: Float(1 - powers.1))
    ferry_adamw(
      &options, gradient.pointer, value.count, value.pointer, first.pointer, second.pointer)
  }
}
