import Artifacts

/// How faces were placed in their crops, as the "alignment" of faces, shards and models says it.
///
/// An absent field means what the programs did that did not write it: a border of black
/// ("constant"), the bilinear filter, and the five points of "arcface" without a margin.
public struct FaceCut: Sendable {
  /// Where the face of a picture was taken from; "unknown" where nothing says it.
  public let detector: String
  /// The template's name; "arcface" where points are written without a name.
  public let templateName: String
  /// The template's coordinates as parts of the crop's side; nil without five points.
  public let template: [Double]?
  /// What is added on each side of the box, in parts of its longer side; nil with five points.
  public let margin: Double?
  /// The side of the central square in px; nil where faces are aligned or whole.
  public let crop: Int?
  /// What is shown beyond the picture.
  public let border: String
  /// The resampling kernel.
  public let filter: String

  public init(json alignment: JSONValue) {
    detector = alignment["detector"]?.string ?? "unknown"
    templateName = alignment["template_name"]?.string ?? "arcface"
    let side = alignment["size"]?.number ?? 1
    template = alignment["template"]?.array.map { points in
      points.flatMap { $0.numbers ?? [] }.map { $0 / side }
    }
    margin = template == nil ? alignment["margin"]?.number : nil
    crop = alignment["crop"]?.integer
    border = alignment["border"]?.string ?? "constant"
    filter = alignment["filter"]?.string ?? "bilinear"
  }

  /// The fields in which another cut differs, with both values.
  ///
  /// Five points found in other ways may be aligned to one template; without them the detector
  /// must agree.
  ///
  /// - Parameter tolerance: of two templates' points, as a part of the crop's side.
  public func differences(
    from other: FaceCut, tolerance: Double
  ) -> [(field: String, mine: String, theirs: String)] {
    let text = { (value: (any CustomStringConvertible)?) in value?.description ?? "none" }
    var pairs: [(field: String, mine: String, theirs: String)] = [
      ("crop", text(crop), text(other.crop)), ("margin", text(margin), text(other.margin)),
      ("border", border, other.border), ("filter", filter, other.filter),
    ]
    if template == nil || other.template == nil {
      pairs.append(("detector", detector, other.detector))
    }
    pairs = pairs.filter { $0.mine != $0.theirs }
    if !agrees(template, other.template, tolerance) {
      pairs.append(("template", describe(), other.describe()))
    }
    return pairs
  }

  private func agrees(_ mine: [Double]?, _ theirs: [Double]?, _ tolerance: Double) -> Bool {
    guard let mine, let theirs else { return (mine == nil) == (theirs == nil) }
    return mine.count == theirs.count && zip(mine, theirs).allSatisfy { abs($0 - $1) <= tolerance }
  }

  private func describe() -> String {
    guard let template else { return "none" }
    let points = template.map { String(($0 * 10000).rounded() / 10000) }
    return "\(templateName) (\(points.joined(separator: ", ")))"
  }
}
