import Artifacts
import PipelineKit
import Platform

/// Words that both human reporters use.
enum Wording {
  static func started(_ job: Job, _ reason: Reason, explains: Bool) -> String {
    explains ? "\(job.name): runs (\(reason.text))" : "\(job.name): runs"
  }

  static func failed(_ job: Job, _ failure: Failure) -> String {
    var text = "\(job.name): failed: \(failure.text)\n"
    for line in failure.tail { text += "  | \(line)\n" }
    if !failure.folder.isEmpty { text += "  what it left is in \(failure.folder)\n" }
    if failure.willRetry { text += "  it is tried again\n" }
    return text
  }

  static func progress(_ progress: StageProgress) -> String {
    var text =
      progress.total.map { "\(progress.done)/\($0) \(progress.unit)" }
      ?? "\(progress.done) \(progress.unit)"
    if let rate = progress.rate { text += "  \(JSONValue.plain((rate * 10).rounded() / 10))/s" }
    if let left = progress.remaining { text += "  ETA \(describe(seconds: left))" }
    if !progress.message.isEmpty { text += "  \(progress.message)" }
    return text
  }
}

/// Plain lines, for logs.
final class LineReporter: Reporter {
  private let total: Int
  private let explains: Bool
  private var done = 0
  private var lastProgress: [Int: ContinuousClock.Instant] = [:]

  init(total: Int, explains: Bool) {
    self.total = total
    self.explains = explains
  }

  func report(_ event: RunEvent) {
    switch event {
    case .upToDate(let job, let restored):
      done += 1
      if restored { line("\(job.name): restored") }
    case .started(let job, let reason, _):
      lastProgress[job.index] = .now
      line(Wording.started(job, reason, explains: explains))
    case .queued(let job, let reason): line("\(job.name): queued: \(reason)")
    case .running(let job): line("\(job.name): running")
    case .progress(let job, let progress):
      let now = ContinuousClock.now
      if let last = lastProgress[job.index], now - last < .seconds(10) { return }
      lastProgress[job.index] = now
      line("\(job.name): \(Wording.progress(progress))")
    case .message(let job, let kind, let text): line("\(job.name): \(kind): \(text)")
    case .built(let job, let seconds):
      done += 1
      line("\(job.name): built in \(describe(seconds: seconds))")
    case .failed(let job, let failure): Console.error(Wording.failed(job, failure))
    case .blocked(let job, let by): line("\(job.name): not run, it needs \(by)")
    case .waiting(let job): line("\(job.name): another run or an equal stage makes it; waiting")
    case .note(let text): line(text)
    }
  }

  private func line(_ text: String) { Console.error("[\(done)/\(total)] \(text)\n") }

  func tick() {}
}

/// One line a running stage, redrawn in place, for a terminal.
final class LiveReporter: Reporter {
  private let total: Int
  private let explains: Bool
  private var done = 0
  private var running: [Int: (job: Job, start: ContinuousClock.Instant, progress: StageProgress?)] =
    [:]
  /// The columns of the lines that are on the terminal.
  private var shown: [Int] = []
  private var lastDraw: ContinuousClock.Instant?

  init(total: Int, explains: Bool) {
    self.total = total
    self.explains = explains
  }

  func report(_ event: RunEvent) {
    switch event {
    case .upToDate(let job, let restored):
      done += 1
      if restored { say("\(job.name): restored\n") }
    case .started(let job, let reason, _):
      running[job.index] = (job, .now, nil)
      if explains { say(Wording.started(job, reason, explains: true) + "\n") }
    case .queued(let job, let reason): say("\(job.name): queued: \(reason)\n")
    case .running(let job): running[job.index] = (job, .now, nil)
    case .progress(let job, let progress): running[job.index]?.progress = progress
    case .message(let job, let kind, let text): say("\(job.name): \(kind): \(text)\n")
    case .built(let job, let seconds):
      done += 1
      running[job.index] = nil
      say("\(job.name): built in \(describe(seconds: seconds))\n")
    case .failed(let job, let failure):
      running[job.index] = nil
      say(Wording.failed(job, failure))
    case .blocked(let job, let by): say("\(job.name): not run, it needs \(by)\n")
    case .waiting(let job): say("\(job.name): another run or an equal stage makes it; waiting\n")
    case .note(let text): say("\(text)\n")
    }
  }

