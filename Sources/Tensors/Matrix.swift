import CKernels

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

/// What happens to the sums of a product before they leave the cache, in the order of the properties;
/// the tensors have the product's shape.
public struct ProductEpilogue {
  /// A vector that is added to each row.
  public var bias: Tensor?
  /// An activation of the sums; `keeping` receives its argument, for the backward pass.
  public var activation: (Activation, keeping: Tensor?)?
  /// The sums are multiplied by the activation's derivative at this tensor, which is its backward
  /// pass.
  public var slope: (Activation, at: Tensor)?
  /// A matrix that is added.
  public var residual: Tensor?

  public init(
    bias: Tensor? = nil, activation: (Activation, keeping: Tensor?)? = nil,
    slope: (Activation, at: Tensor)? = nil, residual: Tensor? = nil
  ) {
    self.bias = bias
    self.activation = activation
    self.slope = slope
    self.residual = residual
  }

  fileprivate func checked(against c: MatrixView) -> ferry_product_end {
    precondition(bias?.count ?? c.columns == c.columns, "a bias for each column")
    precondition(activation == nil || slope == nil, "an activation or its derivative")
    for tensor in [activation?.keeping, slope?.at, residual] {
      guard let tensor else { continue }
      precondition(tensor.shape == [c.rows, c.columns] && c.stride == c.columns, "shapes differ")
    }
    return ferry_product_end(
      bias: bias.map { UnsafePointer($0.pointer) },
      step: Int32(activation != nil ? FERRY_ACTIVATE : slope != nil ? FERRY_SLOPE : FERRY_KEEP),
      activation: (activation?.0 ?? slope?.0)?.rawValue ?? 0,
      sum: (activation?.keeping ?? slope?.at)?.pointer,
      residual: residual.map { UnsafePointer($0.pointer) })
  }
}

/// Products of plain matrices.
public enum Matrix {
  /// Products with fewer multiplications than this run on our own kernel.
  private static let smallProduct = 1 << 18
  /// Multiplications that one call to the library does at least, and the most calls.
  private static let callProducts = 1 << 24
  private static let mostCalls = 32

  /// The portable target, which a test may force on its thread, never uses the library.
  private static func kernel(_ products: Int) -> MatrixKernels.Kernel {
    guard products >= smallProduct, MatrixKernels.current.kernel == .library else { return .own }
    return KernelTarget.current == .portable ? .own : .library
  }

  /// c = op(a) op(b), or c += op(a) op(b), and then the end; the same bits on any number of threads.
  /// - Shapes: op(a) [m, k], op(b) [k, n], c [m, n]; `transposeA` takes a as [k, m], and so on.
  public static func multiply(
    _ a: Tensor, transposeA: Bool = false, _ b: Tensor, transposeB: Bool = false,
    accumulate: Bool = false, epilogue: ProductEpilogue = ProductEpilogue(), into c: Tensor
  ) {
    multiply(
      MatrixView(a), transposeA: transposeA, MatrixView(b), transposeB: transposeB,
      accumulate: accumulate, epilogue: epilogue, into: MatrixView(c))
  }

  /// The product of views; their tensors must outlive the call.
  public static func multiply(
    _ a: MatrixView, transposeA: Bool = false, _ b: MatrixView, transposeB: Bool = false,
    accumulate: Bool = false, epilogue: ProductEpilogue = ProductEpilogue(), into c: MatrixView
  ) {
    let k = transposeA ? a.rows : a.columns
    multiply(
      a, transposeA: transposeA, b, transposeB: transposeB, accumulate: accumulate,
      epilogue: epilogue,
      into: c, on: kernel(c.rows * c.columns * k))
  }

  /// The product on a kernel of choice.
  package static func multiply(
    _ a: MatrixView, transposeA: Bool = false, _ b: MatrixView, transposeB: Bool = false,
    accumulate: Bool = false, epilogue: ProductEpilogue = ProductEpilogue(), into c: MatrixView,
    on kernel: MatrixKernels.Kernel
  ) {
    let k = transposeA ? a.rows : a.columns
    precondition((transposeA ? a.columns : a.rows) == c.rows, "rows of the product differ")
    precondition((transposeB ? b.rows : b.columns) == c.columns, "columns of the product differ")
    precondition((transposeB ? b.columns : b.rows) == k, "inner extents differ")
    let started = MatrixMeter.now
    defer { MatrixMeter.add(since: started, multiplications: c.rows * c.columns * k) }
    let last = epilogue.checked(against: c)
    var product = ferry_product(
      transpose_a: transposeA ? 1 : 0, transpose_b: transposeB ? 1 : 0,
      accumulate: accumulate ? 1 : 0, m: c.rows, n: c.columns, k: k, lda: a.stride, ldb: b.stride,
      ldc: c.stride, a: a.pointer, b: b.pointer, c: c.pointer,
      end: transposeA ? ferry_product_end() : last)
    switch kernel {
    case .own: ferry_matrix_product(&product)
    case .library:
      guard let library = MatrixLibrary.opened else { preconditionFailure("OpenBLAS is missing") }
      multiply(product, by: library)
    }
    product.end = last
    if transposeA || kernel == .library { ferry_matrix_end(&product) }
  }

  private static func multiply(_ p: ferry_product, by library: MatrixLibrary) {
    let grid = blocks(p.m, p.n, p.k)
    let job = LibraryJob(product: p, library: library)
    ThreadPool.forEach(grid.rows * grid.columns) { block in
      let (row, column, p) = (block / grid.columns, block % grid.columns, job.product)
      job.multiply(
        rows: row * p.m / grid.rows..<(row + 1) * p.m / grid.rows,
        columns: column * p.n / grid.columns..<(column + 1) * p.n / grid.columns)
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

  /// The product as a new tensor.
  public static func product(
    _ a: Tensor, transposeA: Bool = false, _ b: Tensor, transposeB: Bool = false,
    epilogue: ProductEpilogue = ProductEpilogue()
  ) -> Tensor {
    let c = Tensor([
      transposeA ? a.shape[1] : a.shape[0], transposeB ? b.shape[0] : b.shape[1],
    ])
    multiply(a, transposeA: transposeA, b, transposeB: transposeB, epilogue: epilogue, into: c)
    return c
  }
}

/// A product whose blocks OpenBLAS makes.
private struct LibraryJob: @unchecked Sendable {
  let product: ferry_product
  let library: MatrixLibrary

  func multiply(rows: Range<Int>, columns: Range<Int>) {
    let p = product
    let (m, n, first) = (rows.count, columns.count, columns.lowerBound)
    let (plain, transposed) = (MatrixLibrary.plain, MatrixLibrary.transposed)
    library.product(
      MatrixLibrary.rowMajor, p.transpose_a != 0 ? transposed : plain,
      p.transpose_b != 0 ? transposed : plain, Int32(m), Int32(n), Int32(p.k), 1,
      p.a + rows.lowerBound * (p.transpose_a != 0 ? 1 : p.lda), Int32(p.lda),
      p.b + first * (p.transpose_b != 0 ? p.ldb : 1), Int32(p.ldb), Float(p.accumulate),
      p.c + rows.lowerBound * p.ldc + first, Int32(p.ldc))
  }
}
