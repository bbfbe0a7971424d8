import Glibc
import Tensors

/// Position embeddings of a square grid, brought to another grid by bicubic interpolation.
///
/// As open_clip and timm do (`bicubic`, antialiased): Keys' kernel with a = -0.5, stretched by the
/// scale where the grid shrinks. The step is linear, so gradients flow back through it.
package struct PositionTable {
  /// The side of the grid that the table holds.
  package let side: Int

  package init(side: Int) { self.side = side }

  /// Weights [target, side] of one axis.
  private func weights(_ target: Int) -> [[Double]] {
    let scale = Double(side) / Double(target)
    let stretch = max(1, scale)
    return (0..<target).map { index in
      let center = (Double(index) + 0.5) * scale
      let row = (0..<side).map { source in
        Self.keys((Double(source) + 0.5 - center) / stretch)
      }
      let sum = row.reduce(0, +)
      return row.map { $0 / sum }
    }
  }

  /// Keys' cubic kernel (1981) with a = -0.5.
  private static func keys(_ distance: Double) -> Double {
    let x = abs(distance)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
  }

  /// The matrix [rows x columns, side x side] that takes the table to another grid; nil where it is
  /// the same.
  package func matrix(rows: Int, columns: Int) -> Tensor? {
    if rows == side, columns == side { return nil }
    let (vertical, horizontal) = (weights(rows), weights(columns))
    let result = Tensor([rows * columns, side * side])
    for i in 0..<rows * columns {
      let (row, column) = (vertical[i / columns], horizontal[i % columns])
      for j in 0..<side * side {
        result.pointer[i * side * side + j] = Float(row[j / side] * column[j % side])
      }
    }
    return result
  }
}
