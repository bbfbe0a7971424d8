extension BinaryFloatingPoint {
  /// The number with exactly `places` decimals, half away from zero: `87.10`.
  ///
  /// The text of a value that is not finite is `nan`, `inf` or `-inf`; there is no `-0.00`.
  public func fixed(_ places: Int) -> String {
    precondition((0...15).contains(places))
    let value = Double(self)
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let scale = (0..<places).reduce(1) { product, _ in product * 10 }
    let scaled = (abs(value) * Double(scale)).rounded(.toNearestOrAwayFromZero)
    guard scaled < 0x1p63 else { return value.description }
    let whole = Int(scaled)
    let sign = value < 0 && whole != 0 ? "-" : ""
    guard places > 0 else { return sign + String(whole) }
    let decimals = String(whole % scale)
    let padding = String(repeating: "0", count: places - decimals.count)
    return "\(sign)\(whole / scale).\(padding)\(decimals)"
  }
}
