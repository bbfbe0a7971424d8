import Platform
import Tensors
import Testing

/// A convolution's geometry and input for one case.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  var input: [Int]
  var outputs: Int
  var kernel: Int
  var stride: Int
  var padding: Int

  init(_ input: [Int], _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0) {
    self.input = input
    self.outputs = outputs
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  var description: String { "\(input) -> \(outputs), kernel \(kernel)/\(stride)+\(padding)" }

  var convolution: Convolution {
    Convolution(
      inputChannels: input[1], outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel,
      stride: stride, padding: padding)
  }

  static let all = [
    ConvolutionCase([1, 1, 1, 1], 1, kernel: 1),
    ConvolutionCase([1, 1, 1, 1], 1, kernel: 3, padding: 1),
    ConvolutionCase([2, 3, 9, 11], 5, kernel: 7, stride: 2, padding: 3),
    ConvolutionCase([1, 3, 16, 16], 64, kernel: 7, stride: 2, padding: 3),
    ConvolutionCase([2, 3, 8, 8], 17, kernel: 3, padding: 1),
    ConvolutionCase([3, 17, 5, 7], 33, kernel: 3, padding: 1),
    ConvolutionCase([2, 16, 8, 8], 16, kernel: 3, padding: 1),
    ConvolutionCase([2, 32, 7, 7], 48, kernel: 3, stride: 2, padding: 1),
    ConvolutionCase([2, 20, 8, 6], 12, kernel: 3, stride: 2, padding: 1),
    ConvolutionCase([3, 16, 9, 9], 32, kernel: 1, stride: 2),
    ConvolutionCase([2, 24, 4, 4], 40, kernel: 1),
    ConvolutionCase([5, 64, 4, 4], 64, kernel: 3, padding: 1),
    ConvolutionCase([1, 96, 14, 14], 80, kernel: 3, padding: 1),
    ConvolutionCase([2, 10, 12, 12], 16, kernel: 3),
    ConvolutionCase([1, 8, 13, 13], 4, kernel: 5, stride: 3, padding: 2),
    ConvolutionCase([1, 16, 2, 2], 16, kernel: 3, stride: 2, padding: 1),
    ConvolutionCase([7, 16, 1, 3], 16, kernel: 3, padding: 1),
    ConvolutionCase([2, 18, 9, 6], 7, kernel: 3, padding: 2),
    ConvolutionCase([50, 16, 8, 7], 20, kernel: 3, padding: 1),
    ConvolutionCase([3, 512, 4, 4], 16, kernel: 3, padding: 1),
    ConvolutionCase([1, 256, 4, 5], 96, kernel: 3, padding: 1),
  ]
}

@Suite struct ConvolutionTests {
  /// Sums of at most 96 x 9 products of unit normals in float: a few ulps of the largest sum, times
  /// the growth of Winograd's transforms where they are used (measured below 2e-6).
  static let tolerance = 1e-5

  @Test(arguments: ConvolutionCase.all, KernelTarget.available)
  func forwardMatchesDouble(_ shape: ConvolutionCase, _ target: KernelTarget) {
    let c = shape.convolution
    let x = Reference.random(shape.input, seed: 1)
    let w = Reference.random([shape.outputs, shape.input[1], shape.kernel, shape.kernel], seed: 2)
    var expected = [Double](repeating: 0, count: c.outputShape(shape.input).reduce(1, *))
    Reference.products(c, input: shape.input) {
      expected[$2] += Double(x.pointer[$0]) * Double(w.pointer[$1])
    }
    target.use {
      let y = c.forward(x, weights: w)
      #expect(Reference.relativeError(y.values, expected) < Self.tolerance)
      let blocked = c.forward(x.converted(to: .blocked), weights: w)
      #expect(Reference.relativeError(blocked.values, expected) < Self.tolerance)
    }
  }

  @Test(arguments: ConvolutionCase.all, KernelTarget.available)
  func gradientsMatchDouble(_ shape: ConvolutionCase, _ target: KernelTarget) {
    let c = shape.convolution
    let x = Reference.random(shape.input, seed: 1)
    let w = Reference.random([shape.outputs, shape.input[1], shape.kernel, shape.kernel], seed: 2)
    let dy = Reference.random(c.outputShape(shape.input), seed: 3)
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    Reference.products(c, input: shape.input) {
      dx[$0] += Double(w.pointer[$1]) * Double(dy.pointer[$2])
      dw[$1] += Double(x.pointer[$0]) * Double(dy.pointer[$2])
    }
    target.use {
      let blocked = dy.converted(to: .blocked)
      let once = c.backwardInput(blocked, weights: w, input: x.shape)
      #expect(Reference.relativeError(once.values, dx) < Self.tolerance)
      let twice = c.backwardInput(blocked, weights: w, input: x.shape, addingTo: once)
      #expect(Reference.relativeError(twice.values, dx.map { 2 * $0 }) < Self.tolerance)
      for input in [x, x.converted(to: .blocked)] {
        let gradient = Tensor(w.shape)
        c.backwardWeights(blocked, input: input, accumulate: false, into: gradient)
        #expect(Reference.relativeError(gradient.values, dw) < Self.tolerance)
        c.backwardWeights(blocked, input: input, accumulate: true, into: gradient)
        #expect(Reference.relativeError(gradient.values, dw.map { 2 * $0 }) < Self.tolerance)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func epilogueScalesAddsAndClips(_ target: KernelTarget) {
    for channels in [3, 20] {
      let shape = ConvolutionCase([2, channels, 6, 6], 18, kernel: 3, padding: 1)
      let c = shape.convolution
      let x = Reference.random(shape.input, seed: 4)
      let w = Reference.random([18, channels, 3, 3], seed: 5)
      let residual = Reference.random([2, 18, 6, 6], seed: 6)
      let scale = Tensor([32], values: (0..<32).map { $0 < 18 ? 0.5 + Float($0) / 10 : 0 })
      let bias = Tensor([32], values: (0..<32).map { $0 < 18 ? Float($0) - 9 : 0 })
      var expected = residual.values.map(Double.init)
      Reference.products(c, input: shape.input) {
        let factor = Double(scale[$2 / 36 % 18])
        expected[$2] += factor * Double(x.pointer[$0]) * Double(w.pointer[$1])
      }
      for i in 0..<expected.count { expected[i] = max(0, expected[i] + Double(bias[i / 36 % 18])) }
      target.use {
        var epilogue = Convolution.Epilogue()
        epilogue.scale = scale
        epilogue.bias = bias
        epilogue.residual = residual.converted(to: .blocked)
        epilogue.relu = true
        let y = c.forward(x, weights: w, epilogue: epilogue)
        #expect(Reference.relativeError(y.values, expected) < Self.tolerance)
      }
    }
  }

  @Test func paddingChannelsStayZero() {
    let c = ConvolutionCase([2, 5, 6, 6], 19, kernel: 3, padding: 1).convolution
    let x = Reference.random([2, 5, 6, 6], seed: 1)
    let w = Reference.random([19, 5, 3, 3], seed: 2)
    let y = c.forward(x, weights: w)
    let dx = c.backwardInput(y, weights: w, input: x.shape)
    for (tensor, channels) in [(y, 19), (dx, 5)] {
      let blocks = (channels + 15) / 16
      for i in 0..<tensor.storedCount where i / (16 * 36) % blocks * 16 + i % 16 >= channels {
        #expect(tensor.pointer[i] == 0)
      }
    }
  }
}
