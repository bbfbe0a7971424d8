/// The targets of a batch: class indices, and a distribution over the classes.
public struct Targets: Sendable, Equatable {
  /// The class of each sample; of a soft label the most probable one, the first of equals.
  public let labels: [Int]
  /// The number of classes.
  public let classCount: Int
  /// Row-major `[N, K]`, each row with sum 1.
  public let distribution: [Double]

  /// The number of samples.
  public var count: Int { labels.count }

  /// Hard labels, smoothed: the true class gets 1 - e + e/K, every other e/K
  /// (Szegedy et al. 2016).
  public init(labels: [Int], classCount: Int, smoothing: Double = 0) {
    self.labels = labels
    self.classCount = classCount
    var rows = [Double](repeating: smoothing / Double(classCount), count: labels.count * classCount)
    for (row, label) in labels.enumerated() { rows[row * classCount + label] += 1 - smoothing }
    distribution = rows
  }

  /// Distributions as they are, row-major `[N, K]`, each row with sum 1.
  public init(distribution: [Double], classCount: Int) {
    self.classCount = classCount
    self.distribution = distribution
    labels = stride(from: 0, to: distribution.count, by: classCount).map { start in
      let row = distribution[start..<start + classCount]
      return row.indices.max { distribution[$0] < distribution[$1] }.map { $0 - start } ?? 0
    }
  }

  /// Soft labels (FERPlus's vote distributions), smoothed in the same way.
  ///
  /// Rows are divided by their sum; `soft` is row-major `[N, K]` with no negative entry.
  public init(soft: [Double], classCount: Int, smoothing: Double = 0) {
    self.classCount = classCount
    var labels: [Int] = []
    var rows: [Double] = []
    rows.reserveCapacity(soft.count)
    for start in stride(from: 0, to: soft.count, by: classCount) {
      let row = soft[start..<start + classCount]
      let total = row.reduce(0, +)
      labels.append(row.indices.max { soft[$0] < soft[$1] }.map { $0 - start } ?? 0)
      rows += row.map { $0 / total * (1 - smoothing) + smoothing / Double(classCount) }
    }
    self.labels = labels
    distribution = rows
  }
}
