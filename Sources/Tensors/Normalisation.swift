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

  /// What tells where a ReLU after the normalisation let its input through.
  public enum Mask {
    /// There was none.
    case none
    /// Its output.
    case output(Tensor)
    /// The sign of x scale + shift, bit for bit what `scaleShift` computed: the output need not be
    /// kept.
    case sign(scale: Tensor, shift: Tensor)

    fileprivate func with<Result>(_ body: (inout ferry_mask) -> Result) -> Result {
      var mask = ferry_mask(y: nil, scale: nil, shift: nil)
      switch self {
      case .none: return body(&mask)
      case .output(let y):
        mask.y = UnsafePointer(y.pointer)
        return withExtendedLifetime(y) { body(&mask) }
      case .sign(let scale, let shift):
        mask.scale = UnsafePointer(scale.pointer)
        mask.shift = UnsafePointer(shift.pointer)
        return withExtendedLifetime((scale, shift)) { body(&mask) }
      }
    }
  }

  /// With dz = dy where the mask lets it through: the sums of dz (x - mean) inverse, and of dz.
  public static func reduce(_ x: Tensor, mask: Mask, dy: Tensor, mean: Tensor, inverse: Tensor)
    -> (gamma: Tensor, beta: Tensor)
  {
    let gamma = Tensor(mean.shape)
    let beta = Tensor(mean.shape)
    mask.with {
      ferry_batch_norm_reduce(
        x.pointer, &$0, dy.pointer, mean.pointer, inverse.pointer, x.shape[0], x.shape[1],
        pixels(x), gamma.pointer, beta.pointer)
    }
    return (gamma, beta)
  }

  /// dx = a dz + b (x - mean) + d, and dz itself where `masked` is given.
  ///
  /// `dx` may be x, and `masked` may be dy.
  public static func backward(
    _ x: Tensor, mask: Mask, dy: Tensor, mean: Tensor, factors: (a: Tensor, b: Tensor, d: Tensor),
    into dx: Tensor, masked: Tensor?
  ) {
    var gradient = ferry_norm_gradient(
      mean: mean.pointer, a: factors.a.pointer, b: factors.b.pointer, d: factors.d.pointer)
    mask.with {
      ferry_batch_norm_backward(
        x.pointer, &$0, dy.pointer, &gradient, x.shape[0], x.shape[1], pixels(x), dx.pointer,
        masked?.pointer)
    }
  }
}
