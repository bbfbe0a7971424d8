import Artifacts

/// A set of instances: one value on each axis a row, in order.
struct InstanceRows {
  var axes: [String]
  var values: [[JSONValue]]

  /// One row without axes.
  static let single = InstanceRows(axes: [], values: [[]])

  /// The rows that agree with `other` wherever both have an axis, `other`'s further axes added.
  /// - Complexity: O(rows of both and of the result).
  func joined(with other: InstanceRows) -> InstanceRows {
    let shared = other.axes.filter { axes.contains($0) }
    let added = other.axes.filter { !axes.contains($0) }
    let sharedHere = shared.map { axes.firstIndex(of: $0)! }
    let sharedThere = shared.map { other.axes.firstIndex(of: $0)! }
    let addedThere = added.map { other.axes.firstIndex(of: $0)! }
    var matches: [String: [[JSONValue]]] = [:]
    for row in other.values {
      let key = Self.key(sharedThere.map { row[$0] })
      let tail = addedThere.map { row[$0] }
      if matches[key]?.contains(tail) == true, tail.isEmpty { continue }
      matches[key, default: []].append(tail)
    }
    var result = InstanceRows(axes: axes + added, values: [])
    for row in values {
      for tail in matches[Self.key(sharedHere.map { row[$0] })] ?? [] {
        result.values.append(row + tail)
      }
    }
    return result
  }

  /// Whether `joined(with:)` has at most `most` rows, without making them.
  func joins(with other: InstanceRows, within most: Int) -> Bool {
    let (product, isTooLarge) = values.count.multipliedReportingOverflow(by: other.values.count)
    if !isTooLarge, product <= most { return true }
    let shared = other.axes.filter { axes.contains($0) }
    guard !shared.isEmpty else { return false }
    let here = shared.map { axes.firstIndex(of: $0)! }
    let there = shared.map { other.axes.firstIndex(of: $0)! }
    var counts: [String: Int] = [:]
    for row in other.values { counts[Self.key(there.map { row[$0] }), default: 0] += 1 }
    var rows = 0
    for row in values { rows += counts[Self.key(here.map { row[$0] })] ?? 0 }
    return rows <= most
  }

  /// The rows' values on `kept` axes alone, each combination once, in order.
  func projected(on kept: [String]) -> InstanceRows {
    let columns = kept.map { axes.firstIndex(of: $0)! }
    var seen: Set<String> = []
    var result = InstanceRows(axes: kept, values: [])
    for row in values {
      let short = columns.map { row[$0] }
      if seen.insert(Self.key(short)).inserted { result.values.append(short) }
    }
    return result
  }

  /// The rows that have these values on these axes.
  func filtered(by axes: [String], _ wanted: [JSONValue]) -> InstanceRows {
    let columns = axes.map { self.axes.firstIndex(of: $0)! }
    return InstanceRows(
      axes: self.axes, values: values.filter { row in columns.map { row[$0] } == wanted })
  }

  /// A text that is equal for equal values only.
  static func key(_ values: [JSONValue]) -> String {
    values.isEmpty ? "" : JSONValue.array(values).canonical
  }
}
