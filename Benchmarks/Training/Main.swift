import Glibc
import Networks
import Neural
import Platform
import Tensors

/// Times training steps, or inference passes, of a network on fixed random images.
///
/// Each line of standard input asks for one timed pass; its milliseconds come back as a line. So a
/// script can let two programs take turns. When its input ends it says what share of the passes the
/// products of matrices took and how many multiplications a pass has, as two numbers. The network
/// `sgemm` is a product of two matrices of 2048 x 2048, on OpenBLAS where it fits the processor: its
/// speed is the ceiling. `kernels` times nothing and says what this machine uses.
@main struct TrainingBenchmark {
  struct Options {
    var network = "resnet18"
    var width = 1.0
    var batch = 32
    var size = 112
    var threads = 2
    var inference = false
    /// Whether blocks are computed again in the backward pass.
    var recomputes = false
    /// A folder of weights and images to compare with a reference, and the steps to train there.
    var parity: String?
    var steps = 0
    var rate = 0.005
    var temperature = 0.01
    /// Processor time of all threads, for a machine that others use, too; with threads=1.
    var processorTime = false
  }

  static func main() throws {
    let options = try parse(Array(CommandLine.arguments.dropFirst()))
    ThreadPool.threads = options.threads
    var generator = SeededGenerator(seed: 1)
    if options.network == "kernels" {
      return print("\(MatrixKernels.summary); \(MatrixKernels.library)")
    }
    if options.network == "sgemm" { return timeLibrary(options) }
    let (network, features) = try network(options, &generator)
    if let folder = options.parity {
      return try Parity(
        folder: folder, steps: options.steps, batch: options.batch, rate: options.rate,
        temperature: options.temperature
      ).run(network)
    }
    let head = Linear("fc", inputs: features, outputs: 7, generator: &generator)
    let images = Tensor([options.batch, 3, options.size, options.size])
    for i in 0..<images.count { images.pointer[i] = Float(generator.normal()) }
    if options.inference {
      return time(options) {
        _ = head.forward(network.forward(images, training: false), training: false)
      }
    }
    timeSteps(options, network, head, images)
  }

  private static func timeSteps(
    _ options: Options, _ network: any Layer, _ head: Linear, _ images: Tensor
  ) {
    let optimiser = SGD(
      network.parameters + head.parameters, learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4)
    let labels = (0..<options.batch).map { $0 % 7 }
    time(options) {
      optimiser.zeroGradients()
      let logits = head.forward(network.forward(images, training: true), training: true)
      let (_, gradient) = SoftmaxCrossEntropy.loss(logits, labels: labels)
      _ = network.backward(head.backward(gradient), inputGradient: false)
      optimiser.step()
    }
  }

  /// One product of 2048^3, on OpenBLAS where it fits the processor.
  private static func timeLibrary(_ options: Options) {
    let (a, b, c) = (Tensor([2048, 2048]), Tensor([2048, 2048]), Tensor([2048, 2048]))
    let best = MatrixKernels.best
    a.fill(0.5)
    b.fill(0.25)
    time(options) {
      Matrix.multiply(
        MatrixView(a), MatrixView(b), transposeB: true, into: MatrixView(c), on: best)
    }
  }

  private static func time(_ options: Options, _ pass: () -> Void) {
    MatrixMeter.start()
    var (working, passes) = (Duration.zero, 0)
    while readLine() != nil {
      let (begun, start) = (ContinuousClock.now, now(options))
      pass()
      print(now(options) - start)
      fflush(nil)
      working += begun.duration(to: .now)
      passes += 1
    }
    let products = MatrixMeter.current
    print(products.time / working, products.multiplications / max(1, passes))
  }

  private static func network(
    _ options: Options, _ generator: inout SeededGenerator
  ) throws -> (any Layer, features: Int) {
    let catalogue = EncoderCatalogue.standard
    guard catalogue.names.contains(options.network) else {
      throw Fault(
        .usage, "there is no network '\(options.network)'",
        remedy:
          "networks are sgemm, kernels (what this machine uses), \(catalogue.names.joined(separator: ", "))"
      )
    }
    let encoder = try catalogue.make(
      options.network, EncoderOptions(width: options.width, imageSize: options.size, prefix: ""),
      generator: &generator)
    (encoder.layer as? any RecomputingNetwork)?.recomputesBlocks = options.recomputes
    return (encoder.layer, encoder.width)
  }

  /// Milliseconds.
  private static func now(_ options: Options) -> Double {
    var time = timespec()
    clock_gettime(options.processorTime ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
  }

  private static func parse(_ arguments: [String]) throws -> Options {
    var options = Options()
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      let value = parts.count == 2 ? parts[1] : ""
      switch parts[0] {
      case "network": options.network = value
      case "width": options.width = Double(value) ?? 1
      case "batch": options.batch = Int(value) ?? 32
      case "size": options.size = Int(value) ?? 112
      case "threads": options.threads = Int(value) ?? 2
      case "clock": options.processorTime = value == "processor"
      case "inference": options.inference = value != "0"
      case "recompute": options.recomputes = value == "blocks"
      case "parity": options.parity = value
      case "steps": options.steps = Int(value) ?? 0
      case "rate": options.rate = Double(value) ?? 0
      case "temperature": options.temperature = Double(value) ?? 0
      default:
        throw Fault(
          .usage, "'\(argument)' is not an option",
          remedy: "options are network=, width=, batch=, size=, threads=, inference=, clock=, "
            + "recompute=, parity=, steps=, rate=, temperature=")
      }
    }
    return options
  }
}