  private func say(_ text: String) {
    clear()
    Console.error(text)
    draw()
  }

  func tick() {
    if let lastDraw, ContinuousClock.now - lastDraw < .milliseconds(100) { return }
    clear()
    draw()
  }

  private func clear() {
    guard !shown.isEmpty else { return }
    // A terminal that was made narrower since has broken the lines.
    let width = Console.width
    let lines = shown.reduce(0) { $0 + max(1, ($1 + width - 1) / width) }
    Console.control("\u{1B}[\(lines)A\u{1B}[J")
    shown = []
  }

  private func draw() {
    lastDraw = .now
    guard !running.isEmpty else { return }
    // The cursor cannot go up beyond the first line of the terminal.
    let most = max(1, min(12, Console.height - 3))
    var lines: [String] = []
    for (_, item) in running.sorted(by: { $0.key < $1.key }).prefix(most) {
      lines.append(line(item.job, item.start, item.progress))
    }
    if running.count > most { lines.append("and \(running.count - most) more") }
    lines = lines.map { fitting($0, columns: max(1, Console.width - 1)) }
    shown = lines.map { columns($0) }
    Console.error(lines.map { $0 + "\n" }.joined())
  }

  private func line(
    _ job: Job, _ start: ContinuousClock.Instant, _ progress: StageProgress?
  ) -> String {
    let elapsed = Double((ContinuousClock.now - start).components.seconds)
    var text = "[\(done)/\(total)] \(job.name)  \(describe(seconds: elapsed))"
    if let progress {
      if let total = progress.total, total > 0 {
        let filled = min(20, max(0, progress.done * 20 / total))
        text += "  [" + String(repeating: "#", count: filled)
        text += String(repeating: ".", count: 20 - filled) + "]"
      }
      text += "  \(Wording.progress(progress))"
    }
    return plain(text).replacing("\n", with: " ").replacing("\t", with: " ")
  }
}

/// One JSON object a line.
final class JSONReporter: Reporter {
  func report(_ event: RunEvent) { Console.print(Self.json(event).canonical + "\n") }

  func tick() {}

  private static func json(_ event: RunEvent) -> JSONValue {
    switch event {
    case .upToDate(let job, let restored):
      return object(restored ? "restored" : "up-to-date", job)
    case .started(let job, let reason, let threads):
      return object("started", job, ["reason": reason.json, "threads": .integer(threads)])
    case .queued(let job, let reason):
      return object("queued", job, ["reason": .string(reason)])
    case .running(let job): return object("running", job)
    case .progress(let job, let progress):
      var members: [String: JSONValue] = [
        "done": .integer(progress.done), "unit": .string(progress.unit),
        "message": .string(progress.message),
      ]
      members["total"] = progress.total.map { .integer($0) }
      members["rate"] = progress.rate.map { .number($0) }
      members["eta"] = progress.remaining.map { .number($0) }
      return object("progress", job, members)
    case .message(let job, let kind, let text):
      return object(kind, job, ["message": .string(text)])
    case .built(let job, let seconds): return object("built", job, ["seconds": .number(seconds)])
    case .failed(let job, let failure):
      return object(
        "failed", job,
        [
          "message": .string(failure.text), "folder": .string(failure.folder),
          "log": JSONValue(failure.tail), "retry": .bool(failure.willRetry),
        ])
    case .blocked(let job, let by): return object("blocked", job, ["by": .string(by)])
    case .waiting(let job): return object("waiting", job)
    case .note(let text): return ["event": "note", "message": .string(text)]
    }
  }

  private static func object(
    _ event: String, _ job: Job, _ members: [String: JSONValue] = [:]
  ) -> JSONValue {
    var members = members
    members["event"] = .string(event)
    members["name"] = .string(job.name)
    return .object(members)
  }
}
