import CKernels

/// Maximum pooling over square windows of blocked tensors.
public struct MaximumPooling: Sendable, Equatable {
  public var size: Int
  public var stride: Int
  public var padding: Int
  /// Whether a last, partial window counts, too.
  public var roundsUp: Bool

  public init(size: Int, stride: Int, padding: Int = 0, roundsUp: Bool = false) {
    precondition(size > 0 && stride > 0 && padding >= 0 && 2 * padding <= size && size <= 15)
    self.size = size
    self.stride = stride
    self.padding = padding
    self.roundsUp = roundsUp
  }

  /// The winning tap of each output.
  public final class Winners {
    fileprivate let codes: UnsafeMutablePointer<UInt8>
    fileprivate init(_ count: Int) { codes = .allocate(capacity: count) }
    deinit { codes.deallocate() }
  }

  private func extent(_ input: Int) -> Int {
    let span = input + 2 * padding - size
    precondition(span >= 0, "the input is smaller than the pooling window")
    guard roundsUp else { return span / stride + 1 }
    let count = (span + stride - 1) / stride + 1
    return (count - 1) * stride >= input + padding ? count - 1 : count
  }

  /// The pooled tensor and, where `winners` is set, what its gradient needs.
  public func forward(_ x: Tensor, winners wanted: Bool) -> (y: Tensor, winners: Winners?) {
    precondition(x.layout == .blocked)
    let y = Tensor(
      [x.shape[0], x.shape[1], extent(x.shape[2]), extent(x.shape[3])], layout: .blocked)
    let winners = wanted ? Winners(y.storedCount) : nil
    ferry_max_pool(
      x.pointer, x.shape[0], x.shape[1], x.shape[2], x.shape[3], y.shape[2], y.shape[3], size,
      stride, padding, y.pointer, winners?.codes)
    return (y, winners)
  }

  public func backward(_ dy: Tensor, winners: Winners, input: [Int]) -> Tensor {
    precondition(dy.layout == .blocked)
    let dx = Tensor(input, layout: .blocked)
    ferry_max_pool_backward(
      dy.pointer, winners.codes, input[0], input[1], input[2], input[3], dy.shape[2], dy.shape[3],
      size, stride, padding, dx.pointer)
    return dx
  }
}

/// The mean over all pixels: blocked [N, C, H, W] to plain [N, C].
public enum GlobalAverage {
  public static func forward(_ x: Tensor) -> Tensor {
    precondition(x.layout == .blocked)
    let y = Tensor([x.shape[0], x.shape[1]])
    ferry_global_average(x.pointer, x.shape[0], x.shape[1], x.shape[2] * x.shape[3], y.pointer)
    return y
  }

  public static func backward(_ dy: Tensor, input: [Int]) -> Tensor {
    precondition(dy.layout == .plain)
    let dx = Tensor(input, layout: .blocked)
    ferry_global_average_backward(
      dy.pointer, input[0], input[1], input[2] * input[3], dx.pointer)
    return dx
  }
}
