import CKernels

/// Scaled dot-product attention inside the windows of an image's tokens (Liu et al. 2021, equation 4).
///
/// Equation: y = softmax(q k^T / sqrt(width) + bias + mask) v, in each window and head.
public final class WindowAttention: Sendable {
  /// The greatest number of tokens of a window.
  public static let greatestWindow = 64

  public let height: Int
  public let width: Int
  /// Tokens along a window's side.
  public let side: Int
  private let rows: [Int32]
  private let regions: [Int32]?

  /// Windows over a grid of `height` x `width` tokens, moved by `shift` to the right and down, round
  /// the grid's ends; tokens that met only through the ends do not see each other.
  public init(height: Int, width: Int, side: Int, shift: Int) {
    precondition(side * side <= Self.greatestWindow, "a window has at most 64 tokens")
    precondition(height % side == 0 && width % side == 0, "windows tile the grid")
    (self.height, self.width, self.side) = (height, width, side)
    var rows: [Int32] = []
    var regions: [Int32] = []
    func band(_ position: Int, _ extent: Int) -> Int {
      position < extent - side ? 0 : (position < extent - shift ? 1 : 2)
    }
    for top in stride(from: 0, to: height, by: side) {
      for left in stride(from: 0, to: width, by: side) {
        for token in 0..<side * side {
          let (y, x) = (top + token / side, left + token % side)
          rows.append(Int32((y + shift) % height * width + (x + shift) % width))
          regions.append(Int32(3 * band(y, height) + band(x, width)))
        }
      }
    }
    self.rows = rows
    self.regions = shift == 0 ? nil : regions
  }

  /// Attention over queries, keys and values that lie together in each row.
  /// - Shapes: qkv [images, height width, 3 heads d]; bias [heads, side^2, side^2]; the result
  ///   [images, height width, heads d].
  public func forward(_ qkv: Tensor, bias: Tensor) -> Tensor {
    let y = Tensor([qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3])
    withWindows(qkv, bias) { ferry_window_attention($0, qkv.pointer, y.pointer) }
    return y
  }

  /// The gradient of `qkv`; that of the bias is added to `biasGradient`.
  public func backward(_ dy: Tensor, qkv: Tensor, bias: Tensor, biasGradient: Tensor) -> Tensor {
    precondition(biasGradient.shape == bias.shape && dy.count * 3 == qkv.count)
    let dqkv = Tensor(qkv.shape)
    withWindows(qkv, bias) {
      ferry_window_attention_backward(
        $0, qkv.pointer, dy.pointer, dqkv.pointer, biasGradient.pointer)
    }
    return dqkv
  }

  private func withWindows(
    _ qkv: Tensor, _ bias: Tensor, _ body: (UnsafePointer<ferry_windows>) -> Void
  ) {
    let (heads, tokens) = (bias.shape[0], side * side)
    precondition(bias.shape == [heads, tokens, tokens], "the bias has a value for each pair")
    precondition(qkv.shape.count == 3 && qkv.shape[1] == height * width)
    precondition(qkv.shape[2] % (3 * heads) == 0, "heads share the columns")
    let headWidth = qkv.shape[2] / 3 / heads
    rows.withUnsafeBufferPointer { rows in
      withRegions { regions in
        var windows = ferry_windows(
          images: qkv.shape[0], image_rows: qkv.shape[1], windows: rows.count / tokens,
          tokens: tokens, heads: heads, width: headWidth, rows: rows.baseAddress, regions: regions,
          bias: bias.pointer, scale: 1 / Float(headWidth).squareRoot())
        body(&windows)
      }
    }
  }

  private func withRegions(_ body: (UnsafePointer<Int32>?) -> Void) {
    guard let regions else { return body(nil) }
    regions.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
