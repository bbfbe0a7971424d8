import Platform
import Tensors

/// Naive double-precision references, plain row-major layout.
enum Reference {
  static func random(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed, UInt64(shape.count))
    return Tensor(shape, values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) })
  }

  /// Calls `body` for each product of a convolution with flat indices of x, w and y.
  static func products(
    _ c: Convolution, input: [Int], _ body: (_ x: Int, _ w: Int, _ y: Int) -> Void
  ) {
    let output = c.outputShape(input)
    for n in 0..<input[0] {
      for k in 0..<output[1] {
        for i in 0..<output[2] {
          for j in 0..<output[3] {
            let y = ((n * output[1] + k) * output[2] + i) * output[3] + j
            taps(c, input: input, at: (i, j)) { channel, r, s, row, column in
              body(
                ((n * input[1] + channel) * input[2] + row) * input[3] + column,
                ((k * input[1] + channel) * c.kernelHeight + r) * c.kernelWidth + s, y)
            }
          }
        }
      }
    }
  }

  private static func taps(
    _ c: Convolution, input: [Int], at output: (Int, Int),
    _ body: (_ channel: Int, _ r: Int, _ s: Int, _ row: Int, _ column: Int) -> Void
  ) {
    for channel in 0..<input[1] {
      for r in 0..<c.kernelHeight {
        let row = output.0 * c.stride + r - c.padding
        guard row >= 0, row < input[2] else { continue }
        for s in 0..<c.kernelWidth {
          let column = output.1 * c.stride + s - c.padding
          guard column >= 0, column < input[3] else { continue }
          body(channel, r, s, row, column)
        }
      }
    }
  }

  /// max |a - b| / max |b|.
  static func relativeError(_ a: [Float], _ b: [Double]) -> Double {
    precondition(a.count == b.count)
    let scale = max(b.map(abs).max() ?? 0, 1e-30)
    return (zip(a, b).map { abs(Double($0) - $1) }.max() ?? 0) / scale
  }
}
