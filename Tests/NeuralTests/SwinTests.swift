import Artifacts
import Networks
import Neural
import Platform
import Tensors
import Testing

/// Against timm in double precision; Tests/Golden/swin.py makes the file.
@Suite struct SwinTests {
  /// Rounding of one pass through four blocks, relative to each tensor's greatest value.
  static let passTolerance = 2e-5
  static let lossTolerance = 1e-4
  static let weightTolerance = 1e-3

  static var small: SwinShape {
    var shape = SwinShape(imageSize: 28, patch: 2, width: 12, depths: [2, 2], heads: [2, 4])
    shape.faceFeatures = 10
    return shape
  }

  static func network(_ shape: SwinShape = small) throws -> SwinTransformer {
    var generator = SeededGenerator(seed: 1)
    return try SwinTransformer(shape, generator: &generator)
  }

  struct Model {
    let network: SwinTransformer
    let head: Linear
    let images = Tensor([6, 3, 28, 28])
    let labels = [0, 1, 2, 3, 4, 1]

    init() throws {
      network = try SwinTests.network()
      var generator = SeededGenerator(seed: 1)
      head = Linear("fc", inputs: network.featureCount, outputs: 5, generator: &generator)
      for (stream, parameter) in parameters.enumerated() {
        let isVector = parameter.value.shape.count == 1
        GoldenTests.drawn(
          parameter.value, stream: UInt64(stream), bound: 0.25,
          plus: isVector && parameter.name.hasSuffix("weight") ? 1 : 0)
      }
      GoldenTests.drawn(images, stream: 1000, bound: 1)
    }

    var parameters: [Parameter] { network.parameters + head.parameters }

    /// The loss and the gradient of the images.
    func gradients() throws -> (loss: Double, images: Tensor) {
      for parameter in parameters { parameter.zeroGradient() }
      let logits = head.forward(network.forward(images, training: true), training: true)
      let (loss, gradient) = SoftmaxCrossEntropy.loss(logits, labels: labels)
      let dx = network.backward(head.backward(gradient), inputGradient: true)
      return (loss, try #require(dx))
    }
  }

  @Test(arguments: KernelTarget.available)
  func stepsFollowTimm(_ target: KernelTarget) throws {
    let golden = try SafetensorsFile(GoldenTests.path("swin"))
    try target.use {
      let model = try Model()
      let optimiser = SGD(
        model.parameters, learningRate: 0.02, momentum: 0.9, weightDecay: 1e-3)
      let losses = try golden.floats(golden.require("losses", .float32))
      for (step, expected) in losses.enumerated() {
        let (loss, images) = try model.gradients()
        #expect(abs(loss - Double(expected)) < Self.lossTolerance * Double(expected))
        if step == 0 {
          try compare(model.parameters.map { ("gradient.\($0.name)", $0.gradient) }, golden, 20)
          try compare([("image_gradient", images.rows(0..<1))], golden, 1)
        }
        optimiser.step()
      }
      let state = model.network.state + model.head.state
      try compare(
        state.map { ("final.\($0.name)", $0.tensor) }, golden, 6, within: Self.weightTolerance)
      let features = model.network.forward(model.images, training: false)
      try compare([("features", features)], golden, 1, within: Self.weightTolerance)
    }
  }

  private func compare(
    _ tensors: [(name: String, tensor: Tensor)], _ golden: SafetensorsFile, _ least: Int,
    within tolerance: Double = passTolerance
  ) throws {
    var compared = 0
    for (name, tensor) in tensors {
      guard let entry = golden[name] else { continue }
      let error = GoldenTests.relativeError(tensor.values, try golden.floats(entry))
      #expect(error < tolerance, "\(name): \(error)")
      compared += 1
    }
    #expect(compared >= least)
  }

  /// Grids of 1 and of odd sides, windows that shift, heads of odd width.
  @Test(arguments: [1, 3, 6, 28])
  func differences(size: Int) throws {
    let depths = size == 28 ? [2, 2] : [1]
    let shape = SwinShape(
      imageSize: size, patch: size == 28 ? 2 : 1, width: 6, depths: depths,
      heads: depths.indices.map { 2 << $0 })
    let network = try Self.network(shape)
    for (index, parameter) in network.parameters.enumerated() {
      let noise = random(parameter.value.shape, seed: UInt64(index))
      for i in 0..<noise.count { parameter.value[i] += noise[i] / 4 }
    }
    GradientCheck(distance: 2e-3, tolerance: 1e-2)
      .check(network, random([3, 3, size, size], seed: 6))
  }

  @Test func namesAndSizesAreTimms() throws {
    let network = try Self.network(.tiny())
    #expect(network.parameters.reduce(0) { $0 + $1.value.count } == 27_519_354)
    #expect(network.featureCount == 768)
    let names = network.state.map(\.name)
    for name in [
      "patch_embed.proj.weight", "layers.1.downsample.reduction.weight",
      "layers.2.blocks.5.attn.relative_position_bias_table", "layers.3.blocks.1.mlp.fc2.bias",
      "norm.weight",
    ] { #expect(names.contains(name)) }
    let face = try Self.network(.face())
    #expect(face.featureCount == 512)
    #expect(face.state.contains { $0.name == "feature.3.running_mean" })
  }

  @Test func sizesThatDoNotFitAreNamed() {
    #expect(throws: Fault.self) { try Self.network(.face(imageSize: 100)) }
    #expect(throws: Fault.self) {
      try Self.network(SwinShape(imageSize: 28, patch: 2, width: 10, depths: [2], heads: [3]))
    }
    #expect(throws: Fault.self) {
      try Self.network(SwinShape(imageSize: 28, patch: 2, width: 12, depths: [2], heads: [3, 6]))
    }
  }

  @Test func stochasticDepthResumesAndKeepsTheMean() throws {
    var shape = Self.small
    shape.dropPath = 0.5
    let network = try Self.network(shape)
    let x = random([4, 3, 28, 28], seed: 5)
    func pass() -> [Float] {
      let y = network.forward(x, training: true)
      _ = network.backward(y.copy(), inputGradient: false)
      return y.values
    }
    let counts = network.buffers.filter { $0.name.hasSuffix(".passes") }
    // The first block has a rate of zero.
    #expect(counts.count == 6)
    let first = pass()
    let saved = counts.map(\.tensor.values)
    let second = pass()
    #expect(first != second)
    for (count, values) in zip(counts, saved) { count.tensor[0] = values[0] }
    #expect(pass() == second)
    #expect(
      network.forward(x, training: false).values == network.forward(x, training: false).values)
  }

  @Test func gradientsAreSlopesUnderStochasticDepth() throws {
    let depth = StochasticDepth(rate: 0.4, seed: 3)
    let x = random([8, 6], seed: 1)
    let y = depth.forward(x, images: 8, training: true) { residual in
      #expect(residual == nil)
      return x.copy()
    }
    // With the identity as the branch, y / x tells each sample's factor.
    let dy = Tensor(x.shape, values: Array(repeating: 1, count: x.count))
    let share = depth.backward(dy)
    for i in 0..<x.count {
      #expect(abs(y[i] - x[i] * (1 + share[i])) < 1e-5)
      #expect(share[i] == 0 || abs(share[i] - 1 / 0.6) < 1e-6)
    }
    #expect(Set(share.values).count == 2)
  }
}
