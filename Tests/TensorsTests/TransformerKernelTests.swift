import Glibc
import Platform
import Tensors
import Testing

/// The kernels of transformers against double precision.
@Suite struct TransformerKernelTests {
  /// Sums of at most 300 products and an exponential within 2 ulp, relative to the largest value.
  static let tolerance = 4e-6

  @Test(arguments: KernelTarget.available)
  func activations(_ target: KernelTarget) {
    target.use {
      for (rows, width) in [(1, 1), (3, 17), (5, 64), (2, 16384)] {
        let x = Reference.random([rows, width], seed: 1)
        Elementwise.multiply(x, by: 3)
        x.pointer[0] = -9.5
        let bias = Reference.random([width], seed: 2)
        let dy = Reference.random([rows, width], seed: 3)
        for kind in Activation.allCases {
          let (y, dx) = (x.copy(), dy.copy())
          let sum = kind.apply(y, bias: bias, keeping: true)
          guard let sum else { return #expect(Bool(false), "the sum was asked for") }
          kind.backward(dx, sum: sum)
          let expected = (0..<x.count).map { i in
            Self.activation(kind, Double(x[i]) + Double(bias[i % width]))
          }
          #expect(Reference.relativeError(y.values, expected.map(\.value)) < Self.tolerance)
          let slopes = (0..<x.count).map { expected[$0].slope * Double(dy[$0]) }
          #expect(Reference.relativeError(dx.values, slopes) < Self.tolerance)
        }
      }
    }
  }

  static func activation(_ kind: Activation, _ x: Double) -> (value: Double, slope: Double) {
    switch kind {
    case .gelu:
      let phi = 0.5 * erfc(-x / 2.0.squareRoot())
      return (x * phi, phi + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
    case .quickGELU:
      let s = 1 / (1 + exp(-1.702 * x))
      return (x * s, s + 1.702 * x * s * (1 - s))
    }
  }

  @Test(arguments: KernelTarget.available)
  func rowNormalisation(_ target: KernelTarget) {
    target.use {
      for (rows, width) in [(1, 5), (3, 17), (40, 64), (7, 100)] {
        let x = Reference.random([rows, width], seed: 4)
        let (gamma, beta) = (Reference.random([width], seed: 5), Reference.random([width], seed: 6))
        let dy = Reference.random([rows, width], seed: 7)
        let (y, saved) = LayerNormalisation.forward(
          x, gamma: gamma, beta: beta, epsilon: 1e-5, keeping: true)
        guard let saved else { return #expect(Bool(false), "the statistics were asked for") }
        let (dx, dgamma, dbeta) = (Tensor.zeros(x.shape), Tensor([width]), Tensor([width]))
        LayerNormalisation.backward(dy, saved: saved, gamma: gamma, accumulate: true, into: dx)
        LayerNormalisation.gradients(
          dy, saved: saved, gamma: (false, dgamma), beta: (false, dbeta))
        let expected = Self.normalised(x, gamma, beta, dy)
        #expect(Reference.relativeError(y.values, expected.y) < Self.tolerance)
        #expect(Reference.relativeError(dx.values, expected.dx) < Self.tolerance)
        #expect(Reference.relativeError(dgamma.values, expected.dgamma) < Self.tolerance)
        #expect(Reference.relativeError(dbeta.values, expected.dbeta) < Self.tolerance)
      }
    }
  }

  static func normalised(_ x: Tensor, _ gamma: Tensor, _ beta: Tensor, _ dy: Tensor)
    -> (y: [Double], dx: [Double], dgamma: [Double], dbeta: [Double])
  {
    let width = x.shape[1]
    var (y, dx) = ([Double](), [Double]())
    var (dgamma, dbeta) = (
      [Double](repeating: 0, count: width), [Double](repeating: 0, count: width)
    )
    for row in 0..<x.shape[0] {
      let own = (0..<width).map { Double(x[row * width + $0]) }
      let mean = own.reduce(0, +) / Double(width)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      let inverse = 1 / (variance + 1e-5).squareRoot()
      let hat = own.map { ($0 - mean) * inverse }
      let g = (0..<width).map { Double(dy[row * width + $0]) * Double(gamma[$0]) }
      let plain = g.reduce(0, +) / Double(width)
      let scaled = zip(g, hat).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      for i in 0..<width {
        y.append(hat[i] * Double(gamma[i]) + Double(beta[i]))
        dx.append(inverse * (g[i] - plain - hat[i] * scaled))
        dgamma[i] += Double(dy[row * width + i]) * hat[i]
        dbeta[i] += Double(dy[row * width + i])
      }
    }
    return (y, dx, dgamma, dbeta)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var lengths: [Int]
    var heads: Int
    var width: Int
    var causal = false
    var bias = false
    var masks = 0
    var testDescription: String { "\(lengths) x \(heads) x \(width)" }
  }

  static let cases = [
    Case(lengths: [1], heads: 1, width: 1), Case(lengths: [5, 1, 17], heads: 3, width: 8),
    Case(lengths: [33, 16, 100], heads: 2, width: 64, causal: true),
    Case(lengths: [9, 9, 9, 9], heads: 2, width: 20, bias: true, masks: 2),
    Case(lengths: [0, 3, 0], heads: 1, width: 16, causal: true),
    Case(lengths: [197], heads: 2, width: 33),
  ]

  @Test(arguments: KernelTarget.available, cases)
  func attention(_ target: KernelTarget, _ c: Case) {
    target.use {
      let sequences = Sequences(lengths: c.lengths)
      let width = c.heads * c.width
      let qkv = Reference.random([sequences.rows, 3 * width], seed: 8)
      let dy = Reference.random([sequences.rows, width], seed: 9)
      let length = c.lengths[0]
      var additions = Attention.Additions()
      if c.bias { additions.bias = Reference.random([c.heads, length, length], seed: 10) }
      if c.masks > 0 { additions.mask = Reference.random([c.masks, length, length], seed: 11) }
      let views = (0..<3).map { MatrixView(qkv).columns($0 * width..<($0 + 1) * width) }
      var layer = Attention(heads: c.heads)
      layer.causal = c.causal
      let y = Tensor([sequences.rows, width])
      layer.forward(
        q: views[0], k: views[1], v: views[2], queries: sequences, keys: sequences,
        adding: additions, into: MatrixView(y))
      let gradient = Tensor.zeros(qkv.shape)
      let parts = (0..<3).map { MatrixView(gradient).columns($0 * width..<($0 + 1) * width) }
      let dbias = additions.bias.map { Tensor.zeros($0.shape) }
      layer.backward(
        MatrixView(dy), q: views[0], k: views[1], v: views[2], sequences: sequences,
        adding: additions, dq: parts[0], dk: parts[1], dv: parts[2], dbias: dbias)
      var reference = ReferenceAttention(c, sequences, qkv, dy, additions)
      reference.run()
      #expect(Reference.relativeError(y.values, reference.y) < Self.tolerance)
      #expect(Reference.relativeError(gradient.values, reference.dqkv) < Self.tolerance)
      if let dbias {
        #expect(Reference.relativeError(dbias.values, reference.dbias) < Self.tolerance)
      }
    }
  }

  /// The queries of the last rows alone give what all queries give there.
  @Test func someQueries() {
    let keys = Sequences(lengths: [4, 7])
    let (k, v) = (Reference.random([11, 32], seed: 1), Reference.random([11, 32], seed: 2))
    let q = Reference.random([11, 32], seed: 3)
    var layer = Attention(heads: 2)
    layer.causal = true
    let (all, last) = (Tensor([11, 32]), Tensor([2, 32]))
    layer.forward(
      q: MatrixView(q), k: MatrixView(k), v: MatrixView(v), queries: keys, keys: keys,
      into: MatrixView(all))
    layer.forward(
      q: MatrixView(Rows.gather(q, [3, 10])), k: MatrixView(k), v: MatrixView(v),
      queries: Sequences(count: 2, length: 1), keys: keys, into: MatrixView(last))
    #expect(
      Reference.relativeError(last.values, Rows.gather(all, [3, 10]).values.map(Double.init)) < 1e-6
    )
  }

  @Test func largeProductsInBlocks() {
    for (m, n, k) in [(700, 300, 200), (33, 2000, 600), (1, 4000, 5000), (2500, 9, 800)] {
      let (a, b) = (Reference.random([m, k], seed: 1), Reference.random([n, k], seed: 2))
      let c = Matrix.product(a, b, transposeB: true)
      let small = KernelTarget.portable.use { Matrix.product(a, b, transposeB: true) }
      #expect(Reference.relativeError(c.values, small.values.map(Double.init)) < 1e-5)
      let library = Tensor([m, n])
      Matrix.multiply(
        MatrixView(a), MatrixView(b), transposeB: true, into: MatrixView(library), on: .library)
      #expect(Reference.relativeError(library.values, small.values.map(Double.init)) < 1e-5)
    }
  }

  /// Weight gradients: a long depth in parts, on both kernels, added to what is there; the same bits
  /// on any number of threads.
  @Test func productsOfLongDepth() {
    for (m, n, k) in [(100, 37, 5000), (400, 90, 1300), (7, 5, 3), (193, 769, 321)] {
      let (a, b) = (Reference.random([k, m], seed: 1), Reference.random([k, n], seed: 2))
      let before = Reference.random([m, n], seed: 3)
      var expected = before.values.map(Double.init)
      for p in 0..<k {
        for i in 0..<m {
          let x = Double(a[p * m + i])
          for j in 0..<n { expected[i * n + j] += x * Double(b[p * n + j]) }
        }
      }
      for kernel in MatrixKernels.Kernel.here {
        let c = before.copy()
        Matrix.multiply(
          MatrixView(a), transposeA: true, MatrixView(b), accumulate: true, into: MatrixView(c),
          on: kernel)
        #expect(Reference.relativeError(c.values, expected) < 1e-5)
      }
      let results = [1, 2, 4].map { threads in
        let (values, helped) = ThreadPool.withOwnThreads(threads) {
          Matrix.product(a, transposeA: true, b).values
        }
        // The smallest product is one task.
        #expect((helped > 0) == (threads > 1 && m > 7))
        return values
      }
      #expect(results[0] == results[1] && results[0] == results[2])
    }
  }

  /// Bias, activation, slope and residual in the product give what separate passes give.
  @Test(arguments: KernelTarget.available)
  func endsOfProducts(_ target: KernelTarget) {
    target.use {
      for (m, n, k) in [(1, 1, 1), (5, 17, 33), (130, 800, 70)] {
        let (a, b) = (Reference.random([m, k], seed: 1), Reference.random([n, k], seed: 2))
        let (bias, residual) = (Reference.random([n], seed: 3), Reference.random([m, n], seed: 4))
        for activation in Activation.allCases {
          let plain = Matrix.product(a, b, transposeB: true)
          let sum = activation.apply(plain, bias: bias, keeping: true) ?? plain
          Rows.add(nil, residual, to: plain)
          let slopes = Matrix.product(a, b, transposeB: true)
          activation.backward(slopes, sum: residual)
          for kernel in MatrixKernels.Kernel.here {
            let (y, kept, dx) = (Tensor([m, n]), Tensor([m, n]), Tensor([m, n]))
            Matrix.multiply(
              MatrixView(a), MatrixView(b), transposeB: true,
              epilogue: ProductEpilogue(
                bias: bias, activation: (activation, kept), residual: residual),
              into: MatrixView(y), on: kernel)
            Matrix.multiply(
              MatrixView(a), MatrixView(b), transposeB: true,
              epilogue: ProductEpilogue(slope: (activation, at: residual)), into: MatrixView(dx),
              on: kernel)
            for (ours, theirs) in [(y, plain), (kept, sum), (dx, slopes)] {
              #expect(Reference.relativeError(ours.values, theirs.values.map(Double.init)) < 1e-5)
            }
          }
        }
      }
    }
  }
}
