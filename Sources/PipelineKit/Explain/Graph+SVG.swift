import Platform

extension Graph {
  private struct Box {
    var x: Double
    var y: Double
    var width: Double
  }

  private static let boxHeight = 34.0
  private static let gapX = 96.0
  private static let gapY = 22.0
  private static let margin = 20.0

  /// A picture that stands alone, in columns from sources to results; follows light and dark.
  public var svg: String {
    let columns = columns()
    let boxes = place(columns)
    let width = (boxes.map { $0.x + $0.width }.max() ?? 0) + Self.margin
    let height = (boxes.map(\.y).max() ?? 0) + Self.boxHeight + Self.margin
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" role="img" aria-label="pipeline">
      <style>
      text { font: 14px system-ui, sans-serif; fill: #1b1f24 }
      .port { font-size: 11px; fill: #57606a }
      .stage { fill: #eaf2fb; stroke: #3c6e9f }
      .source { fill: #f6f3e8; stroke: #8a7440 }
      .flow { fill: none; stroke: #6e7781; stroke-width: 1.3 }
      @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .port { fill: #9aa4af } .stage { fill: #1d2d3d; stroke: #6ea8dc }
      .source { fill: #2d2a1f; stroke: #c3a75c } .flow { stroke: #8b949e }
      }
      </style>

      """
    for edge in edges { text += draw(edge, boxes) }
    for (node, box) in zip(nodes, boxes) { text += draw(node, box) }
    return text + "</svg>\n"
  }

  /// The nodes of each column: sources first, each stage right of all it takes from.
  private func columns() -> [[Int]] {
    var rank = Array(repeating: 0, count: nodes.count)
    // Edges come in an order in which each stage follows its producers.
    for edge in edges { rank[edge.to] = max(rank[edge.to], rank[edge.from] + 1) }
    for edge in edges.reversed() where nodes[edge.from].isSource {
      let nearest = edges.filter { $0.from == edge.from }.map { rank[$0.to] }.min() ?? 1
      rank[edge.from] = nearest - 1
    }
    var columns = Array(repeating: [Int](), count: (rank.max() ?? -1) + 1)
    for index in nodes.indices { columns[rank[index]].append(index) }
    var position = Array(repeating: 0.0, count: nodes.count)
    for column in columns.indices {
      let wish = { (index: Int) -> Double in
        let above = edges.filter { $0.to == index }.map { position[$0.from] }
        return above.isEmpty ? Double(index) / 1000 : above.reduce(0, +) / Double(above.count)
      }
      let wishes = Dictionary(uniqueKeysWithValues: columns[column].map { ($0, wish($0)) })
      columns[column].sort { (wishes[$0]!, $0) < (wishes[$1]!, $1) }
      for (row, index) in columns[column].enumerated() { position[index] = Double(row) }
    }
    return columns
  }

  private func place(_ columns: [[Int]]) -> [Box] {
    var boxes = Array(repeating: Box(x: 0, y: 0, width: 0), count: nodes.count)
    let rows = columns.map(\.count).max() ?? 0
    var x = Self.margin
    for column in columns {
      let width = column.map { Double(nodes[$0].label.count) * 8.2 + 26 }.max() ?? 0
      let offset = Double(rows - column.count) / 2
      for (row, index) in column.enumerated() {
        let y = Self.margin + (Double(row) + offset) * (Self.boxHeight + Self.gapY)
        boxes[index] = Box(x: x, y: y, width: width)
      }
      x += width + Self.gapX
    }
    return boxes
  }

  private func draw(_ edge: Edge, _ boxes: [Box]) -> String {
    let from = boxes[edge.from]
    let to = boxes[edge.to]
    let (x1, y1) = (from.x + from.width, from.y + Self.boxHeight / 2)
    let (x2, y2) = (to.x, to.y + Self.boxHeight / 2)
    let bend = (x2 - x1) / 2
    let path =
      "M\(number(x1)) \(number(y1))C\(number(x1 + bend)) \(number(y1)) "
      + "\(number(x2 - bend)) \(number(y2)) \(number(x2)) \(number(y2))"
    return "<path class=\"flow\" d=\"\(path)\"/>"
      + "<text class=\"port\" text-anchor=\"end\" x=\"\(number(x2 - 5))\" "
      + "y=\"\(number(y2 - 4))\">\(edge.port)</text>\n"
  }

  private func draw(_ node: Node, _ box: Box) -> String {
    let radius = node.isSource ? 2 : 8
    return "<rect class=\"\(node.isSource ? "source" : "stage")\" x=\"\(number(box.x))\" "
      + "y=\"\(number(box.y))\" width=\"\(number(box.width))\" "
      + "height=\"\(number(Self.boxHeight))\" rx=\"\(radius)\"/>"
      + "<text text-anchor=\"middle\" x=\"\(number(box.x + box.width / 2))\" "
      + "y=\"\(number(box.y + 22))\">\(node.label)</text>\n"
  }

  private func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
  }
}
