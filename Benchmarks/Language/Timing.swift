import Glibc
import Networks
import Neural
import Platform
import Tensors

/// Times CLIP B/16's towers with random weights.
///
/// Each line of standard input asks for one timed pass; its milliseconds come back as a line. So a
/// script can let two programs take turns.
struct Timing {
  private let pass: () -> Tensor
  private let clock: clockid_t

  /// Token counts of five templates with the seven classes' nouns, start and end included.
  static let lengths = [7, 9, 9, 9, 14]

  init(_ arguments: [String]) throws {
    var options = ["threads": "2", "batch": "16", "clock": "wall"]
    for argument in arguments.dropFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, options[parts[0]] != nil else {
        throw Fault(.usage, "'\(argument)' is not an option")
      }
      options[parts[0]] = parts[1]
    }
    clock = options["clock"] == "processor" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC
    ThreadPool.threads = options["threads"].flatMap { Int($0) } ?? 2
    var generator = SeededGenerator(seed: 1)
    if arguments[0] == "text" {
      let tower = try TextTransformer(.base, from: ParameterSource(generator: generator))
      let texts = (0..<35).map { index in
        let length = Self.lengths[index % 5]
        return (0..<length).map { $0 == length - 1 ? 49407 : (index * 977 + $0 * 131) % 49000 }
      }
      pass = { tower.forward(texts, training: false) }
    } else {
      let tower = try VisionTransformer(.b16, from: ParameterSource(generator: generator))
      let images = Tensor([options["batch"].flatMap { Int($0) } ?? 16, 3, 224, 224])
      for i in 0..<images.count { images.pointer[i] = Float(generator.normal()) }
      pass = { tower.forward(images, training: false) }
    }
  }

  func run() {
    while readLine() != nil {
      let start = now()
      _ = pass()
      print(now() - start)
      fflush(nil)
    }
  }

  /// Milliseconds.
  private func now() -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
  }
}
