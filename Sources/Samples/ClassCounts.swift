import Artifacts

/// How many rows a split has of each class.
public typealias ClassCounts = [Split: [String: Int]]

extension ClassCounts {
  /// Counts of labelled rows.
  public init(of rows: some Sequence<SampleRow>) {
    self = [:]
    for row in rows {
      if let label = row.label { self[row.split, default: [:]][label, default: 0] += 1 }
    }
  }

  public var json: JSONValue {
    .object(
      Dictionary<String, JSONValue>(
        uniqueKeysWithValues: map { split, counts in
          (split.rawValue, .object(counts.mapValues { .integer($0) }))
        }))
  }

  /// Reads counts; members that are no splits are passed over.
  public init(json: JSONValue) {
    self = [:]
    for (word, counts) in json.object ?? [:] {
      guard let split = Split(rawValue: word) else { continue }
      self[split] = (counts.object ?? [:]).compactMapValues(\.integer)
    }
  }
}
