import Testing
import Training

@Suite struct MethodSamplerTests {
  /// 900 of class 0, 90 of class 1, 10 of class 2.
  let labels =
    Array(repeating: 0, count: 900) + Array(repeating: 1, count: 90)
    + Array(repeating: 2, count: 10)

  func drawn(_ kind: Sampler.Kind) -> [Double] {
    let sampler = Sampler(kind: kind, labels: labels, seed: 7)
    var counts = [0.0, 0.0, 0.0]
    for epoch in 0..<20 {
      for row in sampler.rows(epoch: epoch) { counts[labels[row]] += 1 / 20_000 }
    }
    return counts
  }

  @Test func uniformVisitsEveryRowOnce() {
    let sampler = Sampler(kind: .uniform, labels: labels, seed: 7)
    let first = sampler.rows(epoch: 0)
    #expect(first.sorted() == Array(0..<1000))
    #expect(first != sampler.rows(epoch: 1))
    #expect(first == Sampler(kind: .uniform, labels: labels, seed: 7).rows(epoch: 0))
    #expect(first != Sampler(kind: .uniform, labels: labels, seed: 8).rows(epoch: 0))
    let plain = Sampler(kind: .uniform, labels: labels, isShuffled: false, seed: 7)
    #expect(plain.rows(epoch: 3) == Array(0..<1000))
  }

  /// 20,000 draws of a share p have a standard deviation of at most 0.5/sqrt(20000) = 0.0035; six
  /// of them.
  static let shareTolerance = 0.021

  @Test func balancedDrawsEveryClassEqually() {
    for share in drawn(.balanced) { #expect(abs(share - 1 / 3.0) < Self.shareTolerance) }
  }

  @Test func squareRootDrawsByTheRootOfTheCount() {
    let roots = [900.0, 90, 10].map { $0.squareRoot() }
    let total = roots.reduce(0, +)
    for (share, root) in zip(drawn(.squareRoot), roots) {
      #expect(abs(share - root / total) < Self.shareTolerance)
    }
  }

  @Test func aShortLastBatchIsDroppedOrKept() {
    let sampler = Sampler(kind: .balanced, labels: labels, seed: 1)
    #expect(sampler.batches(epoch: 0, size: 64, dropLast: true).count == 15)
    let kept = sampler.batches(epoch: 0, size: 64, dropLast: false)
    #expect(kept.count == 16 && kept.last?.count == 40)
    #expect(kept.flatMap(\.self) == sampler.rows(epoch: 0))
  }
}
