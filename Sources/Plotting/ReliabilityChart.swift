import Platform

/// Accuracy against confidence in bins; on the diagonal, confidence can be believed.
public struct ReliabilityChart: Chart {
  /// One bin of confidence.
  public struct Bin: Sendable {
    public let low, high: Double
    public let count: Int
    /// Nil in an empty bin.
    public let accuracy, confidence: Double?

    public init(low: Double, high: Double, count: Int, accuracy: Double?, confidence: Double?) {
      self.low = low
      self.high = high
      self.count = count
      self.accuracy = accuracy
      self.confidence = confidence
    }
  }

  public let title: String
  public let summary: String
  public let size: (width: Double, height: Double) = (400, 310)
  let bins: [Bin]

  public init(title: String, summary: String, bins: [Bin]) {
    self.title = title
    self.summary = summary
    self.bins = bins
  }

  private static let foot = 46.0

  public var drawing: [Markup] {
    let x = Axis(0...1, from: 54, to: size.width - 22, ticks: 5, format: .percent)
    let y = Axis(0...1, from: size.height - 40 - Self.foot, to: 26, ticks: 5, format: .percent)
    return axes(x, y) + bars(x, y) + counts(x)
      + [line(x(0), y(0), x(1), y(1), "axis"), key()]
  }

  private func axes(_ x: Axis, _ y: Axis) -> [Markup] {
    var pieces: [Markup] = [
      label("accuracy in the bin", 4, 13, .start, "muted"),
      label("confidence", (x.start + x.end) / 2, size.height - 4, .middle, "muted"),
    ]
    for tick in y.ticks {
      pieces.append(line(x.start, y(tick), x.end, y(tick), "grid"))
      pieces.append(label(y.label(tick), x.start - 6, y(tick) + 4, .end, "muted"))
    }
    for tick in x.ticks {
      pieces.append(label(x.label(tick), x(tick), size.height - 20, .middle, "muted"))
    }
    pieces.append(label("samples", x.start - 6, y.start + Self.foot - 4, .end, "muted", size: 10))
    return pieces
  }

  /// A bar a bin; its opacity does not carry meaning, a dot marks the mean confidence's place.
  private func bars(_ x: Axis, _ y: Axis) -> [Markup] {
    bins.compactMap { bin in
      guard let accuracy = bin.accuracy, let confidence = bin.confidence else { return nil }
      let tip =
        "confidence \((bin.low * 100).fixed(0))-\((bin.high * 100).fixed(0)) %: "
        + "accuracy \((accuracy * 100).fixed(1)) %, mean confidence "
        + "\((confidence * 100).fixed(1)) %, N = \(bin.count)"
      return Markup(
        "g", [:],
        [
          Markup("title", [:], [.text(tip)]),
          Markup(
            "rect",
            [
              "x": pixel(x(bin.low) + 1), "y": pixel(y(accuracy)),
              "width": pixel(x(bin.high) - x(bin.low) - 2),
              "height": pixel(max(0.75, y(0) - y(accuracy))), "class": "mark-1",
              "fill-opacity": "0.35",
            ]),
          marker(1, x(confidence), y(accuracy), radius: 3.2),
        ])
    }
  }

  /// How many samples each bin holds, as bars under the axis.
  private func counts(_ x: Axis) -> [Markup] {
    let most = Double(max(1, bins.map(\.count).max() ?? 1))
    let base = size.height - 36
    return bins.filter { $0.count > 0 }.map { bin in
      let height = max(1, Double(bin.count) / most * (Self.foot - 14))
      return Markup(
        "rect",
        [
          "x": pixel(x(bin.low) + 1), "y": pixel(base - height),
          "width": pixel(x(bin.high) - x(bin.low) - 2), "height": pixel(height), "class": "muted",
        ])
    }
  }

  private func key() -> Markup {
    Markup(
      "g", [:],
      [
        label("at the bin's mean confidence", size.width - 34, 13, .end, "muted"),
        marker(1, size.width - 26, 9, radius: 3.2),
      ])
  }
}
