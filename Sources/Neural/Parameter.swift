import Tensors

/// A tensor with the name it has in a state dictionary.
public struct NamedTensor {
  public var name: String
  public var tensor: Tensor

  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// A tensor that an optimiser changes, and its gradient.
public final class Parameter {
  public let name: String
  public let value: Tensor
  /// Whether weight decay applies; true unless the caller exempts it.
  public var decays = true
  /// A parameter that is not trainable costs no gradient work and is left alone by optimisers.
  public var isTrainable = true
  /// Multiplies the optimiser's learning rate, for parts that learn slower or faster than others.
  public var learningRateFactor = 1.0
  private lazy var sum = Tensor(value.shape)
  private var isZero = true

  public init(_ name: String, _ value: Tensor) {
    self.name = name
    self.value = value
  }

  /// The sum of the gradients of the backward passes since the last `zeroGradient()`.
  public var gradient: Tensor {
    if isZero {
      sum.fill(0)
      isZero = false
    }
    return sum
  }

  /// Starts a new sum; costs nothing until the gradient is read.
  public func zeroGradient() { isZero = true }

  /// Lets `add` write the gradient (`accumulate` false) or add to it (true).
  public func addGradient(_ add: (_ accumulate: Bool, _ gradient: Tensor) -> Void) {
    guard isTrainable else { return }
    add(!isZero, sum)
    isZero = false
  }

  /// Adds a value to each element of the gradient.
  package func addGradient(_ term: (Int) -> Float) {
    addGradient { accumulate, gradient in
      for i in 0..<gradient.count {
        gradient.pointer[i] = term(i) + (accumulate ? gradient.pointer[i] : 0)
      }
    }
  }
}
