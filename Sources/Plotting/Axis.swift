import Glibc
import Platform

/// How an axis writes its values.
public enum ValueFormat: Sendable {
  /// As many decimals as the ticks need.
  case number
  /// 0...1 as 0...100 %.
  case percent
  /// Whole numbers only.
  case count
}

/// A linear axis: data range, pixel range and round ticks.
struct Axis {
  let low, high: Double
  let start, end: Double
  let ticks: [Double]
  let format: ValueFormat
  private let step: Double

  /// Widens `range` to round ticks, about `count` of them, over the pixels start ... end.
  init(
    _ range: ClosedRange<Double>, from start: Double, to end: Double, ticks count: Int,
    format: ValueFormat, widen: Bool = true
  ) {
    let span = range.upperBound - range.lowerBound
    let least = format == .count ? 1 : 0.0
    step = max(least, Self.roundStep(span > 0 ? span / Double(max(1, count)) : 1))
    let first = (range.lowerBound / step).rounded(.down)
    let last = (range.upperBound / step).rounded(.up)
    low = widen ? first * step : range.lowerBound
    high = widen ? max(last, first + 1) * step : max(range.upperBound, range.lowerBound + least)
    self.start = start
    self.end = end
    self.format = format
    let (bottom, top) = (low, high)
    let slack = step * 1e-9
    ticks = stride(from: first, through: last, by: 1).map { [step] in $0 * step }
      .filter { $0 >= bottom - slack && $0 <= top + slack }
  }

  /// The pixel of a value.
  func callAsFunction(_ value: Double) -> Double {
    guard high > low else { return (start + end) / 2 }
    return start + (value - low) / (high - low) * (end - start)
  }

  /// A tick's text.
  func label(_ value: Double) -> String {
    switch format {
    case .count: value.fixed(0)
    case .percent: (value * 100).fixed(decimals(of: step * 100)) + " %"
    case .number: value.fixed(decimals(of: step))
    }
  }

  private func decimals(of step: Double) -> Int {
    guard step > 0 else { return 0 }
    return min(9, max(0, Int((-log10(step) - 1e-9).rounded(.up))))
  }

  /// 1, 2 or 5 times a power of ten, at least about `step`.
  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    let lead = step / power
    return power * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10)
  }
}

/// A coordinate with at most two decimals.
func pixel(_ value: Double) -> String {
  var text = value.fixed(2)
  while text.hasSuffix("0") { text.removeLast() }
  if text.hasSuffix(".") { text.removeLast() }
  return text
}

/// The estimated width of a text, for layout without a font at hand.
///
/// **Units**: px at `size`; a Latin letter counts 0.6 em (a wide sans serif), a bold one 0.68,
/// wide scripts and symbols one em.
func textWidth(_ text: String, size: Double = 12, bold: Bool = false) -> Double {
  let latin = bold ? 0.68 : 0.6
  return text.unicodeScalars.reduce(0) { $0 + ($1.value < 0x1100 ? latin : 1) * size }
}

/// The text shortened with an ellipsis to fit into `width` px.
func fitted(_ text: String, width: Double, size: Double = 12, bold: Bool = false) -> String {
  guard textWidth(text, size: size, bold: bold) > width else { return text }
  var short = text
  while !short.isEmpty, textWidth(short + "…", size: size, bold: bold) > width {
    short.removeLast()
  }
  return short + "…"
}
