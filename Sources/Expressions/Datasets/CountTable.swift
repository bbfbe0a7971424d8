/// Counts by class and split as a table for people.
public struct CountTable: Sendable {
  private let classes: ClassList
  private let counts: ClassCounts

  public init(_ classes: ClassList, _ counts: ClassCounts) {
    self.classes = classes
    self.counts = counts
  }

  /// One line a class, one column a split that has rows, and totals.
  public var text: String {
    let splits = Split.allCases.filter { counts[$0]?.isEmpty == false }
    var rows = [["class"] + splits.map(\.rawValue) + ["total"]]
    for name in classes.names {
      let cells = splits.map { counts[$0]?[name] ?? 0 }
      rows.append([name] + (cells + [cells.reduce(0, +)]).map(String.init))
    }
    let totals = splits.map { counts[$0]?.values.reduce(0, +) ?? 0 }
    rows.append(["total"] + (totals + [totals.reduce(0, +)]).map(String.init))
    return Self.aligned(rows)
  }

  /// The first column to the left, the others to the right.
  private static func aligned(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
