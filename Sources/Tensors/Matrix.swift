import CKernels
import COpenBLAS

/// Products of plain matrices.
public enum Matrix {
  /// Rows of the result that one call to the library computes.
  private static let blockRows = 64
  /// Products with fewer multiplications than this run on our own kernel.
  private static let smallProduct = 1 << 18

  /// c = op(a) op(b), or c += op(a) op(b).
  ///
  /// Large products go to OpenBLAS, one thread a call, over fixed runs of rows; small ones, and all
  /// of them under the portable target, to our own kernel. The same bits on any number of threads.
  /// - Shapes: op(a) [m, k], op(b) [k, n], c [m, n]; `transposeA` takes a as [k, m], and so on.
  public static func multiply(
    _ a: Tensor, transposeA: Bool = false, _ b: Tensor, transposeB: Bool = false,
    accumulate: Bool = false, into c: Tensor
  ) {
    precondition(a.shape.count == 2 && b.shape.count == 2 && c.shape.count == 2)
    let m = c.shape[0]
    let n = c.shape[1]
    let k = transposeA ? a.shape[0] : a.shape[1]
    precondition((transposeA ? a.shape[1] : a.shape[0]) == m, "rows of the product differ")
    precondition((transposeB ? b.shape[0] : b.shape[1]) == n, "columns of the product differ")
    precondition((transposeB ? b.shape[1] : b.shape[0]) == k, "inner extents differ")
    if KernelTarget.current == .portable || m * n * k < smallProduct {
      ferry_matrix_product(
        transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, a.pointer, a.shape[1], b.pointer,
        b.shape[1], accumulate ? 1 : 0, c.pointer, n)
      return
    }
    singleThreadedLibrary
    ThreadPool.forEach((m + blockRows - 1) / blockRows) { block in
      let first = block * blockRows
      let rows = min(blockRows, m - first)
      cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
        transposeB ? CblasTrans : CblasNoTrans, Int32(rows), Int32(n), Int32(k), 1,
        a.pointer + (transposeA ? first : first * k), Int32(a.shape[1]), b.pointer,
        Int32(b.shape[1]), accumulate ? 1 : 0, c.pointer + first * n, Int32(n))
    }
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
