import Tensors
import Testing

/// Which kernels multiply: never a library's kernels for another processor.
@Suite struct MatrixKernelsTests {
  @Test(arguments: KernelTarget.allCases, ["Prescott", "Nehalem", "Haswell", "SkylakeX", "Zen"])
  func ourOwnKernelsAreTheDefault(target: KernelTarget, core: String) {
    for asked in [nil, "", "own"] {
      var opened = false
      let chosen = MatrixKernels(asked: asked, target: target) {
        opened = true
        return core
      }
      #expect(chosen.kernel == .own && chosen.problem == nil)
      #expect(!opened, "nobody asked for the library")
    }
  }

  @Test func aLibraryThatFellBackIsNotUsed() {
    for target in [KernelTarget.avx2, .avx512] {
      for core in ["Prescott", "Core2", "Nehalem", "generic", "SomethingOfNextYear"] {
        let chosen = MatrixKernels(asked: "openblas", target: target) { core }
        #expect(chosen.kernel == .own)
        #expect(chosen.problem?.contains("fell back to its core \(core)") == true)
        #expect(MatrixKernels.library(core, target).contains("fell back"))
      }
    }
    // 256-bit kernels leave half of an AVX-512 processor idle.
    let chosen = MatrixKernels(asked: "openblas", target: .avx512) { "Haswell" }
    #expect(chosen.kernel == .own && chosen.problem?.contains("SkylakeX") == true)
  }

  @Test func aLibraryThatFitsIsUsedWhereItIsAskedFor() {
    #expect(MatrixKernels(asked: "openblas", target: .avx2) { "Zen" }.kernel == .library)
    #expect(MatrixKernels(asked: "openblas", target: .avx512) { "Cooperlake" }.kernel == .library)
    #expect(MatrixKernels(asked: "openblas", target: .portable) { "Haswell" }.kernel == .own)
    #expect(MatrixKernels(asked: "openblas", target: .avx2) { nil }.problem != nil)
    #expect(
      MatrixKernels(asked: "mkl", target: .avx2) { "Haswell" }.problem?.contains("mkl") == true)
  }

  /// What this process would do: fails where a product would run on a core that does not fit.
  @Test func noProductRunsOnAnUnknownCore() {
    let chosen = MatrixKernels.current
    #expect(chosen.problem == nil, "\(chosen.problem ?? "")")
    guard chosen.kernel == .library else { return }
    #expect(MatrixKernels.fits(MatrixLibrary.opened?.core ?? "none", .current))
  }

  /// The library's products agree with ours, where it is installed.
  @Test(.enabled(if: MatrixLibrary.opened != nil, "OpenBLAS is not installed"))
  func theLibraryMultipliesLikeOurKernels() {
    let (a, b) = (Reference.random([70, 90], seed: 1), Reference.random([110, 90], seed: 2))
    let (own, other) = (Tensor([70, 110]), Tensor([70, 110]))
    for (kernel, c) in [(MatrixKernels.Kernel.own, own), (.library, other)] {
      Matrix.multiply(
        MatrixView(a), MatrixView(b), transposeB: true, into: MatrixView(c), on: kernel)
    }
    #expect(Reference.relativeError(other.values, own.values.map(Double.init)) < 2e-6)
  }
}

extension MatrixKernels.Kernel {
  /// The kernels that this machine has.
  static var here: [Self] { MatrixLibrary.opened == nil ? [.own] : [.own, .library] }
}
