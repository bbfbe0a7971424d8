import Neural
import Platform
import Tensors

/// A residual network without its classifier (He et al. 2016), names as torchvision's.
///
/// Shapes: images [N, inputChannels, H, W], plain, of any size from 1 x 1 up; features [N, 512 width]
/// with two convolutions a block and [N, 2048 width] with three.
public final class ResNet: RecomputingNetwork {
  /// The number of blocks in each of the four stages, and their kind.
  public struct Depth: Sendable, Equatable {
    public var blocks: [Int]
    /// Blocks of 1x1, 3x3 and 1x1 convolutions instead of two 3x3 ones.
    public var bottleneck: Bool

    public init(blocks: [Int], bottleneck: Bool = false) {
      self.blocks = blocks
      self.bottleneck = bottleneck
    }

    public static let resnet18 = Depth(blocks: [2, 2, 2, 2])
    public static let resnet34 = Depth(blocks: [3, 4, 6, 3])
    public static let resnet50 = Depth(blocks: [3, 4, 6, 3], bottleneck: true)

    var kind: any ResidualBlock.Type { bottleneck ? BottleneckBlock.self : BasicBlock.self }
  }

  /// The length of a feature vector.
  public let featureCount: Int
  private let stem: ConvolutionUnit
  private let body: [any Layer]
  public var recomputesBlocks = false {
    didSet {
      for case let block as any ResidualBlock in body {
        block.recomputation.isOn = recomputesBlocks
      }
    }
  }

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

  /// A network whose 3x3 convolutions have the given channels in its four stages.
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
          depth.kind.init(
            "\(prefix)layer\(stage + 1).\(block)", inputs: inputs, channels: channels[stage],
            stride: block == 0 && stage > 0 ? 2 : 1, generator: &generator))
        inputs = channels[stage] * depth.kind.expansion
      }
    }
    layers.append(GlobalAveragePool())
    body = layers
    featureCount = inputs
  }

  /// ResNet-18.
  public static func resnet18(
    width: Double = 1, prefix: String = "", generator: inout SeededGenerator
  ) -> ResNet {
    ResNet(.resnet18, width: width, prefix: prefix, generator: &generator)
  }

  public var parameters: [Parameter] { stem.parameters + body.flatMap(\.parameters) }
  public var buffers: [NamedTensor] { stem.buffers + body.flatMap(\.buffers) }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    body.reduce(stem.forward(x, training: training)) { $1.forward($0, training: training) }
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    var gradient = dy
    let first = inputGradient ? nil : firstTrained
    for (index, layer) in body.enumerated().reversed() {
      guard let next = layer.backward(gradient, inputGradient: first.map { index > $0 } ?? true)
      else { return nil }
      gradient = next
    }
    return stem.backward(gradient, inputGradient: inputGradient)
  }

  /// The first layer of the body that learns, where the stem and all before it are frozen: no
  /// gradient needs to go below it.
  private var firstTrained: Int? {
    guard !stem.parameters.contains(where: \.isTrainable) else { return nil }
    return body.firstIndex { $0.parameters.contains(where: \.isTrainable) }
  }
}
