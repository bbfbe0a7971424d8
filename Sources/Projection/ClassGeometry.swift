/// How classes lie in a space of features.
public struct ClassGeometry: Sendable {
  /// The number of points of each class.
  public let counts: [Int]
  /// Each class's spread about its own mean over the spread of all points about theirs; nil for a
  /// class without points. 0: all at one place; 1: as wide as the whole.
  ///
  /// **Equation**: v_k = (1/n_k) sum |x - m_k|^2 / ((1/N) sum |x - m|^2).
  public let variances: [Double?]
  /// Distances between the classes' means over the root of the overall variance; nil where a class
  /// has no points. **Shape**: [K][K].
  public let distances: [[Double?]]
  /// Cosines between the classes' means. **Shape**: [K][K].
  public let cosines: [[Double?]]

  /// - Parameter labels: the class of each point; a negative one has none and is left out.
  public init(_ points: PointSet, labels: [Int], classCount: Int) {
    precondition(labels.count == points.count)
    let members = (0..<classCount).map { index in
      labels.indices.filter { labels[$0] == index }
    }
    let all = labels.indices.filter { labels[$0] >= 0 }
    let overall = Self.spread(points, all, points.mean(of: all))
    let means = members.map { $0.isEmpty ? nil : points.mean(of: $0) }
    counts = members.map(\.count)
    variances = zip(members, means).map { rows, mean in
      mean.map { overall > 0 ? Self.spread(points, rows, $0) / overall : 0 }
    }
    distances = Self.table(means) { a, b in
      let squares = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return overall > 0 ? (squares / overall).squareRoot() : 0
    }
    cosines = Self.table(means) { a, b in
      let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      let lengths = [a, b].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      return lengths[0] * lengths[1] > 0 ? product / (lengths[0] * lengths[1]) : 0
    }
  }

  private static func spread(_ points: PointSet, _ rows: [Int], _ mean: [Double]) -> Double {
    guard !rows.isEmpty else { return 0 }
    let sum = rows.reduce(0.0) { sum, row in
      sum + zip(points[row], mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    return sum / Double(rows.count)
  }

  private static func table(
    _ means: [[Double]?], _ value: ([Double], [Double]) -> Double
  ) -> [[Double?]] {
    means.map { first in
      means.map { second in
        guard let first, let second else { return nil }
        return value(first, second)
      }
    }
  }
}
