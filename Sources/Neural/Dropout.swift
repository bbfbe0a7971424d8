import Platform
import Tensors

/// Leaves elements out at random while training, and makes up for them in the others (Srivastava et
/// al. 2014): y = x b / (1 - rate), b drawn for each element. Inference is the identity.
///
/// The draws follow from the seed and the number of passes so far, which is part of the state:
/// training resumed from a checkpoint draws on as if it had not stopped. They do not depend on the
/// number of threads.
public final class Dropout: Layer {
  public let rate: Double
  private let name: String
  private let seed: (run: UInt64, stream: UInt64)
  private let passes: Tensor?
  private var factors: Tensor?

  /// - Parameters:
  ///   - name: what its count of passes is called in the state, before `.passes`.
  ///   - rate: the probability that an element is left out, in 0..<1; with 0 the layer does nothing.
  ///   - stream: tells apart layers of one seed.
  public init(_ name: String, rate: Double, seed: UInt64, stream: UInt64 = 0) {
    precondition((0..<1).contains(rate), "a rate is at least 0 and below 1")
    self.name = name
    self.rate = rate
    self.seed = (seed, stream)
    passes = rate > 0 ? .zeros([1]) : nil
  }

  public var parameters: [Parameter] { [] }
  public var buffers: [NamedTensor] { passes.map { [NamedTensor("\(name).passes", $0)] } ?? [] }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    factors = nil
    guard training, let passes else { return x }
    let pass = UInt64(passes.pointer[0]) - (Recomputation.moves ? 0 : 1)
    if Recomputation.moves { passes.pointer[0] += 1 }
    var generator = SeededGenerator(seed: seed.run, seed.stream, pass)
    let x = x.converted(to: .plain)
    let (factors, kept) = (Tensor(x.shape), Float(1 / (1 - rate)))
    for i in 0..<x.count { factors.pointer[i] = generator.chance(rate) ? 0 : kept }
    if Recomputation.keeps { self.factors = factors }
    return Self.product(x, factors)
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let factors = factors.take() else { return inputGradient ? dy : nil }
    return inputGradient ? Self.product(dy.converted(to: .plain), factors) : nil
  }

  private static func product(_ x: Tensor, _ factors: Tensor) -> Tensor {
    let y = Tensor(x.shape)
    for i in 0..<x.count { y.pointer[i] = x.pointer[i] * factors.pointer[i] }
    return y
  }
}
