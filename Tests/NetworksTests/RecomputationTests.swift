import Networks
import Neural
import Platform
import Tensors
import Testing

/// Blocks whose activations are computed again give the bits of blocks that keep them, for less memory.
@Suite struct RecomputationTests {
  static let networks = ["basic", "bottleneck", "swin", "face", "vit"]

  private static func network(_ name: String) throws -> (any RecomputingNetwork, size: Int) {
    var generator = SeededGenerator(seed: 3)
    switch name {
    case "basic":
      return (
        ResNet(.init(blocks: [2, 2, 2, 2]), width: 0.25, generator: &generator), size: 40
      )
    case "bottleneck":
      return (
        ResNet(
          .init(blocks: [2, 2, 2, 2], bottleneck: true), width: 0.125, generator: &generator),
        size: 40
      )
    case "vit":
      let shape = TransformerShape(width: 48, heads: 3, layers: 4, activation: .quickGELU)
      return (
        try VisionTransformer(
          .init(patch: 4, grid: 10, shape: shape, outputs: 12),
          from: ParameterSource(generator: generator)), size: 40
      )
    default:
      var shape = SwinShape(imageSize: 56, patch: 2, width: 24, depths: [2, 4], heads: [2, 4])
      // Random masks that are drawn twice would show.
      shape.dropPath = 0.4
      if name == "face" { shape.faceFeatures = 16 }
      return (try SwinTransformer(shape, generator: &generator), size: 56)
    }
  }

  private struct Run: Equatable {
    var losses: [Double]
    var state: [[Float]]
    var imageGradient: [Float]
  }

  /// Three steps of training, and the peak of the last one's memory.
  private func train(
    _ name: String, recomputing: Bool, frozen: String? = nil
  ) throws -> (run: Run, peak: Int) {
    let (network, size) = try Self.network(name)
    network.recomputesBlocks = recomputing
    if let frozen {
      for parameter in network.parameters where parameter.name.hasPrefix(frozen) {
        parameter.isTrainable = false
      }
    }
    let optimiser = SGD(network.parameters, learningRate: 0.01, momentum: 0.9, weightDecay: 1e-3)
    var generator = SeededGenerator(seed: 9)
    let x = Tensor(
      [8, 3, size, size], values: (0..<8 * 3 * size * size).map { _ in Float(generator.normal()) })
    var run = Run(losses: [], state: [], imageGradient: [])
    var peak = 0
    for step in 0..<3 {
      let meter = MemoryMeter()
      try MemoryMeter.$current.withValue(meter) {
        optimiser.zeroGradients()
        let y = network.forward(x, training: true)
        run.losses.append(Elementwise.sumOfSquares(y))
        let dx = network.backward(y.copy(), inputGradient: step == 2 && frozen == nil)
        if step == 2, frozen == nil { run.imageGradient = try #require(dx).values }
        optimiser.step()
      }
      peak = meter.peak
    }
    run.state =
      network.state.map { $0.tensor.values } + network.parameters.map { $0.gradient.values }
    return (run, peak)
  }

  @Test(arguments: networks)
  func givesTheSameBitsForLessMemory(_ name: String) throws {
    let kept = try train(name, recomputing: false)
    let again = try train(name, recomputing: true)
    #expect(kept.run == again.run)
    #expect(kept.run.losses.allSatisfy { $0.isFinite && $0 > 0 })
    print("\(name): peak \(kept.peak) bytes, recomputing \(again.peak)")
    // The stem, the widest block and all blocks' inputs stay: half and less of what deeper ones keep.
    #expect(Double(again.peak) < 0.85 * Double(kept.peak))
  }

  @Test(arguments: [
    ("basic", "layer1"), ("bottleneck", "layer2.0"), ("swin", "layers.0"),
    ("vit", "transformer.resblocks.1"),
  ])
  func frozenPartsStayAsTheyAre(_ name: String, _ frozen: String) throws {
    let kept = try train(name, recomputing: false, frozen: frozen)
    let again = try train(name, recomputing: true, frozen: frozen)
    #expect(kept.run == again.run)
  }

  @Test func inferenceIsAsBefore() throws {
    let (network, size) = try Self.network("swin")
    let x = Tensor([2, 3, size, size])
    x.fill(0.5)
    let before = network.forward(x, training: false).values
    network.recomputesBlocks = true
    #expect(network.forward(x, training: false).values == before)
  }

  @Test func everyEncoderOfTheCatalogueCan() throws {
    for kind in EncoderCatalogue.standard.kinds {
      let encoder = try EncoderCatalogue.standard.make(
        kind.name, EncoderOptions(width: 1.0 / 32, imageSize: kind.imageSize))
      #expect(encoder.layer is any RecomputingNetwork, "\(kind.name)")
    }
  }
}
