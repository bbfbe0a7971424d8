import Tensors

/// A piece of a network with explicit forward and backward passes.
///
/// A training forward pass keeps what its backward pass needs; one backward pass follows each
/// training forward pass, in reverse order of the layers. Inference keeps nothing.
/// Images enter as plain tensors [N, C, H, W]; between convolutions tensors are blocked.
public protocol Layer: AnyObject {
  /// In the order of the state dictionary.
  var parameters: [Parameter] { get }
  /// State that is not trained, such as running statistics.
  var buffers: [NamedTensor] { get }

  func forward(_ x: Tensor, training: Bool) -> Tensor

  /// Adds the parameters' gradients; returns the input's gradient where it is asked for.
  ///
  /// `dy` belongs to the layer from here on and may be overwritten.
  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor?
}

extension Layer {
  public var buffers: [NamedTensor] { [] }

  /// The backward pass with the gradient of the input.
  @discardableResult
  public func backward(_ dy: Tensor) -> Tensor {
    guard let dx = backward(dy, inputGradient: true) else {
      preconditionFailure("the layer gave no gradient of its input")
    }
    return dx
  }

  /// Parameters' values and buffers by name: what a checkpoint holds.
  public var state: [NamedTensor] {
    parameters.map { NamedTensor($0.name, $0.value) } + buffers
  }

  /// Starts new gradient sums.
  public func zeroGradients() { for parameter in parameters { parameter.zeroGradient() } }

  /// Makes all parameters trainable, or none.
  public func setTrainable(_ trainable: Bool) {
    for parameter in parameters { parameter.isTrainable = trainable }
  }
}

/// Layers one after another.
public final class Sequential: Layer {
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }

  public var parameters: [Parameter] { layers.flatMap(\.parameters) }
  public var buffers: [NamedTensor] { layers.flatMap(\.buffers) }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    layers.reduce(x) { $1.forward($0, training: training) }
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    var gradient = dy
    for (index, layer) in layers.enumerated().reversed() {
      guard let next = layer.backward(gradient, inputGradient: inputGradient || index > 0) else {
        return nil
      }
      gradient = next
    }
    return gradient
  }
}

/// max(0, x), on its own; after batch normalisation it is fused there.
public final class ReLU: Layer {
  private var output: Tensor?

  public init() {}

  public var parameters: [Parameter] { [] }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    let y = Elementwise.relu(x)
    output = training ? y : nil
    return y
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let y = output.take() else { preconditionFailure("backward needs a training forward") }
    return inputGradient ? Elementwise.reluBackward(dy, output: y) : nil
  }
}

/// Maximum pooling; ResNet's first stage uses size 3, stride 2, padding 1.
public final class MaxPool2d: Layer {
  private let pooling: MaximumPooling
  private var saved: (input: [Int], winners: MaximumPooling.Winners)?

  public init(size: Int, stride: Int, padding: Int = 0, roundsUp: Bool = false) {
    pooling = MaximumPooling(size: size, stride: stride, padding: padding, roundsUp: roundsUp)
  }

  public var parameters: [Parameter] { [] }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    let (y, winners) = pooling.forward(x.converted(to: .blocked), winners: training)
    saved = winners.map { (x.shape, $0) }
    return y
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let saved = saved.take() else { preconditionFailure("backward needs a training forward") }
    guard inputGradient else { return nil }
    return pooling.backward(dy.converted(to: .blocked), winners: saved.winners, input: saved.input)
  }
}

/// The mean over all pixels: [N, C, H, W] to plain [N, C].
public final class GlobalAveragePool: Layer {
  private var input: [Int]?

  public init() {}

  public var parameters: [Parameter] { [] }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    input = training ? x.shape : nil
    return GlobalAverage.forward(x.converted(to: .blocked))
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let input = input.take() else { preconditionFailure("backward needs a training forward") }
    return inputGradient ? GlobalAverage.backward(dy, input: input) : nil
  }
}
