import Artifacts
import Networks
import Neural
import Platform
import Tensors
import Testing

/// Against PyTorch in double precision; Tests/Golden/training.py makes the file.
@Suite struct GoldenTests {
  /// Rounding of one float pass through 12 layers, relative to each tensor's greatest value. ReLUs
  /// that flip at zero and Winograd's transforms are in it; measured 1e-5 at most.
  static let passTolerance = 1e-4
  /// Six steps let a pass's rounding grow; the ladder allows 1e-4 and 1e-3 after twenty.
  static let lossTolerance = 1e-4
  static let weightTolerance = 1e-3

  static func path(_ file: String) -> String {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast()
    return parts.joined(separator: "/") + "/Golden/\(file).safetensors"
  }

  /// Numbers in +-bound from a hash of their index, as training.py draws them.
  static func drawn(_ tensor: Tensor, stream: UInt64, bound: Double, plus offset: Double = 0) {
    for index in 0..<tensor.count {
      var x =
        (UInt64(index) + 1) &* 6_364_136_223_846_793_005
        &+ stream &* 1_442_695_040_888_963_407
      x = (x ^ (x >> 33)) &* 0xFF51_AFD7_ED55_8CCD
      x ^= x >> 33
      let unit = (Double(x >> 40) - 0x1p23) / 0x1p23
      tensor.pointer[index] = Float(unit * bound + offset)
    }
  }

  struct Model {
    let network: ResNet
    let head: Linear
    let images = Tensor([6, 3, 37, 42])
    let labels = [0, 1, 2, 3, 4, 1]

    init(bottleneck: Bool) {
      var generator = SeededGenerator(seed: 1)
      network = ResNet(
        .init(blocks: [1, 1, 1, 1], bottleneck: bottleneck),
        channels: bottleneck ? [5, 7, 8, 9] : [12, 20, 24, 33], generator: &generator)
      head = Linear("fc", inputs: network.featureCount, outputs: 5, generator: &generator)
      for (stream, parameter) in (network.parameters + head.parameters).enumerated() {
        let isVector = parameter.value.shape.count == 1
        GoldenTests.drawn(
          parameter.value, stream: UInt64(stream), bound: isVector ? 0.25 : 0.125,
          plus: isVector && parameter.name.hasSuffix("weight") ? 1 : 0)
      }
      GoldenTests.drawn(images, stream: 1000, bound: 1)
    }

    func gradients() -> Double {
      for parameter in network.parameters + head.parameters { parameter.zeroGradient() }
      let logits = head.forward(network.forward(images, training: true), training: true)
      let (loss, gradient) = SoftmaxCrossEntropy.loss(logits, labels: labels, smoothing: 0.1)
      _ = network.backward(head.backward(gradient), inputGradient: false)
      return loss
    }
  }

  static func relativeError(_ a: [Float], _ b: [Float]) -> Double {
    let scale = max(b.map { abs($0) }.max() ?? 0, 1e-20)
    return Double((zip(a, b).map { abs($0 - $1) }.max() ?? 0) / scale)
  }

  @Test(arguments: KernelTarget.available, [false, true])
  func stepsFollowPyTorch(_ target: KernelTarget, bottleneck: Bool) throws {
    let golden = try SafetensorsFile(Self.path(bottleneck ? "bottleneck" : "training"))
    try target.use {
      let model = Model(bottleneck: bottleneck)
      let parameters = model.network.parameters + model.head.parameters
      let optimiser = SGD(parameters, learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3)
      let losses = try golden.floats(golden.require("losses", .float32))
      for (step, expected) in losses.enumerated() {
        let loss = model.gradients()
        #expect(abs(loss - Double(expected)) < Self.lossTolerance * Double(expected))
        if step == 0 { try compareGradients(parameters, golden) }
        optimiser.step()
      }
      let state = model.network.state + model.head.state
      for entry in golden.entries where entry.name.hasPrefix("final.") {
        let named = try #require(state.first { "final.\($0.name)" == entry.name })
        let error = Self.relativeError(named.tensor.values, try golden.floats(entry))
        #expect(error < Self.weightTolerance, "\(entry.name)")
      }
      let features = model.network.forward(model.images, training: false)
      let expected = try golden.floats(golden.require("features", .float32, shape: features.shape))
      #expect(Self.relativeError(features.values, expected) < Self.weightTolerance)
    }
  }

  private func compareGradients(_ parameters: [Parameter], _ golden: SafetensorsFile) throws {
    var compared = 0
    for entry in golden.entries where entry.name.hasPrefix("gradient.") {
      let parameter = try #require(parameters.first { "gradient.\($0.name)" == entry.name })
      let error = Self.relativeError(parameter.gradient.values, try golden.floats(entry))
      #expect(error < Self.passTolerance, "\(entry.name): \(error)")
      compared += 1
    }
    #expect(compared >= 7)
  }
}
