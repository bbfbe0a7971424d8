import Platform

/// The directions in which points vary most (Pearson 1901), from the centred covariance.
public struct PrincipalComponents: Sendable {
  public let mean: [Double]
  /// Of length 1; the entry of largest size is positive. **Shape**: [k][width].
  public let components: [[Double]]
  /// The points' variance along each component (n - 1).
  public let explainedVariance: [Double]
  /// The same as a part of all variance.
  public let explainedVarianceRatio: [Double]

  /// Finds the first `count` components, or as many as points and width allow.
  ///
  /// Works on the smaller of covariance and Gram matrix.
  /// - Complexity: O(m n w + m^3), m the smaller of the points' number n and their width w.
  public init(_ points: PointSet, count: Int, threads: Int = 1) throws {
    let (n, width) = (points.count, points.width)
    let mean = points.mean(of: 0..<n)
    self.mean = mean
    guard n > 1 else {
      (components, explainedVariance, explainedVarianceRatio) = ([], [], [])
      return
    }
    let usesGram = n < width
    let centred = Self.centred(points, mean)
    let data = usesGram ? centred : Self.transposed(centred, n, width)
    let size = usesGram ? n : width
    let matrix = try Self.products(data, rows: size, width: usesGram ? width : n, threads: threads)
    let eigen = SymmetricEigen(matrix.map { $0 / Double(n - 1) }, size: size)
    let total = (0..<size).reduce(0) { $0 + matrix[$1 * size + $1] } / Double(n - 1)
    let kept = min(count, size, n - 1)
    explainedVariance = eigen.values.prefix(kept).map { max(0, $0) }
    explainedVarianceRatio = explainedVariance.map { total > 0 ? $0 / total : 0 }
    components = eigen.vectors.prefix(kept).map { vector in
      Self.signed(usesGram ? Self.combination(vector, centred, width) : vector)
    }
  }

  /// The points' coordinates along the components, `[n, k]`.
  public func project(_ points: PointSet) -> PointSet {
    let k = components.count
    var values = [Double](repeating: 0, count: points.count * max(1, k))
    let offset = mean
    for row in 0..<points.count {
      let centred = zip(points[row], offset).map { $0 - $1 }
      for index in 0..<k {
        values[row * k + index] = Lanes.dot(centred, components[index], points.width)
      }
    }
    return PointSet(values, width: max(1, k))
  }

  private static func centred(_ points: PointSet, _ mean: [Double]) -> [Double] {
    var values = points.values
    for index in values.indices { values[index] -= mean[index % points.width] }
    return values
  }

  private static func transposed(_ values: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns {
        result[column * rows + row] = values[row * columns + column]
      }
    }
    return result
  }

  /// The dot products of all pairs of rows.
  private static func products(
    _ data: [Double], rows: Int, width: Int, threads: Int
  ) throws -> [Double] {
    let upper = try Parallel.map(rows, threads: threads) { row in
      data.withUnsafeBufferPointer { data -> [Double] in
        guard let base = data.baseAddress else { return [] }
        return (row..<rows).map { Lanes.dot(base + row * width, base + $0 * width, width) }
      }
    }
    var matrix = [Double](repeating: 0, count: rows * rows)
    for row in 0..<rows {
      for column in row..<rows {
        matrix[row * rows + column] = upper[row][column - row]
        matrix[column * rows + row] = upper[row][column - row]
      }
    }
    return matrix
  }

  /// The component that an eigenvector of the Gram matrix stands for, of length 1.
  private static func combination(
    _ weights: [Double], _ centred: [Double], _ width: Int
  ) -> [Double] {
    var sum = [Double](repeating: 0, count: width)
    for (row, weight) in weights.enumerated() {
      for column in 0..<width { sum[column] += weight * centred[row * width + column] }
    }
    let length = Lanes.dot(sum, sum, width).squareRoot()
    return length > 0 ? sum.map { $0 / length } : sum
  }

  private static func signed(_ vector: [Double]) -> [Double] {
    let largest = vector.max { abs($0) < abs($1) } ?? 0
    return largest < 0 ? vector.map { -$0 } : vector
  }
}
