import Glibc

/// OpenBLAS, opened when a product asks for it: no program links it or starts its threads.
package struct MatrixLibrary: @unchecked Sendable {
  /// `cblas_sgemm`: order, transposes, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc.
  typealias Product =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
      UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
    ) -> Void

  /// The values of CBLAS_ORDER and CBLAS_TRANSPOSE.
  static let rowMajor: Int32 = 101
  static let plain: Int32 = 111
  static let transposed: Int32 = 112

  /// The processor that the library's kernels were written for, as it names it: `Haswell`.
  package let core: String
  let product: Product

  /// The library, or nil where it is not installed; opening it takes place once.
  package static let opened: MatrixLibrary? = open()

  /// One thread a call: Ferry cuts the products itself.
  private static func open() -> MatrixLibrary? {
    // The library starts its threads as it is opened, and under a small limit of memory for data it
    // then waits for ever for their buffers, deaf to signals.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    var handle: UnsafeMutableRawPointer?
    for name in ["libopenblas.so.0", "libopenblas.so"] where handle == nil {
      handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)
    }
    guard let handle else { return nil }
    func symbol<T>(_ name: String, as type: T.Type) -> T? {
      dlsym(handle, name).map { unsafeBitCast($0, to: type) }
    }
    guard let product = symbol("cblas_sgemm", as: Product.self),
      let threads = symbol(
        "openblas_set_num_threads", as: (@convention(c) (Int32) -> Void).self),
      let name = symbol(
        "openblas_get_corename", as: (@convention(c) () -> UnsafePointer<CChar>?).self)
    else { return nil }
    threads(1)
    return MatrixLibrary(core: name().map { String(cString: $0) } ?? "unknown", product: product)
  }
}

/// Which kernels multiply matrices in this process, and why.
///
/// Our own, unless `FERRY_MATRIX=openblas` asks for the library and its kernels are written for this
/// processor. A library that does not know the processor falls back to kernels of twenty years ago
/// without a word, which costs a factor of five.
public struct MatrixKernels: Sendable, Equatable {
  /// The environment variable that asks for kernels: `own` or `openblas`.
  public static let variable = "FERRY_MATRIX"

  package enum Kernel: Sendable, Equatable {
    /// Our own packed kernel.
    case own
    /// OpenBLAS on fixed blocks of the result, one thread a call.
    case library
  }

  package var kernel: Kernel
  /// Why a wish was not followed; nil where there is nothing to say.
  public var problem: String?

  /// Decides from what was asked for, the kernels' target and the library's core; `core` is asked
  /// for only where it matters, since asking opens the library.
  package init(asked: String?, target: KernelTarget, core: () -> String?) {
    kernel = .own
    guard let asked, asked != "own", !asked.isEmpty else { return }
    guard asked == "openblas" else {
      problem = "\(Self.variable) is '\(asked)', which is neither own nor openblas"
      return
    }
    guard target != .portable else {
      problem = "the portable kernels give the same bits everywhere, which OpenBLAS does not"
      return
    }
    guard let core = core() else {
      problem = "\(Self.variable) asks for OpenBLAS, which is not installed"
      return
    }
    guard Self.fits(core, target) else {
      problem =
        "OpenBLAS does not know this processor and fell back to its core \(core): Ferry's own "
        + "kernels are used; OPENBLAS_CORETYPE=\(target == .avx512 ? "SkylakeX" : "Haswell") would "
        + "name a core that fits"
      return
    }
    kernel = .library
  }

  /// Whether the library's kernels of a core use the instructions of a target.
  package static func fits(_ core: String, _ target: KernelTarget) -> Bool {
    let wide = ["skylakex", "cooperlake", "sapphirerapids"]
    switch target {
    case .avx512: return wide.contains(core.lowercased())
    case .avx2: return (wide + ["haswell", "zen"]).contains(core.lowercased())
    case .portable: return false
    }
  }

  /// The decision of this process, taken at its first large product.
  public static let current = MatrixKernels(
    asked: getenv(variable).map { String(cString: $0) }, target: .current,
    core: { MatrixLibrary.opened?.core })

  /// The library where it fits, our own kernels elsewhere: the ceiling that benchmarks name.
  package static var best: Kernel {
    MatrixKernels(asked: "openblas", target: .current, core: { MatrixLibrary.opened?.core }).kernel
  }

  /// One line for people and for benchmarks: processor, target, and what multiplies.
  public static var summary: String {
    let name = current.kernel == .own ? "Ferry's own" : "OpenBLAS"
    return "\(processor); kernels \(KernelTarget.current); matrix products by \(name)"
  }

  /// The kernels that OpenBLAS would use here; reading this opens the library.
  public static var library: String { library(MatrixLibrary.opened?.core, .current) }

  package static func library(_ core: String?, _ target: KernelTarget) -> String {
    guard let core else { return "OpenBLAS is not installed" }
    guard target != .portable, !fits(core, target) else { return "OpenBLAS has the core \(core)" }
    return "OpenBLAS does not know this processor: it fell back to its core \(core)"
  }

  /// The processor's name as the system gives it.
  private static var processor: String {
    guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown processor" }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
      return String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\n" })
    }
    return "unknown processor"
  }
}
