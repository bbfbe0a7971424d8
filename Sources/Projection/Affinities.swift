import Glibc
import Platform

/// How near points are, as probabilities p_ij over pairs that sum to 1; sparse, symmetric.
///
/// Each point's row is a Gaussian over its nearest neighbours whose width gives the perplexity;
/// p_ij is the mean of both directions (van der Maaten and Hinton 2008, equations 1 and 2).
struct Affinities: Sendable {
  /// Row i's entries stand at `starts[i] ..< starts[i + 1]`.
  let starts: [Int]
  let columns: [Int32]
  let values: [Double]

  init(_ points: PointSet, perplexity: Double, threads: Int) throws {
    let n = points.count
    let reach = min(n - 1, Int(3 * perplexity) + 1)
    let near = try NearestNeighbours.find(points, count: reach, threads: threads)
    let rows = near.map { neighbours in
      Self.conditional(neighbours.map(\.squaredDistance), perplexity: perplexity)
    }
    var pairs = [[(column: Int32, value: Double)]](repeating: [], count: n)
    for (row, neighbours) in near.enumerated() {
      for (neighbour, value) in zip(neighbours, rows[row]) {
        let half = value / Double(2 * n)
        pairs[row].append((Int32(neighbour.row), half))
        pairs[neighbour.row].append((Int32(row), half))
      }
    }
    var starts = [0]
    var columns: [Int32] = []
    var values: [Double] = []
    for row in pairs {
      for pair in row.sorted(by: { ($0.column, $0.value) < ($1.column, $1.value) }) {
        if columns.count > starts[starts.count - 1], columns.last == pair.column {
          values[values.count - 1] += pair.value
        } else {
          columns.append(pair.column)
          values.append(pair.value)
        }
      }
      starts.append(columns.count)
    }
    self.starts = starts
    self.columns = columns
    self.values = values
  }

  /// A Gaussian's weights over squared distances, with the precision that gives the perplexity.
  private static func conditional(_ squares: [Double], perplexity: Double) -> [Double] {
    let target = log(min(perplexity, Double(squares.count)))
    let nearest = squares.first ?? 0
    var (low, high, precision) = (0.0, Double.infinity, 1.0)
    var weights = squares
    for _ in 0..<100 {
      for (index, square) in squares.enumerated() {
        weights[index] = exp(-(square - nearest) * precision)
      }
      let sum = weights.reduce(0, +)
      let mean = zip(weights, squares).reduce(0) { $0 + $1.0 * ($1.1 - nearest) } / sum
      let entropy = log(sum) + precision * mean
      for index in weights.indices { weights[index] /= sum }
      if abs(entropy - target) < 1e-5 { break }
      if entropy > target {
        low = precision
        precision = high.isInfinite ? precision * 2 : (precision + high) / 2
      } else {
        high = precision
        precision = (precision + low) / 2
      }
    }
    return weights
  }
}
