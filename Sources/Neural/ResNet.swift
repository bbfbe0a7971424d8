import Platform
import Tensors

/// Two 3x3 convolutions and a shortcut (He et al. 2016, figure 2).
///
/// The tensor between the two is computed again in the backward pass instead of being kept: one
/// pass over it for a quarter less memory.
final class ResidualBlock: Layer {
  private let first: ConvolutionUnit
  private let second: ConvolutionUnit
  private let shortcut: ConvolutionUnit?

  init(_ name: String, inputs: Int, outputs: Int, stride: Int, generator: inout SeededGenerator) {
    first = ConvolutionUnit(
      convolution: "\(name).conv1", norm: "\(name).bn1", inputs: inputs, outputs: outputs,
      kernel: 3, stride: stride, relu: true, generator: &generator)
    second = ConvolutionUnit(
      convolution: "\(name).conv2", norm: "\(name).bn2", inputs: outputs, outputs: outputs,
      kernel: 3, stride: 1, relu: true, generator: &generator)
    shortcut =
      stride == 1 && inputs == outputs
      ? nil
      : ConvolutionUnit(
        convolution: "\(name).downsample.0", norm: "\(name).downsample.1", inputs: inputs,
        outputs: outputs, kernel: 1, stride: stride, relu: false, generator: &generator)
  }

  private var units: [ConvolutionUnit] { [first, second] + (shortcut.map { [$0] } ?? []) }
  var parameters: [Parameter] { units.flatMap(\.parameters) }
  var buffers: [NamedTensor] { units.flatMap(\.buffers) }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    let middle = first.forward(x, training: training)
    let residual = shortcut?.forward(x, training: training) ?? x
    let y = second.forward(middle, training: training, adding: residual)
    if training { second.convolution.dropInput() }
    return y
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
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

/// A residual network without its classifier (He et al. 2016), names as torchvision's.
///
/// Shapes: images [N, inputChannels, H, W], plain, of any size from 1 x 1 up; features [N, 512 width].
public final class ResNet: Layer {
  /// The number of blocks in each of the four stages.
  public struct Depth: Sendable, Equatable {
    public var blocks: [Int]
    public init(blocks: [Int]) { self.blocks = blocks }
    public static let resnet18 = Depth(blocks: [2, 2, 2, 2])
    public static let resnet34 = Depth(blocks: [3, 4, 6, 3])
  }

  /// The length of a feature vector.
  public let featureCount: Int
  private let stem: ConvolutionUnit
  private let body: Sequential

  /// - Parameters:
  ///   - width: multiplies the channels 64, 128, 256 and 512.
  ///   - prefix: put before every name, as in `encoder.`.
  public convenience init(
    _ depth: Depth, width: Double = 1, inputChannels: Int = 3, prefix: String = "",
    generator: inout SeededGenerator
  ) {
    let channels = [64.0, 128, 256, 512].map { max(1, Int(($0 * width).rounded())) }
    self.init(
      depth, channels: channels, inputChannels: inputChannels, prefix: prefix,
      generator: &generator)
  }

  /// A network whose four stages have the given channels.
  public init(
    _ depth: Depth, channels: [Int], inputChannels: Int = 3, prefix: String = "",
    generator: inout SeededGenerator
  ) {
    precondition(channels.count == 4 && depth.blocks.count == 4, "a ResNet has four stages")
    stem = ConvolutionUnit(
      convolution: "\(prefix)conv1", norm: "\(prefix)bn1", inputs: inputChannels,
      outputs: channels[0], kernel: 7, stride: 2, relu: true, generator: &generator)
    var layers: [any Layer] = [MaxPool2d(size: 3, stride: 2, padding: 1)]
    var inputs = channels[0]
    for (stage, count) in depth.blocks.enumerated() {
      for block in 0..<count {
        layers.append(
          ResidualBlock(
            "\(prefix)layer\(stage + 1).\(block)", inputs: inputs, outputs: channels[stage],
            stride: block == 0 && stage > 0 ? 2 : 1, generator: &generator))
        inputs = channels[stage]
      }
    }
    layers.append(GlobalAveragePool())
    body = Sequential(layers)
    featureCount = channels[3]
  }

  /// ResNet-18.
  public static func resnet18(
    width: Double = 1, prefix: String = "", generator: inout SeededGenerator
  ) -> ResNet {
    ResNet(.resnet18, width: width, prefix: prefix, generator: &generator)
  }

  public var parameters: [Parameter] { stem.parameters + body.parameters }
  public var buffers: [NamedTensor] { stem.buffers + body.buffers }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    body.forward(stem.forward(x, training: training), training: training)
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let gradient = body.backward(dy, inputGradient: true) else { return nil }
    return stem.backward(gradient, inputGradient: inputGradient)
  }
}
