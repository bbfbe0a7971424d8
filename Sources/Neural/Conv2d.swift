import Platform
import Tensors

/// Two-dimensional convolution, weights [K, C, R, S].
///
/// Takes plain or blocked tensors, returns blocked ones.
public final class Conv2d: Layer {
  public let weight: Parameter
  public let bias: Parameter?
  public let convolution: Convolution
  private var input: Tensor?

  /// - Parameter generator: draws the weights, He normal over the fan out.
  public init(
    _ name: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    bias: Bool = false, generator: inout SeededGenerator
  ) {
    convolution = Convolution(
      inputChannels: inputs, outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel,
      stride: stride, padding: padding)
    weight = Parameter(
      "\(name).weight",
      Initialisation.heNormal(
        [outputs, inputs, kernel, kernel], fanOut: outputs * kernel * kernel, &generator))
    self.bias =
      bias
      ? Parameter(
        "\(name).bias",
        Initialisation.uniform([outputs], fanIn: inputs * kernel * kernel, &generator))
      : nil
  }

  public var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    input =
      training && Recomputation.keeps
      ? (convolution.readsPlain(x) ? x : x.converted(to: .blocked)) : nil
    var epilogue = Convolution.Epilogue()
    epilogue.bias = bias.map { padded($0.value) }
    return convolution.forward(x, weights: weight.value, epilogue: epilogue)
  }

  /// The inference pass with a batch normalisation, a residual and a ReLU folded in.
  func forward(_ x: Tensor, folding epilogue: Convolution.Epilogue) -> Tensor {
    precondition(bias == nil, "a convolution before batch normalisation has no bias")
    return convolution.forward(x, weights: weight.value, epilogue: epilogue)
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    backward(dy, inputGradient: inputGradient, addingTo: nil)
  }

  /// The backward pass; the input's gradient is added to `sum` where one is given.
  package func backward(_ dy: Tensor, inputGradient: Bool, addingTo sum: Tensor?) -> Tensor? {
    guard let x = input.take() else { preconditionFailure("backward needs a training forward") }
    let dy = dy.converted(to: .blocked)
    weight.addGradient { accumulate, gradient in
      convolution.backwardWeights(dy, input: x, accumulate: accumulate, into: gradient)
    }
    bias?.addGradient { accumulate, gradient in
      convolution.backwardBias(dy, accumulate: accumulate, into: gradient)
    }
    guard inputGradient else { return nil }
    return convolution.backwardInput(dy, weights: weight.value, input: x.shape, addingTo: sum)
  }

  /// Forgets the training pass's input until `restoreInput` brings an equal one.
  package func dropInput() { input = nil }

  package func restoreInput(_ x: Tensor) { input = x }

  private func padded(_ vector: Tensor) -> Tensor {
    let result = Tensor.zeros([Normalisation.channelCount(vector.count)])
    result.pointer.update(from: vector.pointer, count: vector.count)
    return result
  }
}
