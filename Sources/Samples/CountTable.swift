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
    let widths = rows[0].indices.map { column in rows.map { width($0[column]) }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - width(cell))
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// How many columns of a terminal a text takes: letters of East Asia and pictograms take two.
  private static func width(_ text: String) -> Int {
    text.reduce(0) { width, letter in
      let value = letter.unicodeScalars.first?.value ?? 0
      return width + (wide.contains { $0.contains(value) } ? 2 : 1)
    }
  }

  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD,
  ]
}
