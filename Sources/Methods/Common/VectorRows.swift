/// Rows of vectors with their lengths and directions, for cosines and their gradients.
struct VectorRows {
  let count: Int
  let width: Int
  /// Row-major `[count, width]`.
  let values: [Double]
  /// The rows' lengths, at least `smallestLength`.
  let lengths: [Double]
  /// The rows over their lengths.
  let directions: [Double]

  /// A shorter vector is treated as one of this length (as PyTorch's `cosine_similarity` does), so
  /// that the zero vector has cosine 0 and no gradient explodes into infinity.
  static let smallestLength = 1e-8

  init(_ values: [Double], width: Int) {
    self.values = values
    self.width = width
    count = width == 0 ? 0 : values.count / width
    var lengths: [Double] = []
    var directions = values
    for row in 0..<count {
      let span = row * width..<(row + 1) * width
      let length = max(
        values[span].reduce(0) { $0 + $1 * $1 }.squareRoot(), Self.smallestLength)
      lengths.append(length)
      for index in span { directions[index] /= length }
    }
    self.lengths = lengths
    self.directions = directions
  }

  /// The cosine of row `row` and row `other` of `rows`.
  func cosine(_ row: Int, _ rows: VectorRows, _ other: Int) -> Double {
    directions.withUnsafeBufferPointer { a in
      rows.directions.withUnsafeBufferPointer { b in
        var sum = 0.0
        let (i, j) = (row * width, other * width)
        for index in 0..<width { sum += a[i + index] * b[j + index] }
        return sum
      }
    }
  }

  /// All cosines `[count, rows.count]`.
  func cosines(_ rows: VectorRows) -> [Double] {
    var table: [Double] = []
    table.reserveCapacity(count * rows.count)
    for row in 0..<count {
      for other in 0..<rows.count { table.append(cosine(row, rows, other)) }
    }
    return table
  }

  /// Adds `factor` times the gradient of cos(row, other) by this row to `gradient`:
  /// (other's direction - cosine * own direction) / own length.
  func addCosineGradient(
    _ factor: Double, cosine: Double, row: Int, _ rows: VectorRows, _ other: Int,
    to gradient: inout [Double], at target: Int
  ) {
    let scale = factor / lengths[row]
    let (i, j) = (row * width, other * width)
    gradient.withUnsafeMutableBufferPointer { gradient in
      directions.withUnsafeBufferPointer { own in
        rows.directions.withUnsafeBufferPointer { their in
          for index in 0..<width {
            gradient[target * width + index] +=
              scale * (their[j + index] - cosine * own[i + index])
          }
        }
      }
    }
  }
}
