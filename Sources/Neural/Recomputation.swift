import Tensors

/// Computes a block's inner activations again in the backward pass instead of keeping them: of a
/// training pass only the block's input stays (Chen et al. 2016, arXiv 1604.06174).
///
/// The repeated pass gives the first one's bits: running statistics do not move again, and random
/// masks are drawn from the same place.
package final class Recomputation {
  /// Which of a block's training passes is under way.
  package enum Pass: Sendable {
    /// The only one: layers keep what the backward pass needs.
    case only
    /// The first of two: layers keep nothing.
    case first
    /// The second: layers keep what the backward pass needs, and leave counts and statistics alone.
    case repeated
  }

  @TaskLocal package static var pass = Pass.only

  /// Whether a training pass keeps what its backward pass needs.
  package static var keeps: Bool { pass != .first }
  /// Whether a training pass moves running statistics and counts of passes.
  package static var moves: Bool { pass != .repeated }

  package var isOn = false
  private var input: Tensor?

  package init() {}

  /// A block's pass; under recomputation its training pass keeps the input only.
  package func forward(
    _ x: Tensor, training: Bool, _ block: (Tensor) -> Tensor
  ) -> Tensor {
    guard isOn, training, Self.pass == .only else {
      input = nil
      return block(x)
    }
    input = x
    return Self.$pass.withValue(.first) { block(x) }
  }

  /// Comes before the block's backward pass: repeats the training pass where it kept nothing.
  package func restore(_ block: (Tensor) -> Tensor) {
    guard let x = input.take() else { return }
    _ = Self.$pass.withValue(.repeated) { block(x) }
  }
}

/// A network that can compute its blocks' activations again instead of keeping them.
public protocol RecomputingNetwork: Layer {
  /// Whether of a training pass only the inputs of whole blocks are kept; same bits, less memory and
  /// at most a third more work.
  var recomputesBlocks: Bool { get set }
}
