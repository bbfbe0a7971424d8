import Platform

/// Proportions with their intervals, one under the other, beside published values.
public struct IntervalChart: Chart {
  /// One proportion.
  public struct Entry: Sendable {
    /// The common heading of adjacent entries; it is drawn once, above the first of them.
    public let heading: String
    public let name: String
    public let value: Double
    public let low, high: Double
    /// What stands at the right of the name: `87.1 % [84.3, 89.5], N = 636`.
    public let note: String
    /// Which colour and marker: entries of one group share them.
    public let group: Int
    /// Hollow marks, with their names: published values, or nothing.
    public let references: [(name: String, value: Double)]

    public init(
      _ name: String, heading: String = "", value: Double, low: Double, high: Double,
      note: String, group: Int = 0, references: [(name: String, value: Double)] = []
    ) {
      self.heading = heading
      self.name = name
      self.value = value
      self.low = low
      self.high = high
      self.note = note
      self.group = group
      self.references = references
    }
  }

  public let title: String
  public let summary: String
  let entries: [Entry]
  let groups: [String]
  private static let rowHeight = 40.0
  private static let headingHeight = 26.0

  /// A chart of `entries`; `groups` names the colours in order, for the key.
  public init(title: String, summary: String, groups: [String] = [], entries: [Entry]) {
    self.title = title
    self.summary = summary
    self.groups = groups
    self.entries = entries
  }

  private var head: Double { groups.isEmpty ? 8 : 30 }

  public var size: (width: Double, height: Double) {
    let headings = entries.indices.filter(startsHeading).count
    return (
      400,
      head + Double(entries.count) * Self.rowHeight + Double(headings) * Self.headingHeight + 30
    )
  }

  private func startsHeading(_ index: Int) -> Bool {
    let heading = entries[index].heading
    return !heading.isEmpty && (index == 0 || entries[index - 1].heading != heading)
  }

  public var drawing: [Markup] {
    let x = Axis(0...1, from: 12, to: size.width - 24, ticks: 5, format: .percent)
    let bottom = size.height - 24
    var pieces: [Markup] = []
    for tick in x.ticks {
      pieces.append(line(x(tick), head, x(tick), bottom, "grid"))
      pieces.append(label(x.label(tick), x(tick), size.height - 7, .middle, "muted"))
    }
    pieces += key()
    var top = head
    for (index, entry) in entries.enumerated() {
      if startsHeading(index) {
        let text = fitted(entry.heading, width: size.width - 20, bold: true)
        pieces.append(label(text, 12, top + 19, .start, "strong halo"))
        top += Self.headingHeight
      }
      pieces.append(row(entry, top, x))
      top += Self.rowHeight
    }
    return pieces
  }

  private func key() -> [Markup] {
    var pieces: [Markup] = []
    var x = 18.0
    for (index, name) in groups.enumerated() {
      pieces.append(marker(index, x, 12, radius: 4))
      pieces.append(label(name, x + 10, 16, .start, "muted"))
      x += 34 + textWidth(name)
    }
    if entries.contains(where: { !$0.references.isEmpty }) {
      pieces.append(hollow(x, 12))
      pieces.append(label("published", x + 10, 16, .start, "muted"))
    }
    return pieces
  }

  private func row(_ entry: Entry, _ top: Double, _ x: Axis) -> Markup {
    let style = entry.group % Theme.light.series.count + 1
    let y = top + 27
    let noteWidth = textWidth(entry.note, size: 11)
    let room = size.width - 44 - noteWidth
    var pieces: [Markup] = [
      Markup("title", [:], [.text("\(entry.heading) \(entry.name): \(entry.note)")]),
      label(fitted(entry.name, width: room), 12, top + 15, .start, "halo"),
      label(entry.note, size.width - 24, top + 15, .end, "muted halo", size: 11),
      Markup(
        "path",
        [
          "d": "M\(pixel(x(entry.low))) \(pixel(y - 4))v8m0 -4H\(pixel(x(entry.high)))m0 -4v8",
          "class": "line-\(style)", "style": "stroke-dasharray:none",
        ]),
      marker(entry.group, x(entry.value), y, radius: 4.5),
    ]
    for reference in entry.references {
      pieces.append(
        Markup(
          "g", [:],
          [
            Markup(
              "title", [:],
              [.text("published, \(reference.name): \((reference.value * 100).fixed(2)) %")]),
            hollow(x(reference.value), y),
          ]))
    }
    return Markup("g", [:], pieces)
  }

  private func hollow(_ x: Double, _ y: Double) -> Markup {
    Markup(
      "path",
      [
        "d": "M\(pixel(x)) \(pixel(y - 6))l6 6l-6 6l-6 -6Z", "class": "axis",
        "stroke-width": "1.6",
      ])
  }
}
