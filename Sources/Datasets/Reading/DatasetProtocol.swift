import Artifacts
import Platform
import Samples

/// A named way to use a dataset: which pictures, which splits, which classes, and how many.
public struct DatasetProtocol: Sendable, Equatable {
  public var name: String
  /// One sentence: what is taken and how it is split.
  public var summary: String
  public var classes: ClassList
  /// The counts that the protocol states; nil where it states none.
  public var expected: ClassCounts?
  /// The totals of splits whose counts by class are not stated.
  public var expectedTotals: [Split: Int]
  /// The count of all splits together, if only that is stated.
  public var expectedWhole: Int?
  /// Other totals that are in circulation, and what they come from: such a deviation is recorded and
  /// needs no acceptance.
  public var knownTotals: [Split: [Int: String]]

  public init(
    name: String, summary: String, classes: ClassList, expected: ClassCounts? = nil,
    expectedTotals: [Split: Int] = [:], expectedWhole: Int? = nil,
    knownTotals: [Split: [Int: String]] = [:]
  ) {
    self.name = name
    self.summary = summary
    self.classes = classes
    self.expected = expected
    self.expectedTotals = expectedTotals
    self.expectedWhole = expectedWhole
    self.knownTotals = knownTotals
  }

  /// Expected counts from rows of numbers in the order of the class list.
  static func counts(_ classes: ClassList, _ rows: [Split: [Int]]) -> ClassCounts {
    rows.mapValues { Dictionary(uniqueKeysWithValues: zip(classes.names, $0)) }
  }

  /// Each difference between the counts found and those stated, in words.
  ///
  /// Where the protocol states counts of the whole only, splits are added up first.
  public func deviations(of found: ClassCounts) -> [String] {
    var found = found
    if let expected, Set(expected.keys) == [.all] {
      found = [.all: found.values.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }]
    }
    var lines: [String] = []
    for split in Split.allCases {
      let here = found[split] ?? [:]
      let isTotal = expected?[split] == nil && expectedTotals[split] != nil
      if let expected, !isTotal {
        let stated = expected[split] ?? [:]
        for name in classes.names where (stated[name] ?? 0) != (here[name] ?? 0) {
          lines.append(
            "\(split.rawValue) \(name): \(here[name] ?? 0) instead of \(stated[name] ?? 0)")
        }
      }
      let total = here.values.reduce(0, +)
      if let stated = expectedTotals[split], stated != total {
        let known = knownTotals[split]?[total].map { ", as in \($0)" } ?? ""
        lines.append("\(split.rawValue): \(total) instead of \(stated)\(known)")
      }
    }
    let whole = found.values.reduce(0) { $0 + $1.values.reduce(0, +) }
    if let expectedWhole, whole != expectedWhole {
      lines.append("altogether: \(whole) instead of \(expectedWhole)")
    }
    return lines
  }

  /// Checks the counts found against those the protocol states.
  ///
  /// - Returns: the deviations, which are none, known or accepted.
  /// - Throws: `Fault` naming both numbers of each deviation, unless `accepting`.
  public func check(_ found: ClassCounts, accepting: Bool) throws -> [String] {
    let lines = deviations(of: found)
    let unknown = lines.filter { !$0.contains(", as in ") }
    if unknown.isEmpty || accepting { return lines }
    throw Fault(
      .badInput,
      "the counts are not those of the protocol \(name): \(unknown.joined(separator: ", "))",
      remedy: "complete the dataset, or accept the deviation with accept_counts: true")
  }

  public var json: JSONValue {
    ["name": .string(name), "summary": .string(summary)]
  }
}
