import Platform
import Tensors
import Testing

@Suite struct TensorTests {
  @Test func layoutsConvertBothWays() {
    for shape in [[1, 1, 1, 1], [2, 16, 3, 5], [3, 17, 4, 1], [1, 33, 2, 2]] {
      let x = Reference.random(shape, seed: 7)
      let blocked = x.converted(to: .blocked)
      #expect(blocked.storedCount == shape[0] * ((shape[1] + 15) / 16) * 16 * shape[2] * shape[3])
      #expect(blocked.values == x.values)
      #expect(Int(bitPattern: blocked.pointer) % 64 == 0)
    }
  }

  @Test func viewsShareMemory() {
    let x = Tensor([4, 3], values: (0..<12).map(Float.init))
    let rows = x.rows(1..<3)
    #expect(rows.values == [3, 4, 5, 6, 7, 8])
    rows[0] = 30
    #expect(x[3] == 30)
    #expect(x.reshaped([2, 6]).rows(1..<2).values == [6, 7, 8, 9, 10, 11])
  }

  @Test func memoryIsReused() {
    let first = Tensor([1 << 20])
    let address = first.pointer
    withExtendedLifetime(first) {}
    #expect(address == first.pointer)
  }

  @Test func everyIndexRunsOnce() {
    for threads in 1...4 {
      let (_, helped) = ThreadPool.withOwnThreads(threads) {
        for count in [0, 1, 2, 7, 1000] {
          let hits = Locked([Int](repeating: 0, count: count))
          ThreadPool.forEach(count) { index in hits.withLock { $0[index] += 1 } }
          #expect(hits.withLock { $0 }.allSatisfy { $0 == 1 })
        }
      }
      // Of the three jobs of more than one task, another thread runs the first task at least.
      #expect(threads == 1 ? helped == 0 : helped >= 3)
    }
  }

  /// While the shared pool is busy, a pool of one's own still has its threads; the shared one is in use
  /// again afterwards.
  @Test func ownThreadsHelpWhileTheSharedPoolIsBusy() {
    let shared = ThreadPool.threads
    let helped = Locked(0)
    ThreadPool.forEach(2) { _ in
      let (_, ran) = ThreadPool.withOwnThreads(2) {
        #expect(ThreadPool.threads == 2)
        ThreadPool.forEach(16) { _ in }
      }
      helped.withLock { $0 += ran > 0 ? 1 : 0 }
    }
    #expect(helped.withLock { $0 } == 2)
    #expect(ThreadPool.threads == shared)
  }

  @Test func workInsideWorkRuns() {
    let sum = Locked(0)
    ThreadPool.forEach(8) { outer in
      ThreadPool.forEach(8) { inner in sum.withLock { $0 += outer * 8 + inner } }
    }
    #expect(sum.withLock { $0 } == 64 * 63 / 2)
  }
}

@Suite struct KernelTests {
  /// Sums of up to 300 float products: a few ulps of the largest.
  static let tolerance = 2e-6

  @Test(arguments: KernelTarget.available)
  func matrixProductsMatchDouble(_ target: KernelTarget) {
    for (m, n, k) in [(1, 1, 1), (3, 17, 5), (29, 33, 64), (64, 8, 300), (130, 100, 70)] {
      for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
        let a = Reference.random(ta ? [k, m] : [m, k], seed: 1)
        let b = Reference.random(tb ? [n, k] : [k, n], seed: 2)
        var expected = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
          for j in 0..<n {
            for p in 0..<k {
              expected[i * n + j] +=
                Double(a[ta ? p * m + i : i * k + p]) * Double(b[tb ? j * k + p : p * n + j])
            }
          }
        }
        target.use {
          let c = Matrix.product(a, transposeA: ta, b, transposeB: tb)
          #expect(Reference.relativeError(c.values, expected) < Self.tolerance)
          Matrix.multiply(a, transposeA: ta, b, transposeB: tb, accumulate: true, into: c)
          #expect(Reference.relativeError(c.values, expected.map { 2 * $0 }) < Self.tolerance)
        }
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func statisticsKeepDigitsUnderALargeMean(_ target: KernelTarget) {
    let offset: Float = 1000
    let x = Reference.random([3, 5, 20, 19], seed: 3)
    for i in 0..<x.count { x[i] += offset }
    let plane = 380
    target.use {
      let (mean, variance) = Normalisation.statistics(x.converted(to: .blocked))
      for c in 0..<5 {
        let values = (0..<3).flatMap { n in
          (0..<plane).map { Double(x[(n * 5 + c) * plane + $0]) }
        }
        let centre = values.reduce(0, +) / Double(values.count)
        let spread = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(values.count)
        #expect(abs(Double(mean[c]) - centre) < 1e-4)
        #expect(abs(Double(variance[c]) - spread) < 1e-4 * spread)
      }
    }
  }

  @Test(arguments: KernelTarget.available)
  func maximumPoolingMatchesWindows(_ target: KernelTarget) {
    for (shape, pooling) in [
      ([2, 5, 7, 9], MaximumPooling(size: 3, stride: 2, padding: 1)),
      ([1, 16, 1, 1], MaximumPooling(size: 3, stride: 2, padding: 1)),
      ([1, 3, 8, 8], MaximumPooling(size: 2, stride: 2)),
      ([1, 3, 9, 8], MaximumPooling(size: 3, stride: 2, roundsUp: true)),
    ] {
      let x = Reference.random(shape, seed: 5)
      target.use { checkPooling(x, pooling) }
    }
  }

  private func checkPooling(_ x: Tensor, _ pooling: MaximumPooling) {
    let (y, winners) = pooling.forward(x.converted(to: .blocked), winners: true)
    let dy = Reference.random(y.shape, seed: 6)
    var dx = [Double](repeating: 0, count: x.count)
    let values = y.values
    for plane in 0..<(x.shape[0] * x.shape[1]) {
      for i in 0..<y.shape[2] {
        for j in 0..<y.shape[3] {
          var best = -1
          for r in 0..<pooling.size {
            for s in 0..<pooling.size {
              let row = i * pooling.stride - pooling.padding + r
              let column = j * pooling.stride - pooling.padding + s
              guard row >= 0, row < x.shape[2], column >= 0, column < x.shape[3] else { continue }
              let at = (plane * x.shape[2] + row) * x.shape[3] + column
              if best < 0 || x[at] > x[best] { best = at }
            }
          }
          let at = (plane * y.shape[2] + i) * y.shape[3] + j
          #expect(values[at] == x[best])
          dx[best] += Double(dy[at])
        }
      }
    }
    guard let winners else { return }
    let gradient = pooling.backward(dy.converted(to: .blocked), winners: winners, input: x.shape)
    #expect(Reference.relativeError(gradient.values, dx) < Self.tolerance)
  }

  @Test func elementwiseOperations() {
    let x = Reference.random([1003], seed: 8)
    let y = Elementwise.relu(x)
    #expect(y.values == x.values.map { max(0, $0) })
    let dy = Reference.random([1003], seed: 9)
    let dx = Elementwise.reluBackward(dy, output: y)
    #expect(dx.values == zip(x.values, dy.values).map { $0 > 0 ? $1 : 0 })
    Elementwise.add(x, to: dx)
    Elementwise.multiply(dx, by: 2)
    #expect(dx[5] == 2 * (x[5] + (x[5] > 0 ? dy[5] : 0)))
    let squares = x.values.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(Elementwise.sumOfSquares(x) - squares) < 1e-12 * squares)
  }
}
