import Networks
import Neural
import Platform
import Tensors
import Testing

@Suite struct LayerTests {
  @Test func convolutionGradients() {
    var g = SeededGenerator(seed: 1)
    for (inputs, outputs, kernel, stride, size) in [
      (1, 1, 1, 1, 1), (3, 5, 7, 2, 9), (17, 6, 3, 1, 5), (16, 33, 3, 2, 8), (20, 16, 1, 2, 7),
    ] {
      let layer = Conv2d(
        "c", inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2,
        bias: true, generator: &g)
      GradientCheck().check(layer, random([2, inputs, size, size], seed: 2))
    }
  }

  @Test func batchNormGradients() {
    for (shape, relu) in [([5, 3, 1, 1], false), ([2, 17, 5, 3], false), ([3, 16, 7, 7], true)] {
      let layer = BatchNorm2d("b", channels: shape[1], relu: relu)
      for i in 0..<shape[1] {
        layer.weight.value[i] = 0.5 + Float(i) / 8
        layer.bias.value[i] = Float(i % 3) - 1
      }
      GradientCheck(distance: 2e-3, tolerance: 2e-2).check(layer, random(shape, seed: 3))
    }
  }

  @Test func otherGradients() {
    var g = SeededGenerator(seed: 4)
    GradientCheck().check(
      Linear("l", inputs: 7, outputs: 3, generator: &g), random([5, 7], seed: 5))
    GradientCheck().check(
      Linear("l", inputs: 1, outputs: 1, generator: &g), random([1, 1], seed: 5))
    GradientCheck(distance: 1e-3).check(ReLU(), random([4, 9], seed: 6))
    GradientCheck(distance: 1e-3).check(
      MaxPool2d(size: 3, stride: 2, padding: 1), random([2, 5, 7, 6], seed: 7))
    GradientCheck().check(GlobalAveragePool(), random([2, 19, 3, 5], seed: 8))
  }

  @Test func networkGradients() {
    var g = SeededGenerator(seed: 9)
    let net = ResNet(
      .init(blocks: [1, 1, 1, 1]), width: 0.1, generator: &g)
    GradientCheck(distance: 1e-3, tolerance: 5e-2).check(net, random([4, 3, 40, 36], seed: 10))
    let bottlenecks = ResNet(
      .init(blocks: [1, 1, 1, 1], bottleneck: true), width: 0.1, generator: &g)
    GradientCheck(distance: 1e-3, tolerance: 5e-2)
      .check(bottlenecks, random([4, 3, 40, 36], seed: 10))
  }

  @Test func gradientsAddUpUntilZeroed() {
    var g = SeededGenerator(seed: 11)
    let net = ResNet(.init(blocks: [1, 1, 1, 1]), width: 0.25, generator: &g)
    let x = random([2, 3, 32, 32], seed: 12)
    func pass() {
      let y = net.forward(x, training: true)
      _ = net.backward(y.copy(), inputGradient: false)
    }
    net.zeroGradients()
    pass()
    let once = net.parameters.map { $0.gradient.values }
    pass()
    for (parameter, gradient) in zip(net.parameters, once) {
      for (twice, single) in zip(parameter.gradient.values, gradient) {
        #expect(abs(twice - 2 * single) <= 1e-5 * max(1, abs(single)))
      }
    }
    net.zeroGradients()
    #expect(net.parameters.allSatisfy { $0.gradient.values.allSatisfy { $0 == 0 } })
  }

  @Test func frozenParametersGetNoGradient() {
    var g = SeededGenerator(seed: 13)
    let net = ResNet(.init(blocks: [1, 1, 1, 1]), width: 0.25, generator: &g)
    net.setTrainable(false)
    let before = net.parameters.map { $0.value.values }
    let optimiser = SGD(net.parameters, learningRate: 1, momentum: 0.9, weightDecay: 0.1)
    _ = net.forward(random([2, 3, 32, 32], seed: 12), training: true)
    _ = net.backward(random([2, 128], seed: 14), inputGradient: false)
    optimiser.step()
    #expect(net.parameters.map { $0.value.values } == before)
  }

