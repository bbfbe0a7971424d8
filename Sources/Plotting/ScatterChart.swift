/// Points of the plane in named groups; a group has its own colour and shape, and each point says
/// its note when it is pointed at.
public struct ScatterChart: Chart {
  /// One point.
  public struct Point: Sendable {
    public let x, y: Double
    /// The tooltip of the point; empty for none.
    public let note: String

    public init(_ x: Double, _ y: Double, note: String = "") {
      self.x = x
      self.y = y
      self.note = note
    }
  }

  /// Points of one name.
  public struct Group: Sendable {
    public let name: String
    public let points: [Point]

    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  public let title: String
  public let summary: String
  let groups: [Group]
  private static let side = 460.0
  private let radius: Double

  /// A chart of `groups`; both axes have the same scale and no labels, as maps have no units.
  public init(title: String, summary: String, groups: [Group]) {
    self.title = title
    self.summary = summary
    self.groups = groups.map { group in
      Group(group.name, group.points.filter { $0.x.isFinite && $0.y.isFinite })
    }.filter { !$0.points.isEmpty }
    let count = groups.reduce(0) { $0 + $1.points.count }
    radius = count > 4000 ? 1.6 : count > 1000 ? 2.2 : 3
  }

  public var size: (width: Double, height: Double) {
    (Self.side + 140, max(Self.side, 24 + 20 * Double(groups.count)))
  }

  public var drawing: [Markup] {
    let points = groups.flatMap(\.points)
    guard let left = points.map(\.x).min(), let right = points.map(\.x).max(),
      let low = points.map(\.y).min(), let high = points.map(\.y).max()
    else { return [label("no data", size.width / 2, size.height / 2, .middle, "muted")] }
    let margin = 10.0
    let span = max(right - left, high - low)
    let scale = span > 0 ? (Self.side - 2 * margin) / span : 1
    let middle = (x: (left + right) / 2, y: (low + high) / 2)
    let frame = Markup(
      "rect",
      [
        "x": "0.5", "y": "0.5", "width": pixel(Self.side - 1), "height": pixel(Self.side - 1),
        "class": "grid",
      ])
    return [frame]
      + groups.enumerated().map { index, group in
        let marks = group.points.map { point in
          mark(
            index, Self.side / 2 + (point.x - middle.x) * scale,
            Self.side / 2 - (point.y - middle.y) * scale, radius, point.note)
        }
        return cloud(index, [key(index, group)] + marks)
      }
  }

  private func cloud(_ index: Int, _ pieces: [Markup]) -> Markup {
    let isOpen = Self.openShapes.contains(index % Self.shapes)
    let colour = index % Theme.light.series.count + 1
    return Markup("g", ["class": "cloud \(isOpen ? "open" : "mark")-\(colour)"], pieces)
  }

  /// The group's name and number beside the map.
  private func key(_ index: Int, _ group: Group) -> Markup {
    let y = 20 + 20 * Double(index)
    let name = fitted("\(group.name) (\(group.points.count))", width: 112)
    return .run([
      mark(index, Self.side + 14, y - 4, 4, ""),
      Markup("g", ["class": "plain"], [label(name, Self.side + 26, y)]),
    ])
  }

  private static let shapes = 8
  /// Shapes made of lines.
  private static let openShapes: Set<Int> = [5, 6, 7]

  private func mark(_ index: Int, _ x: Double, _ y: Double, _ r: Double, _ note: String) -> Markup {
    Markup(
      "path", ["d": Self.path(index % Self.shapes, x, y, r)],
      note.isEmpty ? [] : [Markup("title", [:], [.text(note)])])
  }

  private static func path(_ shape: Int, _ x: Double, _ y: Double, _ r: Double) -> String {
    func at(_ dx: Double, _ dy: Double) -> String {
      "M\((x + dx).oneDecimal) \((y + dy).oneDecimal)"
    }
    let (one, two) = (r.oneDecimal, (2 * r).oneDecimal)
    switch shape {
    case 0: return at(-r, 0) + "a\(one) \(one) 0 1 0 \(two) 0a\(one) \(one) 0 1 0-\(two) 0"
    case 1: return at(-r, -r) + "h\(two)v\(two)h-\(two)z"
    case 2: return at(0, -r) + "l\(one) \(two)h-\(two)z"
    case 3: return at(0, -r) + "l\(one) \(one)l-\(one) \(one)l-\(one)-\(one)z"
    case 4: return at(0, r) + "l\(one)-\(two)h-\(two)z"
    case 5: return at(-r, -r) + "l\(two) \(two)m0-\(two)l-\(two) \(two)"
    case 6: return at(-r, 0) + "h\(two)m-\(one)-\(one)v\(two)"
    default: return at(-r, -r) + "h\(two)v\(two)h-\(two)z"
    }
  }
}

extension Double {
  fileprivate var oneDecimal: String {
    guard abs(self) < 1e6 else { return "0" }
    let tenths = Int((self * 10).rounded())
    let (whole, part) = (abs(tenths) / 10, abs(tenths) % 10)
    return (tenths < 0 ? "-" : "") + (part == 0 ? "\(whole)" : "\(whole).\(part)")
  }
}
