import Platform

/// The order in which an epoch visits the training rows: a pure function of seed and epoch.
public struct Sampler: Sendable, Equatable {
  /// How often a class is drawn.
  public enum Kind: String, Sendable, CaseIterable {
    /// Every row once.
    case uniform
    /// N draws with replacement, weight 1/count of the row's class.
    case balanced
    /// N draws with replacement, weight 1/sqrt(count): between the other two.
    case squareRoot = "square-root"
  }

  public let kind: Kind
  /// Whether `uniform` permutes the rows; the other kinds are random in any case.
  public let isShuffled: Bool
  public let seed: UInt64
  /// The class of each row.
  private let labels: [Int]
  /// Running sums of the rows' weights; empty for `uniform`.
  private let cumulative: [Double]

  public init(kind: Kind, labels: [Int], isShuffled: Bool = true, seed: UInt64) {
    self.kind = kind
    self.labels = labels
    self.isShuffled = isShuffled
    self.seed = seed
    guard kind != .uniform else {
      cumulative = []
      return
    }
    var counts: [Int: Int] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    var sum = 0.0
    cumulative = labels.map { label in
      let count = Double(counts[label] ?? 1)
      sum += kind == .balanced ? 1 / count : 1 / count.squareRoot()
      return sum
    }
  }

  /// Returns the rows of an epoch in order; always as many as there are rows.
  ///
  /// - Complexity: O(N) uniform, O(N log N) weighted.
  public func rows(epoch: Int) -> [Int] {
    var generator = SeededGenerator(
      seed: seed, RandomStream.sampling.rawValue, UInt64(epoch))
    if kind == .uniform {
      return isShuffled ? generator.permutation(labels.count) : Array(0..<labels.count)
    }
    let total = cumulative.last ?? 0
    return labels.indices.map { _ in row(at: generator.unit() * total) }
  }

  /// Returns the rows of an epoch in batches; `dropLast` leaves a short last batch out.
  public func batches(epoch: Int, size: Int, dropLast: Bool) -> [[Int]] {
    let order = rows(epoch: epoch)
    let full = order.count / size
    var batches = (0..<full).map { Array(order[$0 * size..<($0 + 1) * size]) }
    if !dropLast, order.count > full * size { batches.append(Array(order[(full * size)...])) }
    return batches
  }

  /// The first row whose running sum exceeds `mark`.
  private func row(at mark: Double) -> Int {
    var (low, high) = (0, cumulative.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > mark { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// The independent random streams of a training run's seed.
public enum RandomStream: UInt64, Sendable {
  case initialisation = 1
  case sampling = 2
  case augmentation = 3
  case dropout = 4
  case secondView = 5
}