  @Test func frozenNormalisationUsesRunningStatisticsAndKeepsThem() {
    let layer = BatchNorm2d("b", channels: 17)
    for i in 0..<17 {
      layer.weight.value[i] = 0.5 + Float(i) / 8
      layer.runningMean[i] = Float(i % 5) / 4
      layer.runningVariance[i] = 0.5 + Float(i % 3)
    }
    layer.setTrainable(false)
    let before = layer.buffers.map { $0.tensor.values }
    let x = random([2, 17, 5, 3], seed: 3)
    let inference = layer.forward(x, training: false).values
    #expect(layer.forward(x, training: true).values == inference)
    _ = layer.backward(random([2, 17, 5, 3], seed: 4))
    GradientCheck().checkInput(layer, x)
    #expect(layer.buffers.map { $0.tensor.values } == before)
  }

  /// Freezing the first parts must not change what the others learn in the first step, but for the
  /// statistics that the frozen parts use.
  @Test func gradientsAboveAFrozenPartAreThoseOfItsOutput() {
    var g = SeededGenerator(seed: 15)
    let net = ResNet(.init(blocks: [1, 1, 1, 1]), width: 0.25, generator: &g)
    for parameter in net.parameters where !parameter.name.hasPrefix("layer4") {
      parameter.isTrainable = false
    }
    let x = random([2, 3, 32, 32], seed: 12)
    let dy = random([2, 128], seed: 14)
    func gradients(ofInput: Bool) -> [[Float]] {
      net.zeroGradients()
      _ = net.forward(x, training: true)
      let dx = net.backward(dy.copy(), inputGradient: ofInput)
      #expect((dx != nil) == ofInput)
      return net.parameters.map { $0.gradient.values }
    }
    let whole = gradients(ofInput: true)
    #expect(gradients(ofInput: false) == whole)
    #expect(whole.contains { $0.contains { $0 != 0 } })
  }

  @Test func orthogonalMatricesKeepLengthsAndAngles() {
    var g = SeededGenerator(seed: 21)
    for (rows, columns) in [(9, 5), (5, 9), (6, 6)] {
      let w = Initialisation.orthogonal(rows: rows, columns: columns, &g)
      let gram =
        rows < columns
        ? Matrix.product(w, w, transposeB: true) : Matrix.product(w, transposeA: true, w)
      let square = Float(rows < columns ? Double(columns) / Double(rows) : 1)
      for i in 0..<gram.shape[0] {
        for j in 0..<gram.shape[1] {
          #expect(abs(gram[i * gram.shape[1] + j] - (i == j ? square : 0)) < 1e-5)
        }
      }
    }
  }

  @Test func rateFactorsScaleTheSteps() {
    func moved(_ factor: Double, _ make: ([Parameter]) -> any Optimiser) -> Float {
      let parameter = Parameter("p", .zeros([1]))
      parameter.learningRateFactor = factor
      parameter.addGradient { _, gradient in gradient.fill(1) }
      make([parameter]).step()
      return parameter.value[0]
    }
    for make: ([Parameter]) -> any Optimiser in [
      { SGD($0, learningRate: 0.5) }, { AdamW($0, learningRate: 0.5, weightDecay: 0) },
    ] {
      #expect(moved(0.25, make) == moved(1, make) / 4)
      #expect(moved(0, make) == 0)
    }
  }

  @Test func namesAreTorchvisions() {
    var g = SeededGenerator(seed: 17)
    let net = ResNet.resnet18(generator: &g)
    let names = net.state.map(\.name)
    #expect(names.count == 62 - 2 + 40)
    for name in [
      "conv1.weight", "bn1.running_mean", "layer1.0.bn1.running_mean", "layer1.1.conv2.weight",
      "layer2.0.downsample.0.weight", "layer4.1.bn2.bias", "layer2.0.downsample.1.running_var",
    ] { #expect(names.contains(name)) }
    #expect(net.parameters.reduce(0) { $0 + $1.value.count } == 11_176_512)
    #expect(net.featureCount == 512)
    let large = ResNet(.resnet50, generator: &g)
    #expect(large.parameters.reduce(0) { $0 + $1.value.count } == 23_508_032)
    #expect(large.featureCount == 2048)
    #expect(large.state.contains { $0.name == "layer1.0.downsample.0.weight" })
  }
}
