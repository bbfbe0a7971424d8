/// Curves over a shared horizontal axis, each named at its end.
public struct LineChart: Chart {
  /// One curve.
  public struct Series: Sendable {
    public let name: String
    /// In order of x; a point that is not finite breaks the curve.
    public let points: [(x: Double, y: Double)]

    public init(_ name: String, _ points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }

    var finite: [(x: Double, y: Double)] { points.filter { $0.x.isFinite && $0.y.isFinite } }
  }

  public let title: String
  public let summary: String
  public let size: (width: Double, height: Double) = (440, 270)
  let xLabel, yLabel: String
  let xFormat, yFormat: ValueFormat
  let yRange: ClosedRange<Double>?
  let series: [Series]
  let mark: (x: Double, name: String)?

  /// A chart of `series`; without `yRange` the vertical axis fits the data. `mark` is a place on the
  /// horizontal axis that is named, such as the epoch that was kept.
  public init(
    title: String, summary: String, xLabel: String, yLabel: String, xFormat: ValueFormat = .count,
    yFormat: ValueFormat = .number, yRange: ClosedRange<Double>? = nil, series: [Series],
    mark: (x: Double, name: String)? = nil
  ) {
    self.mark = mark
    self.title = title
    self.summary = summary
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.xFormat = xFormat
    self.yFormat = yFormat
    self.yRange = yRange
    self.series = series.filter { !$0.finite.isEmpty }
  }

  public var drawing: [Markup] {
    let points = series.flatMap(\.finite)
    guard let left = points.map(\.x).min(), let right = points.map(\.x).max(),
      let low = points.map(\.y).min(), let high = points.map(\.y).max()
    else { return [label("no data", size.width / 2, size.height / 2, .middle, "muted")] }
    let names = min(150, (series.map { textWidth($0.name, bold: true) }.max() ?? 0) + 14)
    let bottom = size.height - 40
    let y = Axis(yRange ?? low...high, from: bottom, to: 26, ticks: 5, format: yFormat)
    let margin = 14 + (y.ticks.map { textWidth(y.label($0)) }.max() ?? 0)
    let x = Axis(
      left...right, from: margin, to: size.width - names - 6, ticks: 6, format: xFormat,
      widen: false)
    return frame(x, y) + series.indices.map { curve($0, x, y) } + endLabels(x, y)
  }

  private func frame(_ x: Axis, _ y: Axis) -> [Markup] {
    var pieces: [Markup] = [label(yLabel, 4, 13, .start, "muted")]
    for tick in y.ticks {
      pieces.append(line(x.start, y(tick), x.end, y(tick), "grid"))
      pieces.append(label(y.label(tick), x.start - 7, y(tick) + 4, .end, "muted"))
    }
    for tick in x.ticks {
      pieces.append(line(x(tick), y.start, x(tick), y.start + 5, "axis"))
      pieces.append(label(x.label(tick), x(tick), y.start + 18, .middle, "muted"))
    }
    pieces.append(line(x.start, y.start, x.end, y.start, "axis"))
    if let mark, (x.low...x.high).contains(mark.x) {
      let place = x(mark.x)
      pieces.append(line(place, y.start, place, y.end, "axis dotted"))
      pieces.append(label(mark.name, place, y.end - 6, .middle, "muted", size: 11))
    }
    pieces.append(label(xLabel, (x.start + x.end) / 2, size.height - 6, .middle, "muted"))
    return pieces
  }

  private func curve(_ index: Int, _ x: Axis, _ y: Axis) -> Markup {
    let style = index % Theme.light.series.count + 1
    var path = ""
    var isDown = false
    for point in series[index].points {
      guard point.x.isFinite, point.y.isFinite else {
        isDown = false
        continue
      }
      path += "\(isDown ? "L" : "M")\(pixel(x(point.x))) \(pixel(y(point.y)))"
      isDown = true
    }
    let shown = series[index].finite
    let every = max(1, (shown.count + 9) / 10)
    let marks = shown.enumerated().filter { ($0.offset + 1) % every == 0 || $0.offset == 0 }
      .map { marker(index, x($0.element.x), y($0.element.y), radius: 2.6) }
    return Markup(
      "g", [:],
      [Markup("title", [:], [.text(series[index].name)])]
        + [Markup("path", ["d": path, "class": "line-\(style)"])] + marks)
  }

  /// The curves' names beside their ends, moved apart where they would touch.
  private func endLabels(_ x: Axis, _ y: Axis) -> [Markup] {
    let ends = series.indices.map { index -> (index: Int, y: Double) in
      (index, y(series[index].finite.last?.y ?? y.low))
    }.sorted { ($0.y, $0.index) < ($1.y, $1.index) }
    let spaced = spread(ends.map(\.y), gap: 14, within: 20...(y.start + 2))
    return zip(ends, spaced).map { end, place in
      let style = end.index % Theme.light.series.count + 1
      return Markup(
        "g", [:],
        [
          line(x.end + 2, end.y, x.end + 9, place, "grid"),
          label(
            fitted(series[end.index].name, width: size.width - x.end - 12, bold: true), x.end + 11,
            place + 4,
            .start, "text-\(style) strong"),
        ])
    }
  }
}

/// Moves sorted positions apart by at least `gap`, inside `range` where there is room.
func spread(_ positions: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double] {
  var places = positions
  for index in places.indices {
    let floor = index == 0 ? range.lowerBound : places[index - 1] + gap
    places[index] = max(places[index], floor)
  }
  for index in places.indices.reversed() {
    let ceiling = index == places.count - 1 ? range.upperBound : places[index + 1] - gap
    places[index] = min(places[index], ceiling)
  }
  return places
}
