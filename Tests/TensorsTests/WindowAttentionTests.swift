import Platform
import Tensors
import Testing

@Suite struct WindowAttentionTests {
  /// A product of up to 64 terms, an exponential of 1e-7 and a sum: a few dozen roundings.
  static let tolerance = 2e-6

  static func drawn(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor(shape, values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) })
  }

  /// Equation 4 in double precision, window by window, from the definition of a cyclic shift.
  static func reference(
    _ qkv: [Double], bias: [Double], images: Int, grid: (Int, Int), side: Int, shift: Int,
    heads: Int, width: Int
  ) -> [Double] {
    let (h, w) = grid
    var y = [Double](repeating: 0, count: images * h * w * heads * width)
    func region(_ p: Int, _ extent: Int) -> Int {
      p < extent - side ? 0 : (p < extent - shift ? 1 : 2)
    }
    for image in 0..<images {
      for head in 0..<heads {
        func value(_ part: Int, _ row: Int, _ d: Int) -> Double {
          qkv[((image * h * w + row) * 3 + part) * heads * width + head * width + d]
        }
        for row in 0..<h * w {
          // Where the token lies after the shift to the left and up.
          let (r, c) = ((row / w - shift + h) % h, (row % w - shift + w) % w)
          var scores: [(other: Int, score: Double)] = []
          for i in 0..<side * side {
            let (r2, c2) = (r / side * side + i / side, c / side * side + i % side)
            let other = (r2 + shift) % h * w + (c2 + shift) % w
            let dot = (0..<width).reduce(0.0) { $0 + value(0, row, $1) * value(1, other, $1) }
            let own = r % side * side + c % side
            var score =
              dot / Double(width).squareRoot() + bias[(head * side * side + own) * side * side + i]
            if shift > 0, region(r, h) != region(r2, h) || region(c, w) != region(c2, w) {
              score -= 100
            }
            scores.append((other, score))
          }
          let most = scores.map(\.score).max() ?? 0
          let total = scores.reduce(0.0) { $0 + exponential($1.score - most) }
          for (other, score) in scores {
            let p = exponential(score - most) / total
            for d in 0..<width {
              y[(image * h * w + row) * heads * width + head * width + d] += p * value(2, other, d)
            }
          }
        }
      }
    }
    return y
  }

  /// e^x in double precision by squaring.
  static func exponential(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for n in 1..<20 {
      term *= x / 1024 / Double(n)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
  }

  @Test(arguments: KernelTarget.available)
  func followsItsEquation(_ target: KernelTarget) {
    target.use {
      for (grid, side, shift, heads, width) in [
        ((7, 7), 7, 0, 1, 32), ((14, 14), 7, 3, 2, 32), ((4, 8), 4, 2, 3, 5), ((3, 3), 3, 0, 2, 17),
        ((1, 1), 1, 0, 1, 1),
      ] {
        let qkv = Self.drawn([2, grid.0 * grid.1, 3 * heads * width], seed: 1)
        let bias = Self.drawn([heads, side * side, side * side], seed: 2)
        let attention = WindowAttention(height: grid.0, width: grid.1, side: side, shift: shift)
        let y = attention.forward(qkv, bias: bias).values
        let expected = Self.reference(
          qkv.values.map(Double.init), bias: bias.values.map(Double.init), images: 2, grid: grid,
          side: side, shift: shift, heads: heads, width: width)
        let worst = zip(y, expected).map { abs(Double($0) - $1) }.max() ?? 1
        #expect(worst < Self.tolerance, "\(grid) \(side) \(shift): \(worst)")
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func gradientsAreSlopes(_ target: KernelTarget) {
    target.use {
      let (heads, width, side) = (2, 5, 4)
      let qkv = Self.drawn([2, 64, 3 * heads * width], seed: 3)
      let bias = Self.drawn([heads, side * side, side * side], seed: 4)
      let attention = WindowAttention(height: 8, width: 8, side: side, shift: 2)
      let dy = Self.drawn([2, 64, heads * width], seed: 5)
      let biasGradient = Tensor.zeros(bias.shape)
      let gradient = attention.backward(dy, qkv: qkv, bias: bias, biasGradient: biasGradient)
      /// Central differences of sum y dy in double precision.
      func slope(along direction: Tensor, ofBias: Bool) -> Double {
        func loss(_ step: Double) -> Double {
          var (a, b) = (qkv.values.map(Double.init), bias.values.map(Double.init))
          for (i, d) in direction.values.enumerated() {
            if ofBias { b[i] += step * Double(d) } else { a[i] += step * Double(d) }
          }
          let y = Self.reference(
            a, bias: b, images: 2, grid: (8, 8), side: side, shift: 2, heads: heads, width: width)
          return zip(y, dy.values).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        return (loss(1e-4) - loss(-1e-4)) / 2e-4
      }
      for (value, gradient, ofBias) in [(qkv, gradient, false), (bias, biasGradient, true)] {
        let direction = Self.drawn(value.shape, seed: 6)
        let expected = slope(along: direction, ofBias: ofBias)
        let found = zip(gradient.values, direction.values)
          .reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(found - expected) < 1e-4 * max(1, abs(expected)))
      }
    }
  }

  @Test func threadsChangeNoBit() {
    let qkv = Self.drawn([3, 196, 3 * 64], seed: 7)
    let bias = Self.drawn([2, 49, 49], seed: 8)
    let dy = Self.drawn([3, 196, 64], seed: 9)
    let attention = WindowAttention(height: 14, width: 14, side: 7, shift: 3)
    let results = [1, 2, 4].map { threads -> [[Float]] in
      let (values, helped) = ThreadPool.withOwnThreads(threads) {
        let sum = Tensor.zeros(bias.shape)
        let gradient = attention.backward(dy, qkv: qkv, bias: bias, biasGradient: sum)
        return [attention.forward(qkv, bias: bias).values, gradient.values, sum.values]
      }
      #expect((helped > 0) == (threads > 1))
      return values
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
