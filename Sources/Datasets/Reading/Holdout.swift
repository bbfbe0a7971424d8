import Artifacts
import Platform
import Samples

/// A test set made by rule: every n-th subject, in sorted order, tests.
public struct Holdout: Sendable, Equatable {
  /// The key that groups rows: `subject`, the name of an attribute, or `id` (each row on its own).
  public var by: String
  /// Each group whose position in sorted order is `offset` modulo `every` tests.
  public var every: Int
  public var offset: Int

  public init(by: String = "subject", every: Int, offset: Int = 0) {
    self.by = by
    self.every = every
    self.offset = offset
  }

  /// Reads the parameter `holdout`.
  public init(_ map: [String: JSONValue]) throws {
    try ParameterMap.check(map, "holdout", keys: ["by", "every", "offset"])
    by = try ParameterMap.string(map, "by", "holdout") ?? "subject"
    every = try Self.whole(map, "every") ?? 5
    offset = try Self.whole(map, "offset") ?? 0
    guard every >= 2, (0..<every).contains(offset) else {
      throw Fault(
        .usage, "'holdout' has every \(every) and offset \(offset)",
        remedy: "every is at least 2, offset from 0 to every - 1")
    }
  }

  private static func whole(_ map: [String: JSONValue], _ key: String) throws -> Int? {
    guard let value = map[key], !value.isNull else { return nil }
    guard let number = value.integer else {
      throw Fault(.usage, "'holdout.\(key)' is \(value.kindName), not an integer")
    }
    return number
  }

  /// The rule in words.
  var summary: String {
    "of each \(by) in sorted order, those at position \(offset) modulo \(every) test"
  }

  /// Splits rows into train and test.
  ///
  /// - Throws: `Fault` where a row does not have what it is grouped by.
  func apply(to rows: inout [SampleRow]) throws {
    var groups: Set<String> = []
    for row in rows { groups.insert(try group(of: row)) }
    let sorted = groups.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let tests = Set(sorted.enumerated().filter { $0.offset % every == offset }.map(\.element))
    for index in rows.indices {
      rows[index].split = tests.contains(try group(of: rows[index])) ? .test : .train
    }
  }

  private func group(of row: SampleRow) throws -> String {
    if by == "id" { return row.id }
    if let group = by == "subject" ? row.subject : row.attributes[by] { return group }
    throw Fault(
      .badInput, "the row '\(row.id)' has no \(by) to split by", at: .init(row.source),
      remedy: by == "subject"
        ? "name the column of subjects with columns: {subject: ...}, or capture {subject} in pattern"
        : "split by subject, by an attribute that every row has, or by id")
  }
}
