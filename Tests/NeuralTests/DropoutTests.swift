import Neural
import Platform
import Tensors
import Testing

@Suite struct DropoutTests {
  static let rate = 0.3

  static func layer(_ rate: Double = rate, stream: UInt64 = 0) -> Dropout {
    Dropout("d", rate: rate, seed: 5, stream: stream)
  }

  @Test func inferenceAndARateOfZeroAreTheIdentity() {
    let x = random([3, 7], seed: 1)
    #expect(Self.layer().forward(x, training: false).values == x.values)
    let none = Self.layer(0)
    #expect(none.forward(x, training: true).values == x.values)
    #expect(none.backward(x).values == x.values)
    #expect(none.buffers.isEmpty && none.parameters.isEmpty)
  }

  /// y = x b / (1 - rate) in double precision, at sizes of 1, odd ones and none of sixteen.
  @Test(arguments: [[1, 1], [1, 17], [5, 3], [4, 33], [2, 3, 5, 7]])
  func followsItsFormulaAndItsGradient(shape: [Int]) throws {
    let layer = Self.layer()
    let x = random(shape, seed: 2)
    let y = layer.forward(x, training: true)
    let ones = Tensor(shape)
    ones.fill(1)
    let factors = layer.backward(ones).values
    for (i, factor) in factors.enumerated() {
      #expect(factor == 0 || factor == Float(1 / (1 - Self.rate)))
      let expected = Double(x[i]) * (factor == 0 ? 0 : 1 / (1 - Self.rate))
      #expect(abs(Double(y[i]) - expected) <= 2e-7 * abs(expected))
    }
    GradientCheck().check(Frozen(Self.layer()), x)
  }

  /// The same mask in every pass, as finite differences need it.
  private final class Frozen: Layer {
    let dropout: Dropout
    init(_ dropout: Dropout) { self.dropout = dropout }
    var parameters: [Parameter] { [] }
    func forward(_ x: Tensor, training: Bool) -> Tensor {
      for buffer in dropout.buffers { buffer.tensor.fill(0) }
      return dropout.forward(x, training: training)
    }
    func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
      dropout.backward(dy, inputGradient: inputGradient)
    }
  }

  /// The share that is left out lies within five deviations of a binomial's, for each pass and in
  /// each column; the mean stays.
  @Test func leavesOutTheShareItSays() {
    let (rows, columns, passes) = (200, 50, 4)
    let layer = Self.layer()
    let x = Tensor([rows, columns])
    x.fill(1)
    var perColumn = [Int](repeating: 0, count: columns)
    for _ in 0..<passes {
      let y = layer.forward(x, training: true).values
      let zeros = y.count { $0 == 0 }
      #expect(abs(Self.deviations(zeros, of: y.count)) < 5)
      for (i, value) in y.enumerated() where value == 0 { perColumn[i % columns] += 1 }
      let mean = y.reduce(0) { $0 + Double($1) } / Double(y.count)
      // The deviation of one element is sqrt(rate / (1 - rate)) = 0.65.
      #expect(abs(mean - 1) < 5 * 0.65 / Double(y.count).squareRoot())
    }
    #expect(perColumn.allSatisfy { abs(Self.deviations($0, of: rows * passes)) < 5 })
  }

  private static func deviations(_ count: Int, of all: Int) -> Double {
    let n = Double(all)
    return (Double(count) - n * rate) / (n * rate * (1 - rate)).squareRoot()
  }

  @Test func drawsAnewEachPassAndGoesOnFromItsState() {
    let x = random([8, 16], seed: 3)
    let layer = Self.layer()
    let masks = (0..<3).map { _ in layer.forward(x, training: true).values }
    #expect(masks[0] != masks[1] && masks[1] != masks[2])
    let resumed = Self.layer()
    _ = resumed.forward(x, training: true)
    let state = resumed.buffers.map { $0.tensor.values }
    let next = Self.layer()
    for (buffer, values) in zip(next.buffers, state) { buffer.tensor[0] = values[0] }
    #expect(next.forward(x, training: true).values == masks[1])
    #expect(next.forward(x, training: true).values == masks[2])
    #expect(Self.layer(stream: 1).forward(x, training: true).values != masks[0])
  }
}
