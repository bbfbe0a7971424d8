import Artifacts
import Platform

/// Amounts with units, as manifests write them.
package enum Quantities {
  /// Seconds in `90`, `1.5s`, `10m`, `2h`, `1h30m`, `1d`; nil where it is no duration.
  package static func seconds(_ value: JSONValue) -> Double? {
    if let number = value.number { return number >= 0 ? number : nil }
    guard let text = value.string else { return nil }
    return sum(text, units: ["d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001])
  }

  /// Bytes in `1024`, `2GiB`, `500MB`; nil where it is no size.
  package static func bytes(_ value: JSONValue) -> Int? {
    if let number = value.integer { return number >= 0 ? number : nil }
    guard let text = value.string else { return nil }
    let binary: [(String, Double)] = [
      ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40),
    ]
    let decimal: [(String, Double)] = [
      ("B", 1), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
    ]
    let units = Dictionary(uniqueKeysWithValues: binary + decimal)
    return sum(text, units: units).flatMap { $0 < 0x1p62 ? Int($0) : nil }
  }

  /// The sum of `number unit` pairs, each unit at most once.
  private static func sum(_ text: String, units: [String: Double]) -> Double? {
    var total = 0.0
    var rest = text[...]
    var seen: Set<String> = []
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      while rest.first == " " { rest = rest.dropFirst() }
      let unit = String(rest.prefix { $0.isLetter })
      rest = rest.dropFirst(unit.count)
      while rest.first == " " { rest = rest.dropFirst() }
      guard let number = Double(digits), let scale = units[unit], seen.insert(unit).inserted else {
        return nil
      }
      total += number * scale
    }
    return total
  }
}

/// Seconds in `30d`, `12h` or `90`; nil where it is no duration.
public func parseDuration(_ text: String) -> Double? {
  Quantities.seconds(Double(text).map { .number($0) } ?? .string(text))
}

/// `2026-11-21 09:05:00` in universal time, for people.
public func timestamp(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded(.down))
  let day = whole / 86_400 - (whole % 86_400 < 0 ? 1 : 0)
  let (year, month, date) = civil(day)
  let rest = whole - day * 86_400
  let clock = [rest / 3_600, rest / 60 % 60, rest % 60].map { padded($0, 2) }
  return "\(year)-\(padded(month, 2))-\(padded(date, 2)) \(clock.joined(separator: ":"))"
}

/// The date of a day counted from 1970-01-01 (H. Hinnant, "chrono-compatible low-level date
/// algorithms", civil_from_days).
private func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
  let z = day + 719_468
  let era = (z >= 0 ? z : z - 146_096) / 146_097
  let doe = z - era * 146_097
  let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365
  let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
  let mp = (5 * doy + 2) / 153
  let month = mp < 10 ? mp + 3 : mp - 9
  return (yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1)
}

/// `1.5 GiB`, for people.
public func describe(bytes: Int) -> String {
  var value = Double(bytes)
  for unit in ["B", "KiB", "MiB", "GiB"] {
    if value < 1024 { return unit == "B" ? "\(bytes) B" : "\(tenths(value)) \(unit)" }
    value /= 1024
  }
  return "\(tenths(value)) TiB"
}

/// `0.3 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, for people.
public func describe(seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  if seconds < 0.95 { return "\(Int((seconds * 1000).rounded())) ms" }
  if seconds < 9.95 { return "\(tenths(seconds)) s" }
  if whole < 60 { return "\(whole) s" }
  if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
  return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
}

private func tenths(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
