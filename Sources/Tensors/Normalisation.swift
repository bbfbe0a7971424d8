import CKernels

/// The kernels of batch normalisation over blocked tensors [N, C, H, W].
///
/// Vectors of a value a channel are tensors of `channelCount(C)` entries, a multiple of sixteen.
public enum Normalisation {
  /// C rounded up to whole blocks.
  public static func channelCount(_ channels: Int) -> Int { Tensor.blocks(channels) * 16 }

  private static func pixels(_ x: Tensor) -> Int {
    precondition(x.layout == .blocked, "batch normalisation takes blocked tensors")
    return x.shape[2] * x.shape[3]
  }

  /// Mean and biased variance over samples and pixels.
  ///
  /// Numerics: float within 256 pixels, double above, squares about each run's own mean.
  public static func statistics(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let mean = Tensor([channelCount(x.shape[1])])
    let variance = Tensor([channelCount(x.shape[1])])
    ferry_batch_statistics(
      x.pointer, x.shape[0], x.shape[1], pixels(x), mean.pointer, variance.pointer)
    return (mean, variance)
  }

  /// x scale + shift (+ residual), then max(0, .) with `relu`.
  public static func scaleShift(
    _ x: Tensor, scale: Tensor, shift: Tensor, residual: Tensor?, relu: Bool
  ) -> Tensor {
    precondition(residual == nil || (residual?.shape == x.shape && residual?.layout == .blocked))
    let y = Tensor(x.shape, layout: .blocked)
    ferry_scale_shift(
      x.pointer, scale.pointer, shift.pointer, residual?.pointer, relu ? 1 : 0, x.shape[0],
      x.shape[1], pixels(x), y.pointer)
    return y
  }

  /// With dz = dy where y > 0 (everywhere without y): the sums of dz (x - mean) inverse, and of dz.
  public static func reduce(
    _ x: Tensor, y: Tensor?, dy: Tensor, mean: Tensor, inverse: Tensor
  ) -> (gamma: Tensor, beta: Tensor) {
    let gamma = Tensor(mean.shape)
    let beta = Tensor(mean.shape)
    ferry_batch_norm_reduce(
      x.pointer, y?.pointer, dy.pointer, mean.pointer, inverse.pointer, x.shape[0], x.shape[1],
      pixels(x), gamma.pointer, beta.pointer)
    return (gamma, beta)
  }

  /// dx = a dz + b (x - mean) + d, and dz itself where `masked` is given.
  ///
  /// `dx` may be x, and `masked` may be dy.
  public static func backward(
    _ x: Tensor, y: Tensor?, dy: Tensor, mean: Tensor, factors: (a: Tensor, b: Tensor, d: Tensor),
    into dx: Tensor, masked: Tensor?
  ) {
    ferry_batch_norm_backward(
      x.pointer, y?.pointer, dy.pointer, mean.pointer, factors.a.pointer, factors.b.pointer,
      factors.d.pointer, x.shape[0], x.shape[1], pixels(x), dx.pointer, masked?.pointer)
  }
}
