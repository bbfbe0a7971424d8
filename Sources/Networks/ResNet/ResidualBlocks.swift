import Neural
import Platform
import Tensors

/// A block of a residual network: convolutions and a shortcut around them.
protocol ResidualBlock: Layer {
  /// Channels of the block's output, as a multiple of its inner channels.
  static var expansion: Int { get }
  var recomputation: Recomputation { get }

  /// - Parameters:
  ///   - inputs: channels of the block's input.
  ///   - channels: of its 3x3 convolutions.
  init(
    _ name: String, inputs: Int, channels: Int, stride: Int, generator: inout SeededGenerator)
}

/// The shortcut's convolution, where the block changes its input's shape.
private func projection(
  _ name: String, inputs: Int, outputs: Int, stride: Int, generator: inout SeededGenerator
) -> ConvolutionUnit? {
  guard stride != 1 || inputs != outputs else { return nil }
  return ConvolutionUnit(
    convolution: "\(name).downsample.0", norm: "\(name).downsample.1", inputs: inputs,
    outputs: outputs, kernel: 1, stride: stride, relu: false, generator: &generator)
}

/// Two 3x3 convolutions and a shortcut (He et al. 2016, figure 2).
///
/// The tensor between the two is computed again in the backward pass instead of being kept: one
/// pass over it for a quarter less memory.
final class BasicBlock: ResidualBlock {
  static let expansion = 1
  private let first: ConvolutionUnit
  private let second: ConvolutionUnit
  private let shortcut: ConvolutionUnit?
  let recomputation = Recomputation()

  init(
    _ name: String, inputs: Int, channels: Int, stride: Int, generator: inout SeededGenerator
  ) {
    first = ConvolutionUnit(
      convolution: "\(name).conv1", norm: "\(name).bn1", inputs: inputs, outputs: channels,
      kernel: 3, stride: stride, relu: true, generator: &generator)
    second = ConvolutionUnit(
      convolution: "\(name).conv2", norm: "\(name).bn2", inputs: channels, outputs: channels,
      kernel: 3, stride: 1, relu: true, generator: &generator)
    shortcut = projection(
      name, inputs: inputs, outputs: channels, stride: stride, generator: &generator)
  }

  private var units: [ConvolutionUnit] { [first, second] + (shortcut.map { [$0] } ?? []) }
  var parameters: [Parameter] { units.flatMap(\.parameters) }
  var buffers: [NamedTensor] { units.flatMap(\.buffers) }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    recomputation.forward(x, training: training) { pass($0, training: training) }
  }

  private func pass(_ x: Tensor, training: Bool) -> Tensor {
    let middle = first.forward(x, training: training)
    let residual = shortcut?.forward(x, training: training) ?? x
    let y = second.forward(middle, training: training, adding: residual)
    if training { second.convolution.dropInput() }
    return y
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    recomputation.restore { pass($0, training: true) }
    let (gradient, residual) = second.norm.backward(dy, overwriting: true)
    second.convolution.restoreInput(first.norm.recomputedOutput())
    guard let residual,
      let middle = second.convolution.backward(gradient, inputGradient: true)
    else { preconditionFailure("a residual block has a residual") }
    let around =
      shortcut.map { $0.backward(residual, inputGradient: inputGradient) } ?? residual
    return first.backward(middle, inputGradient: inputGradient, addingTo: around)
  }
}

/// 1x1, 3x3 and 1x1 convolutions and a shortcut (He et al. 2016, figure 5); a stride is in the 3x3
/// convolution, as in torchvision.
///
/// Both inner tensors are computed again in the backward pass instead of being kept.
final class BottleneckBlock: ResidualBlock {
  static let expansion = 4
  private let reduce: ConvolutionUnit
  private let middle: ConvolutionUnit
  private let expand: ConvolutionUnit
  private let shortcut: ConvolutionUnit?
  let recomputation = Recomputation()

  init(
    _ name: String, inputs: Int, channels: Int, stride: Int, generator: inout SeededGenerator
  ) {
    let outputs = channels * Self.expansion
    reduce = ConvolutionUnit(
      convolution: "\(name).conv1", norm: "\(name).bn1", inputs: inputs, outputs: channels,
      kernel: 1, stride: 1, relu: true, generator: &generator)
    middle = ConvolutionUnit(
      convolution: "\(name).conv2", norm: "\(name).bn2", inputs: channels, outputs: channels,
      kernel: 3, stride: stride, relu: true, generator: &generator)
    expand = ConvolutionUnit(
      convolution: "\(name).conv3", norm: "\(name).bn3", inputs: channels, outputs: outputs,
      kernel: 1, stride: 1, relu: true, generator: &generator)
    shortcut = projection(
      name, inputs: inputs, outputs: outputs, stride: stride, generator: &generator)
  }

  private var units: [ConvolutionUnit] {
    [reduce, middle, expand] + (shortcut.map { [$0] } ?? [])
  }
  var parameters: [Parameter] { units.flatMap(\.parameters) }
  var buffers: [NamedTensor] { units.flatMap(\.buffers) }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    recomputation.forward(x, training: training) { pass($0, training: training) }
  }

  private func pass(_ x: Tensor, training: Bool) -> Tensor {
    let reduced = reduce.forward(x, training: training)
    let inner = middle.forward(reduced, training: training)
    if training { middle.convolution.dropInput() }
    let residual = shortcut?.forward(x, training: training) ?? x
    let y = expand.forward(inner, training: training, adding: residual)
    if training { expand.convolution.dropInput() }
    return y
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    recomputation.restore { pass($0, training: true) }
    let (gradient, residual) = expand.norm.backward(dy, overwriting: true)
    expand.convolution.restoreInput(middle.norm.recomputedOutput())
    guard let residual,
      let inner = expand.convolution.backward(gradient, inputGradient: true)
    else { preconditionFailure("a residual block has a residual") }
    middle.convolution.restoreInput(reduce.norm.recomputedOutput())
    guard let reduced = middle.backward(inner) else {
      preconditionFailure("a convolution gives its input's gradient")
    }
    let around =
      shortcut.map { $0.backward(residual, inputGradient: inputGradient) } ?? residual
    return reduce.backward(reduced, inputGradient: inputGradient, addingTo: around)
  }
}
