import Artifacts
import Glibc
import Methods
import Platform
import StageKit
import Tensors

/// `ferry-predict watch DIR`: photos are classified as they arrive in a folder.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Classify photos as they arrive in a folder; one CSV line a face, until Ctrl-C.")

  @Argument(help: "The folder to watch.")
  var directory: String

  @Option(help: "The model.")
  var model: String

  @Option(help: "MTCNN's weights, for finding faces.")
  var weights: String?

  @Option(help: "Append to this file; without it, standard output.")
  var out: String?

  @Option(help: "Which faces of a photo: largest, all or given.")
  var faces = "largest"

  @Option(name: .customLong("minimum-score"), help: "Leave out faces the detector is less sure of.")
  var minimumScore = 0.9

  @Option(help: "Seconds between two looks at the folder.")
  var every = 1.0

  @Option(name: .customLong("stop-after"), help: "Stop after this many photos.")
  var stopAfter: Int?

  @Flag(name: .customLong("accept-terms"), help: "Your use is one the training data's terms allow.")
  var acceptTerms = false

  func validate() throws {
    guard ["largest", "all", "given"].contains(faces) else {
      throw ValidationError("--faces takes largest, all or given")
    }
    guard every > 0, every <= 3600 else { throw ValidationError("--every takes up to 3600") }
  }

  func run() throws {
    ThreadPool.threads = Parallel.processors
    let classifier = try Classifier(model)
    try Terms.check(classifier.description, accepted: acceptTerms)
    let finder = try FaceFinder(
      classifier.description.preprocessing, weights: weights, asGiven: faces == "given",
      minimumScore: minimumScore, takesAll: faces == "all", keepsPhoto: false)
    let predictor = Predictor(classifier, finder, temperature: 1, threads: Parallel.processors)
    guard Files.isDirectory(directory) else {
      throw Fault(.missingInput, "there is no folder '\(directory)'")
    }
    let sink = try LineSink(out)
    if sink.isNew { try sink.write(CSV.line(PredictionRow.columns(predictor.classes))) }
    var arrivals = Arrivals()
    var done = 0
    while !Interruption.isRequested {
      for names in arrivals.settled(in: directory) {
        let found = try predictor.predict(
          names.map { Files.join(directory, $0) }, names: names)
        for face in found.faces {
          try sink.write(CSV.line(PredictionRow(face: face, classes: predictor.classes).cells))
        }
        for photo in found.photos where photo.faces.isEmpty {
          try LineSink.tell("ferry-predict: note: \(photo.source): \(photo.reason)\n")
        }
        done += names.count
        if let stopAfter, done >= stopAfter { return }
      }
      usleep(UInt32(every * 1e6))
    }
  }
}

/// Photos of a folder that have stopped growing and were not given out yet.
private struct Arrivals {
  private var seen: [String: Files.Status] = [:]
  private var done: [String: Files.Status] = [:]

  /// Batches of names whose size and time are those of the look before.
  mutating func settled(in directory: String) -> [[String]] {
    var ready: [String] = []
    var now: [String: Files.Status] = [:]
    for name in (try? Files.list(directory)) ?? [] where Photos.isPhoto(name) {
      guard let status = Files.status(Files.join(directory, name)), status.kind == .file else {
        continue
      }
      now[name] = status
      if seen[name] == status, done[name] != status {
        ready.append(name)
        done[name] = status
      }
    }
    seen = now
    return stride(from: 0, to: ready.count, by: Predictor.batch).map {
      Array(ready[$0..<min($0 + Predictor.batch, ready.count)])
    }
  }
}

/// Lines appended to a file, or written to standard output.
private final class LineSink {
  let isNew: Bool
  private let descriptor: Int32
  private let name: String

  init(_ path: String?) throws {
    name = path ?? "standard output"
    guard let path else {
      (descriptor, isNew) = (STDOUT_FILENO, true)
      return
    }
    isNew = (Files.status(path)?.size ?? 0) == 0
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Files.fault("open", path) }
  }

  /// A line for the person who watches, beside the results.
  static func tell(_ line: String) throws {
    try Array(line.utf8).withUnsafeBytes {
      try Files.writeAll($0, to: STDERR_FILENO, path: "standard error")
    }
  }

  func write(_ line: String) throws {
    try Array(line.utf8).withUnsafeBytes {
      try Files.writeAll($0, to: descriptor, path: name)
    }
  }

  deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }
}
