import CKernels
import COpenBLAS

/// A matrix in someone else's memory: rows of floats that lie `stride` apart.
public struct MatrixView: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>
  public let rows: Int
  public let columns: Int
  public let stride: Int

  /// The whole of a plain tensor of two extents, which must live as long as the view.
  public init(_ tensor: Tensor) {
    precondition(tensor.shape.count == 2 && tensor.layout == .plain, "not a matrix")
    pointer = tensor.pointer
    rows = tensor.shape[0]
    columns = tensor.shape[1]
    stride = tensor.shape[1]
  }

  private init(_ pointer: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ stride: Int) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// A run of columns.
  public func columns(_ range: Range<Int>) -> MatrixView {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns outside the matrix")
    return MatrixView(pointer + range.lowerBound, rows, range.count, stride)
  }

  /// A run of rows.
  public func rows(_ range: Range<Int>) -> MatrixView {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the matrix")
    return MatrixView(pointer + range.lowerBound * stride, range.count, columns, stride)
  }
}

/// Products of plain matrices.
public enum Matrix {
  /// Products with fewer multiplications than this run on our own kernel.
  private static let smallProduct = 1 << 18
  /// Multiplications that one call to the library does at least, and the most calls.
  private static let callProducts = 1 << 24
  private static let mostCalls = 32

  /// c = op(a) op(b), or c += op(a) op(b).
  ///
  /// Large products go to OpenBLAS, one thread a call, over fixed blocks of the result; small ones,
  /// and all of them under the portable target, to our own kernel. The same bits on any number of
  /// threads.
  /// - Shapes: op(a) [m, k], op(b) [k, n], c [m, n]; `transposeA` takes a as [k, m], and so on.
  public static func multiply(
    _ a: Tensor, transposeA: Bool = false, _ b: Tensor, transposeB: Bool = false,
    accumulate: Bool = false, into c: Tensor
  ) {
    multiply(
      MatrixView(a), transposeA: transposeA, MatrixView(b), transposeB: transposeB,
      accumulate: accumulate, into: MatrixView(c))
  }

  /// The product of views; their tensors must outlive the call.
  public static func multiply(
    _ a: MatrixView, transposeA: Bool = false, _ b: MatrixView, transposeB: Bool = false,
    accumulate: Bool = false, into c: MatrixView
  ) {
    let (m, n) = (c.rows, c.columns)
    let k = transposeA ? a.rows : a.columns
    precondition((transposeA ? a.columns : a.rows) == m, "rows of the product differ")
    precondition((transposeB ? b.rows : b.columns) == n, "columns of the product differ")
    precondition((transposeB ? b.columns : b.rows) == k, "inner extents differ")
    if KernelTarget.current == .portable || m * n * k < smallProduct {
      ferry_matrix_product(
        transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, a.pointer, a.stride, b.pointer,
        b.stride, accumulate ? 1 : 0, c.pointer, c.stride)
      return
    }
    singleThreadedLibrary
    let grid = blocks(m, n, k)
    ThreadPool.forEach(grid.rows * grid.columns) { block in
      let (row, column) = (block / grid.columns, block % grid.columns)
      let rows = row * m / grid.rows..<(row + 1) * m / grid.rows
      let columns = column * n / grid.columns..<(column + 1) * n / grid.columns
      let left = transposeA ? a.columns(rows) : a.rows(rows)
      let right = transposeB ? b.rows(columns) : b.columns(columns)
      cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
        transposeB ? CblasTrans : CblasNoTrans, Int32(rows.count), Int32(columns.count), Int32(k),
        1, left.pointer, Int32(a.stride), right.pointer, Int32(b.stride), accumulate ? 1 : 0,
        c.rows(rows).columns(columns).pointer, Int32(c.stride))
    }
  }

  /// How the result is cut: the library packs both operands at every call, so blocks are large and
  /// near to square; their number follows from the product's size alone.
  private static func blocks(_ m: Int, _ n: Int, _ k: Int) -> (rows: Int, columns: Int) {
    let calls = min(mostCalls, m * n * k / callProducts)
    var (rows, columns) = (1, 1)
    while rows * columns * 2 <= calls {
      let (height, width) = (m / rows, n / columns)
      if height >= width, height >= 32 {
        rows *= 2
      } else if width >= 32 {
        columns *= 2
      } else {
        break
      }
    }
    return (rows, columns)
  }

  private static let singleThreadedLibrary: Void = openblas_set_num_threads(1)

  /// The product as a new tensor.
  public static func product(
    _ a: Tensor, transposeA: Bool = false, _ b: Tensor, transposeB: Bool = false
  ) -> Tensor {
    let c = Tensor([
      transposeA ? a.shape[1] : a.shape[0], transposeB ? b.shape[0] : b.shape[1],
    ])
    multiply(a, transposeA: transposeA, b, transposeB: transposeB, into: c)
    return c
  }
}
