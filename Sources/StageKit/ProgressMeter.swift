import Artifacts
import Platform

/// Turns counts into a rate and a remaining time.
struct ProgressMeter {
  private var start: ContinuousClock.Instant?
  private var first = 0
  private var last: ContinuousClock.Instant?
  private var lastTotal: Int?
  private var unit = ""

  /// A reading when `every` seconds have passed since the last one, or the work is complete.
  mutating func advance(
    _ done: Int, _ total: Int?, unit: String, message: String, every: Double
  ) -> ProgressReading? {
    let now = ContinuousClock.now
    if start == nil || unit != self.unit || total != lastTotal || done < first {
      start = now
      first = done
      last = nil
    }
    self.unit = unit
    lastTotal = total
    if let last, seconds(last, now) < every, done != total { return nil }
    last = now
    let elapsed = seconds(start ?? now, now)
    let rate = elapsed > 0.2 && done > first ? Double(done - first) / elapsed : nil
    return ProgressReading(done: done, total: total, unit: unit, message: message, rate: rate)
  }

  private func seconds(_ a: ContinuousClock.Instant, _ b: ContinuousClock.Instant) -> Double {
    let parts = (b - a).components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}

/// One reading of a progress meter.
package struct ProgressReading {
  package var done: Int
  package var total: Int?
  package var unit: String
  package var message: String
  /// Units a second.
  package var rate: Double?

  package init(done: Int, total: Int?, unit: String, message: String, rate: Double?) {
    self.done = done
    self.total = total
    self.unit = unit
    self.message = message
    self.rate = rate
  }

  /// Seconds left at the present rate.
  package var remaining: Double? {
    guard let total, let rate, rate > 0 else { return nil }
    return Double(max(0, total - done)) / rate
  }

  func event(stage: String) -> JSONValue {
    var event: JSONValue = [
      "event": "progress", "stage": .string(stage), "done": .integer(done),
      "unit": .string(unit), "message": .string(message),
    ]
    event["total"] = total.map { .integer($0) }
    event["rate"] = rate.map { .number(($0 * 10).rounded() / 10) }
    event["eta"] = remaining.map { .number($0.rounded()) }
    return event
  }

  private var counts: String { total.map { "\(done)/\($0) \(unit)" } ?? "\(done) \(unit)" }

  private var tail: String {
    var text = counts
    if let rate { text += "  \(Self.short(rate))/s" }
    if let remaining { text += "  ETA \(Self.clock(remaining))" }
    if !message.isEmpty { text += "  \(message)" }
    return text
  }

  package var plain: String { tail }

  package func bar(stage: String, width: Int) -> String {
    var text = "\(stage) "
    if let total, total > 0 {
      let filled = min(20, done * 20 / total)
      text +=
        "[" + String(repeating: "#", count: filled)
        + String(repeating: ".", count: 20 - filled) + "] "
    }
    return String((text + tail).prefix(width - 1))
  }

  static func short(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : JSONValue.plain((value * 10).rounded() / 10)
  }

  package static func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let hours = whole / 3600
    let text = "\(whole / 60 % 60):\(padded(whole % 60, 2))"
    return hours > 0 ? "\(hours):\(padded(whole / 60 % 60, 2)):\(padded(whole % 60, 2))" : text
  }
}
