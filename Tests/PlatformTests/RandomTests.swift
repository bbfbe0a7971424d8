import Platform
import Testing

@Suite struct RandomTests {
  @Test func streamsAreReproducibleAndDistinct() {
    var a = SeededGenerator(seed: 7, 1, 2)
    var b = SeededGenerator(seed: 7, 1, 2)
    #expect((0..<100).allSatisfy { _ in a.next() == b.next() })
    let firsts = Set(
      (0..<50).flatMap { epoch in
        (0..<50).map { sample in
          var generator = SeededGenerator(seed: 7, UInt64(epoch), UInt64(sample))
          return generator.next()
        }
      })
    #expect(firsts.count == 2500)
    var swapped = SeededGenerator(seed: 7, 2, 1)
    var straight = SeededGenerator(seed: 7, 1, 2)
    #expect(swapped.next() != straight.next())
  }

  /// Seen once and fixed: a change would shift every artifact made from a seed.
  @Test func theStreamNeverChanges() {
    var generator = SeededGenerator(seed: 42, 3)
    let values = (0..<3).map { _ in generator.next() }
    #expect(values == Self.known)
  }

  static let known: [UInt64] = [
    3_540_677_074_020_555_669, 2_585_616_136_312_612_211, 2_953_198_190_932_596_563,
  ]

  @Test func uniformValuesFillTheirRange() {
    var generator = SeededGenerator(seed: 1)
    let draws = (0..<20_000).map { _ in generator.unit() }
    #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
    // Five standard errors of the mean of 20,000 uniform values: 5 / sqrt(12 * 20000).
    #expect(abs(draws.reduce(0, +) / 20_000 - 0.5) < 0.0103)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<14_000 { counts[generator.below(7)] += 1 }
    // Five standard deviations of a binomial count with n = 14,000 and p = 1/7.
    #expect(counts.allSatisfy { abs($0 - 2000) < 207 })
  }

  @Test func normalValuesHaveUnitVariance() {
    var generator = SeededGenerator(seed: 2)
    let draws = (0..<20_000).map { _ in generator.normal() }
    let mean = draws.reduce(0, +) / 20_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    // Five standard errors: 1 / sqrt(n) for the mean, sqrt(2 / n) for the variance.
    #expect(abs(mean) < 0.0354)
    #expect(abs(variance - 1) < 0.05)
  }

  @Test func permutationsHoldEveryIndexOnce() {
    var generator = SeededGenerator(seed: 3)
    for count in [0, 1, 2, 17] {
      #expect(generator.permutation(count).sorted() == Array(0..<count))
    }
  }
}
