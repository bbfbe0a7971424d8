/// N points of `width` coordinates, row-major.
public struct PointSet: Sendable {
  public let count: Int
  public let width: Int
  /// **Shape**: [count, width].
  public let values: [Double]

  public init(_ values: [Double], width: Int) {
    precondition(width > 0 && values.count % width == 0)
    self.values = values
    self.width = width
    count = values.count / width
  }

  /// The coordinates of a point.
  public subscript(row: Int) -> ArraySlice<Double> { values[row * width..<(row + 1) * width] }

  /// The points at `rows`, in that order.
  public func subset(_ rows: [Int]) -> PointSet {
    PointSet(rows.flatMap { self[$0] }, width: width)
  }

  /// The mean of the points at `rows`; zeros without any.
  public func mean(of rows: some Collection<Int>) -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    for row in rows {
      for column in 0..<width { sums[column] += values[row * width + column] }
    }
    let count = Double(max(1, rows.count))
    return sums.map { $0 / count }
  }

  /// The points over their lengths, so that the squared distance of two is 2 - 2 cosine; a zero
  /// vector stays zero.
  public var normalised: PointSet {
    var values = values
    for row in 0..<count {
      let span = row * width..<(row + 1) * width
      let length = values[span].reduce(0) { $0 + $1 * $1 }.squareRoot()
      if length > 0 { for index in span { values[index] /= length } }
    }
    return PointSet(values, width: width)
  }
}

/// Sums over vectors, eight lanes at a time in a fixed order.
enum Lanes {
  /// The dot product.
  @inline(__always)
  static func dot(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
  ) -> Double {
    var sum = SIMD8<Double>.zero
    let whole = count & ~7
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    for index in stride(from: 0, to: whole, by: 8) {
      let x = left.loadUnaligned(fromByteOffset: index * 8, as: SIMD8<Double>.self)
      let y = right.loadUnaligned(fromByteOffset: index * 8, as: SIMD8<Double>.self)
      sum += x * y
    }
    var total = sum.sum()
    for index in whole..<count { total += a[index] * b[index] }
    return total
  }

  /// The squared Euclidean distance.
  @inline(__always)
  static func squaredDistance(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
  ) -> Double {
    var sum = SIMD8<Double>.zero
    let whole = count & ~7
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    for index in stride(from: 0, to: whole, by: 8) {
      let x = left.loadUnaligned(fromByteOffset: index * 8, as: SIMD8<Double>.self)
      let y = right.loadUnaligned(fromByteOffset: index * 8, as: SIMD8<Double>.self)
      let difference = x - y
      sum += difference * difference
    }
    var total = sum.sum()
    for index in whole..<count {
      let difference = a[index] - b[index]
      total += difference * difference
    }
    return total
  }
}
