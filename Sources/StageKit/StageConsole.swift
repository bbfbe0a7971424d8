import Artifacts
import Glibc
import Platform

/// The output of a stage: a bar or plain lines on standard error, JSON events on standard output.
///
/// Events (`--json`), one object a line:
/// `{"event":"progress","stage","done","total"?,"unit","message","rate"?,"eta"?}`,
/// `{"event":"note"|"warning","stage","message"}`,
/// `{"event":"fault","stage","code","message","place"?,"remedy"?}`,
/// `{"event":"finished","stage","outputs":{port: digest}}`.
final class StageConsole: Sendable {
  static let shared = StageConsole()

  private struct State {
    var stage = ""
    var json = false
    var bar = ProgressMeter()
    var barIsShown = false
  }
  private let state = Locked(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1

  func start(stage: String, json: Bool) {
    state.withLock {
      $0.stage = stage
      $0.json = json
    }
  }

  func line(_ kind: String, _ text: String) {
    state.withLock { state in
      if state.json {
        emit(["event": .string(kind), "stage": .string(state.stage), "message": .string(text)])
      } else {
        clear(&state)
        write("ferry-\(state.stage): \(kind): \(text)\n")
      }
    }
  }

  func fault(_ fault: Fault, program: String) {
    state.withLock { state in
      if state.json {
        var event: JSONValue = [
          "event": "fault", "stage": .string(state.stage),
          "code": .integer(Int(fault.code.rawValue)), "message": .string(fault.description),
        ]
        event["place"] = fault.place.map { .string($0.description) }
        event["remedy"] = fault.remedy.map { .string($0) }
        emit(event)
      }
      clear(&state)
      write("\(program): error: \(fault)\n")
    }
  }

  func finished(_ digests: [String: Digest]) {
    state.withLock { state in
      clear(&state)
      let outputs = digests.mapValues { JSONValue.string($0.hex) }
      if state.json {
        emit(["event": "finished", "stage": .string(state.stage), "outputs": .object(outputs)])
      } else {
        for (port, digest) in digests.sorted(by: { $0.key < $1.key }) {
          write("ferry-\(state.stage): \(port) \(digest.short)\n")
        }
      }
    }
  }

  func progress(_ done: Int, _ total: Int?, _ unit: String, _ message: String) {
    state.withLock { state in
      let interval = state.json ? 0.1 : isTerminal ? 0.1 : 5
      guard
        let reading = state.bar.advance(done, total, unit: unit, message: message, every: interval)
      else { return }
      if state.json {
        emit(reading.event(stage: state.stage))
      } else if isTerminal {
        write("\r\u{1B}[K" + reading.bar(stage: state.stage, width: columns()))
        state.barIsShown = true
      } else {
        write("ferry-\(state.stage): " + reading.plain + "\n")
      }
    }
  }

  private func clear(_ state: inout State) {
    if state.barIsShown { write("\r\u{1B}[K") }
    state.barIsShown = false
  }

  private func columns() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
    return Int(size.ws_col)
  }

  private func emit(_ event: JSONValue) { write(event.canonical + "\n", to: STDOUT_FILENO) }

  private func write(_ text: String, to descriptor: Int32 = STDERR_FILENO) {
    Array(text.utf8).withUnsafeBytes {
      try? Files.writeAll($0, to: descriptor, path: "the terminal")
    }
  }
}
