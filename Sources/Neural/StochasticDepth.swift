import Platform
import Tensors

/// Leaves a branch out for some samples while training (Huang et al. 2016), and makes up for it in
/// the others, so that the expected sum stays the same: y = x + branch(x) b / (1 - rate), b drawn for
/// each sample.
///
/// The draws follow from the seed and the number of passes so far, which is part of the network's
/// state: training resumed from a checkpoint draws on as if it had not stopped.
public final class StochasticDepth {
  public let rate: Double
  private let seed: UInt64
  /// The number of training passes so far.
  public let passes: Tensor?
  private var factors: [Float]?

  /// - Parameter rate: the probability that a sample goes without the branch, in 0..<1.
  public init(rate: Double, seed: UInt64) {
    precondition((0..<1).contains(rate), "a rate is at least 0 and below 1")
    self.rate = rate
    self.seed = seed
    passes = rate > 0 ? .zeros([1]) : nil
  }

  /// x plus the branch. The branch adds what it is given, where it is given something.
  package func forward(
    _ x: Tensor, images: Int, training: Bool, branch: (_ adding: Tensor?) -> Tensor
  ) -> Tensor {
    guard training, let passes else { return branch(x) }
    let pass = UInt64(passes.pointer[0]) - (Recomputation.moves ? 0 : 1)
    if Recomputation.moves { passes.pointer[0] += 1 }
    var generator = SeededGenerator(seed: seed, pass)
    let factors = (0..<images).map { _ in
      generator.chance(rate) ? 0 : Float(1 / (1 - rate))
    }
    self.factors = Recomputation.keeps ? factors : nil
    let y = branch(nil)
    scale(y, factors)
    Elementwise.add(x, to: y)
    return y
  }

  /// The branch's share of the gradient; `dy` itself where nothing was left out.
  package func backward(_ dy: Tensor) -> Tensor {
    guard let factors = factors.take() else { return dy }
    let share = dy.copy()
    scale(share, factors)
    return share
  }

  private func scale(_ x: Tensor, _ factors: [Float]) {
    let rows = x.shape[0] / factors.count
    for (image, factor) in factors.enumerated() {
      Elementwise.multiply(x.rows(image * rows..<(image + 1) * rows), by: factor)
    }
  }
}
