/// A table of values as shaded cells: confusion matrices, models against datasets.
public struct HeatMap: Chart {
  /// One cell.
  public struct Cell: Sendable {
    /// 0 (paper) to 1 (strongest colour); nil leaves the cell open.
    public let strength: Double?
    /// The text of the cell, and the small text below it.
    public let text: String
    public let note: String

    public init(strength: Double?, text: String, note: String = "") {
      self.strength = strength
      self.text = text
      self.note = note
    }
  }

  public let title: String
  public let summary: String
  let rows, columns: [String]
  let rowTitle, columnTitle: String
  /// **Shape**: [rows][columns].
  let cells: [[Cell]]
  let outlinesDiagonal: Bool
  private let rowRoom: Double
  private let columnRoom: Double
  private let margin: Double
  private let head: Double
  private let cellWidth: Double
  private let cellHeight: Double

  public init(
    title: String, summary: String, rowTitle: String, columnTitle: String, rows: [String],
    columns: [String], cells: [[Cell]], outlinesDiagonal: Bool = false
  ) {
    precondition(cells.count == rows.count && cells.allSatisfy { $0.count == columns.count })
    self.title = title
    self.summary = summary
    self.rowTitle = rowTitle
    self.columnTitle = columnTitle
    self.rows = rows
    self.columns = columns
    self.cells = cells
    self.outlinesDiagonal = outlinesDiagonal
    let isSmall = columns.count <= 4
    rowRoom = isSmall ? 240 : 130
    columnRoom = isSmall ? 170 : 96
    margin = 12 + min(rowRoom, max(48, rows.map { textWidth($0) }.max() ?? 0))
    head = 34 + min(columnRoom, columns.map { textWidth($0) }.max() ?? 0) * 0.64
    cellWidth = isSmall ? 66 : columns.count > 8 ? 38 : 43
    cellHeight = 36
  }

  public var size: (width: Double, height: Double) {
    let overhang = min(columnRoom, columns.last.map { textWidth($0) } ?? 0) * 0.77
    return (
      margin + Double(columns.count) * cellWidth + max(8, overhang - cellWidth / 2),
      head + Double(rows.count) * cellHeight + 8
    )
  }

  public var drawing: [Markup] {
    var pieces: [Markup] = [
      label(columnTitle, margin + Double(columns.count) * cellWidth / 2, 13, .middle, "muted"),
      label(rowTitle, margin - 8, head - 8, .end, "muted"),
    ]
    for (index, name) in columns.enumerated() {
      let x = margin + (Double(index) + 0.5) * cellWidth
      pieces.append(
        label(fitted(name, width: columnRoom), x - 3, head - 7, .start, "", turned: -40))
    }
    for (index, name) in rows.enumerated() {
      let y = head + (Double(index) + 0.5) * cellHeight + 4
      pieces.append(label(fitted(name, width: rowRoom), margin - 8, y, .end))
    }
    for row in rows.indices {
      for column in columns.indices { pieces.append(cell(row, column)) }
    }
    return pieces
  }

  private func cell(_ row: Int, _ column: Int) -> Markup {
    let cell = cells[row][column]
    let strength = min(1, max(0, cell.strength ?? 0))
    let x = margin + Double(column) * cellWidth
    let y = head + Double(row) * cellHeight
    let middle = x + cellWidth / 2
    let textClass = cell.strength == nil ? "muted" : Theme.textClass(strength: strength)
    var box: [Markup.Attribute] = [
      .init("x", pixel(x + 0.5)), .init("y", pixel(y + 0.5)),
      .init("width", pixel(cellWidth - 1)), .init("height", pixel(cellHeight - 1)),
    ]
    var pieces: [Markup] = [
      Markup("title", [:], [.text(tip(row, column))]),
      Markup("rect", attributes: box + [.init("class", "grid")]),
    ]
    box += [.init("class", "heat"), .init("fill-opacity", strength.twoDecimals)]
    pieces.append(Markup("rect", attributes: box))
    if outlinesDiagonal, row == column {
      pieces.append(Markup("rect", attributes: box.prefix(4) + [.init("class", "frame")]))
    }
    let hasNote = !cell.note.isEmpty
    pieces.append(label(cell.text, middle, y + (hasNote ? 17 : 23), .middle, textClass))
    if hasNote { pieces.append(label(cell.note, middle, y + 29, .middle, textClass, size: 9.5)) }
    return Markup("g", [:], pieces)
  }

  private func tip(_ row: Int, _ column: Int) -> String {
    let cell = cells[row][column]
    let note = cell.note.isEmpty ? "" : " (\(cell.note))"
    return "\(rowTitle) \(rows[row]), \(columnTitle) \(columns[column]): \(cell.text)\(note)"
  }
}

extension Double {
  fileprivate var twoDecimals: String { pixel(self) }
}
