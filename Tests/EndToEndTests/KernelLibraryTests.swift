import Foundation
import Testing

/// OpenBLAS stays out of the stages until somebody asks for it.
@Suite struct KernelLibraryTests {
  private func shell(_ script: String, environment: [String: String] = [:]) throws -> Outcome {
    try RunningProgram(
      URL(fileURLWithPath: "/bin/sh"), ["-c", script], environment: environment
    ).finish()
  }

  @Test(arguments: ["train", "evaluate", "cross-test", "features", "predict", "embed"])
  func noStageLoadsTheLibrary(stage: String) throws {
    let program = Program.directory.appendingPathComponent("ferry-\(stage)").path
    let outcome = try shell("exec '\(program)' describe", environment: ["LD_DEBUG": "files"])
    #expect(outcome.status == 0)
    #expect(outcome.messages.contains("libc.so"), "the loader's account is missing")
    #expect(!outcome.messages.contains("openblas"))
  }

  /// Opened under a small limit of memory for data, the library waited for ever for its threads'
  /// buffers. The killer only ends a test that would hang.
  @Test func askingForTheLibraryEndsUnderASmallLimit() throws {
    let program = Program.directory.appendingPathComponent("ferry-train").path
    let outcome = try shell(
      "ulimit -d 100000 && exec timeout -s KILL 120 '\(program)' examine")
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.output.contains("kernels"))
  }
}
