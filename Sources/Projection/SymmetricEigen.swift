import Glibc

/// Eigenvalues and eigenvectors of a real symmetric matrix.
///
/// **Equation**: Householder reflections to tridiagonal form, then QL steps with implicit shifts
/// (Golub and Van Loan, Matrix Computations, chapter 8).
struct SymmetricEigen {
  /// From the largest down.
  let values: [Double]
  /// Row i belongs to `values[i]`, of length 1. **Shape**: [n, n].
  let vectors: [[Double]]

  /// - Parameter matrix: the whole symmetric matrix `[n, n]`, row-major.
  init(_ matrix: [Double], size n: Int) {
    precondition(matrix.count == n * n)
    var reduction = Tridiagonal(matrix, size: n)
    reduction.diagonalise()
    let order = (0..<n).sorted {
      (reduction.diagonal[$0], $1) > (reduction.diagonal[$1], $0)
    }
    values = order.map { reduction.diagonal[$0] }
    vectors = order.map { Array(reduction.rows[$0 * n..<($0 + 1) * n]) }
  }
}

/// A = Q T Q' with T tridiagonal; `rows` holds Q', so that rotations act on contiguous rows.
private struct Tridiagonal {
  let n: Int
  var diagonal: [Double]
  /// The element beside the diagonal in row i and column i + 1.
  var beside: [Double]
  var rows: [Double]

  init(_ matrix: [Double], size n: Int) {
    self.n = n
    var a = matrix
    var reflections: [(vector: [Double], scale: Double)] = []
    for step in 0..<max(0, n - 2) { reflections.append(Self.reflect(&a, n, step)) }
    diagonal = (0..<n).map { a[$0 * n + $0] }
    beside = (0..<n).map { $0 + 1 < n ? a[($0 + 1) * n + $0] : 0 }
    rows = [Double](repeating: 0, count: n * n)
    for index in 0..<n { rows[index * n + index] = 1 }
    for (step, reflection) in reflections.enumerated().reversed() {
      Self.apply(reflection.vector, reflection.scale, to: &rows, n, from: step + 1)
    }
  }

  /// Clears column `step` below its second element, by A - v w' - w v'.
  private static func reflect(
    _ a: inout [Double], _ n: Int, _ step: Int
  ) -> (vector: [Double], scale: Double) {
    let first = step + 1
    var v = (first..<n).map { a[$0 * n + step] }
    let tail = v.dropFirst().reduce(0) { $0 + $1 * $1 }
    guard tail > 0 else { return (v, 0) }
    let length = (v[0] * v[0] + tail).squareRoot()
    let pivot = v[0] > 0 ? -length : length
    v[0] -= pivot
    let scale = 2 / (v[0] * v[0] + tail)
    let m = n - first
    a.withUnsafeMutableBufferPointer { a in
      guard let base = a.baseAddress else { return }
      v.withUnsafeBufferPointer { v in
        guard let vector = v.baseAddress else { return }
        var w = (0..<m).map { row in
          scale * Lanes.dot(base + (first + row) * n + first, vector, m)
        }
        let half = 0.5 * scale * Lanes.dot(vector, w, m)
        for index in 0..<m { w[index] -= half * vector[index] }
        for row in 0..<m {
          let target = base + (first + row) * n + first
          let (x, y) = (vector[row], w[row])
          for column in 0..<m { target[column] -= x * w[column] + y * vector[column] }
        }
      }
    }
    a[first * n + step] = pivot
    a[step * n + first] = pivot
    for row in first + 1..<n {
      a[row * n + step] = 0
      a[step * n + row] = 0
    }
    return (v, scale)
  }

  /// Multiplies Q' by a reflection from the right: its columns from `first` on change.
  private static func apply(
    _ v: [Double], _ scale: Double, to rows: inout [Double], _ n: Int, from first: Int
  ) {
    guard scale != 0 else { return }
    let m = n - first
    rows.withUnsafeMutableBufferPointer { rows in
      guard let base = rows.baseAddress else { return }
      for row in first..<n {
        let target = base + row * n + first
        let factor = scale * Lanes.dot(target, v, m)
        for column in 0..<m { target[column] -= factor * v[column] }
      }
    }
  }

  mutating func diagonalise() {
    for low in 0..<n {
      // Each eigenvalue needs two or three steps; the bound ends the loop whatever the numbers.
      for _ in 0..<60 {
        let high = blockEnd(from: low)
        if high == low { break }
        step(low, high)
      }
    }
  }

  /// The end of the unreduced block that starts at `low`.
  private func blockEnd(from low: Int) -> Int {
    for index in low..<n - 1 {
      let size = abs(diagonal[index]) + abs(diagonal[index + 1])
      if abs(beside[index]) <= 0x1p-52 * size { return index }
    }
    return n - 1
  }

  private mutating func step(_ low: Int, _ high: Int) {
    var g = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low])
    let root = hypot(g, 1)
    g = diagonal[high] - diagonal[low] + beside[low] / (g + (g < 0 ? -root : root))
    var (sine, cosine, shift) = (1.0, 1.0, 0.0)
    for index in (low..<high).reversed() {
      let f = sine * beside[index]
      let b = cosine * beside[index]
      let radius = hypot(f, g)
      beside[index + 1] = radius
      if radius == 0 {
        diagonal[index + 1] -= shift
        beside[high] = 0
        return
      }
      sine = f / radius
      cosine = g / radius
      g = diagonal[index + 1] - shift
      let turn = (diagonal[index] - g) * sine + 2 * cosine * b
      shift = sine * turn
      diagonal[index + 1] = g + shift
      g = cosine * turn - b
      rotate(index, sine, cosine)
    }
    diagonal[low] -= shift
    beside[low] = g
    beside[high] = 0
  }

  private mutating func rotate(_ index: Int, _ sine: Double, _ cosine: Double) {
    rows.withUnsafeMutableBufferPointer { [n] rows in
      guard let base = rows.baseAddress else { return }
      let (first, second) = (base + index * n, base + (index + 1) * n)
      for column in 0..<n {
        let (x, y) = (first[column], second[column])
        second[column] = sine * x + cosine * y
        first[column] = cosine * x - sine * y
      }
    }
  }
}
