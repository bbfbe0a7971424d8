import Platform

/// A confidence interval.
public struct Interval: Sendable, Equatable {
  public let low: Double
  public let high: Double

  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// The standard normal quantile of 0.975.
  public static let normalQuantile95 = 1.959963984540054

  /// The 95 % Wilson score interval of a proportion (Wilson 1927); nil without samples.
  public static func wilson(correct: Int, total: Int) -> Interval? {
    guard total > 0 else { return nil }
    let n = Double(total)
    let p = Double(correct) / n
    let z2 = normalQuantile95 * normalQuantile95
    let denominator = 1 + z2 / n
    let centre = (p + z2 / (2 * n)) / denominator
    let half =
      normalQuantile95 * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot() / denominator
    return Interval(low: max(0, centre - half), high: min(1, centre + half))
  }
}

/// McNemar's exact test of two models on the same samples (McNemar 1947).
public struct McNemar: Sendable, Equatable {
  /// Samples that only the first model has right.
  public let onlyFirst: Int
  /// Samples that only the second model has right.
  public let onlySecond: Int

  public init(onlyFirst: Int, onlySecond: Int) {
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
  }

  /// Counts the samples on which two models differ; both lists speak of the same samples.
  public init(first: [Bool], second: [Bool]) {
    precondition(first.count == second.count)
    onlyFirst = zip(first, second).count { $0 && !$1 }
    onlySecond = zip(first, second).count { !$0 && $1 }
  }

  /// The two-sided p-value under Binomial(onlyFirst + onlySecond, 1/2), at most 1.
  public var pValue: Double {
    min(1, 2 * lowerTail(min(onlyFirst, onlySecond), of: onlyFirst + onlySecond))
  }

  /// P(X <= k) for X ~ Binomial(n, 1/2).
  ///
  /// The term at k comes from a running product that takes its n halvings as it grows, and the
  /// terms below it from ratios: no logarithms, so the relative error stays near n epsilon.
  private func lowerTail(_ k: Int, of n: Int) -> Double {
    var halvings = n
    var term = 1.0
    for index in 0..<k {
      term *= Double(n - index) / Double(index + 1)
      while term > 1, halvings > 0 {
        term *= 0.5
        halvings -= 1
      }
    }
    var sum = 0.0
    var relative = 1.0
    for index in stride(from: k, through: 0, by: -1) {
      sum += relative
      relative *= Double(index) / Double(n - index + 1)
    }
    sum *= term
    while halvings > 0, sum > 0 {
      sum *= 0.5
      halvings -= 1
    }
    return sum
  }
}

/// The difference of a score between two models on the same samples, by paired resampling.
public struct PairedBootstrap: Sendable, Equatable {
  /// The second model's score minus the first's on the samples as they are.
  public let difference: Double
  /// The 2.5 % and 97.5 % quantiles of the resampled differences (percentile method, Efron 1979).
  public let interval: Interval

  /// Resamples the accuracy difference; resample r draws from the stream (seed, r).
  ///
  /// - Complexity: O(N resamples).
  public init?(
    first: [Bool], second: [Bool], resamples: Int = 10_000, seed: UInt64 = 0, threads: Int = 1
  ) throws {
    precondition(first.count == second.count && resamples > 0)
    let count = first.count
    guard count > 0 else { return nil }
    let gains = zip(first, second).map { ($1 ? 1 : 0) - ($0 ? 1 : 0) }
    let sums = try Parallel.map(resamples, threads: threads) { resample in
      var generator = SeededGenerator(seed: seed, UInt64(resample))
      var sum = 0
      for _ in 0..<count { sum += gains[generator.below(count)] }
      return sum
    }
    let sorted = sums.sorted().map { Double($0) / Double(count) }
    difference = Double(gains.reduce(0, +)) / Double(count)
    interval = Interval(low: quantile(0.025, of: sorted), high: quantile(0.975, of: sorted))
  }
}

/// The quantile `q` of sorted values, linear between neighbours.
func quantile(_ q: Double, of sorted: [Double]) -> Double {
  let position = q * Double(sorted.count - 1)
  let below = Int(position)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
}
