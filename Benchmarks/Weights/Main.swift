import Glibc
import Networks
import Platform
import Weights

/// Opens a file of weights and reads its first tensor, once for every line on standard input.
///
/// Usage: benchmark-weights FILE [ARCHITECTURE]: with an architecture, the names are matched too.
/// Answers with the milliseconds of one pass.
@main struct WeightsBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1 else { throw Fault(.usage, "benchmark-weights FILE [ARCHITECTURE]") }
    let architecture = arguments.count > 2 ? Architecture.named(arguments[2]) : nil
    while readLine() != nil {
      let start = ContinuousClock.now
      let file = try WeightFile.open(arguments[1])
      let sum: Float
      if let architecture {
        let weights = try ImportedWeights(file, as: architecture)
        sum = try weights.tensors[0].withFloats { $0.prefix(1024).reduce(0, +) }
      } else {
        sum = try file.tensors[0].withFloats { $0.prefix(1024).reduce(0, +) }
      }
      let time = (ContinuousClock.now - start).components
      precondition(sum.isFinite, "weights are finite")
      print(Double(time.seconds) * 1e3 + Double(time.attoseconds) * 1e-15)
      flushOutput()
    }
  }
}

/// The other side waits for each answer.
private func flushOutput() { fflush(nil) }
