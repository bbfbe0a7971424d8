import Platform
import Tensors
import Testing

/// What Winograd's F(4x4, 3x3) costs in rounding, against double precision.
@Suite struct WinogradTests {
  /// Bounds of the root-mean-square error relative to the root-mean-square value, at 256 channels.
  ///
  /// A direct float sum of n = 9 C terms errs by about sqrt(n) eps / 2 = 1.4e-6 at worst and, in
  /// blocks, near 3e-7. The transforms at points 0, +-3/4, +-3/2 amplify that by under 5; the bound
  /// leaves a factor of two.
  static let winograd = 4e-6
  static let direct = 1.5e-6

  struct Errors {
    var forward = 0.0
    var input = 0.0
    var weights = 0.0
    var all: [Double] { [forward, input, weights] }
  }

  @Test(arguments: KernelTarget.available)
  func roundingIsBounded(_ target: KernelTarget) {
    let errors = target.use { Self.errors(winograd: true) }
    for error in errors.all { #expect(error < Self.winograd, "\(errors)") }
    let direct = target.use { Self.errors(winograd: false) }
    for error in direct.all { #expect(error < Self.direct, "\(direct)") }
  }

  static func errors(winograd: Bool) -> Errors {
    let shape = ConvolutionCase([1, 256, 8, 8], 16, kernel: 3, padding: 1)
    var c = shape.convolution
    c.allowsWinograd = winograd
    let x = Reference.random(shape.input, seed: 21)
    let w = Reference.random([16, 256, 3, 3], seed: 22)
    let dy = Reference.random(c.outputShape(shape.input), seed: 23)
    var y = [Double](repeating: 0, count: dy.count)
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    Reference.products(c, input: shape.input) {
      y[$2] += Double(x.pointer[$0]) * Double(w.pointer[$1])
      dx[$0] += Double(w.pointer[$1]) * Double(dy.pointer[$2])
      dw[$1] += Double(x.pointer[$0]) * Double(dy.pointer[$2])
    }
    let blocked = dy.converted(to: .blocked)
    let gradient = Tensor(w.shape)
    c.backwardWeights(blocked, input: x.converted(to: .blocked), accumulate: false, into: gradient)
    return Errors(
      forward: deviation(c.forward(x, weights: w).values, y),
      input: deviation(c.backwardInput(blocked, weights: w, input: x.shape).values, dx),
      weights: deviation(gradient.values, dw))
  }

  static func deviation(_ a: [Float], _ b: [Double]) -> Double {
    let squares = zip(a, b).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    return (squares / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}
