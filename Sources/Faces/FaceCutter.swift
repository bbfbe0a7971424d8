import Imaging
import Platform

/// Cuts a square face out of a picture.
public struct FaceCutter: Sendable {
  /// The crop's side.
  public var size: Int
  public var filter: Image.Filter
  /// The content of an aligned crop outside the picture.
  public var border: Image.Border
  public var template: FaceTemplate
  /// Of the template `margin`: what is added on each side, in parts of the box's longer side.
  public var margin: Double

  public init(
    size: Int, filter: Image.Filter = .bilinear, border: Image.Border = .constant(0),
    template: FaceTemplate = .arcface, margin: Double = 0
  ) {
    self.size = size
    self.filter = filter
    self.border = border
    self.template = template
    self.margin = margin
  }

  /// A crop and the map that made it, from source to crop px.
  public struct Cut: Sendable, Equatable {
    public var image: Image
    public var transform: AffineTransform
    /// The share of the crop that lies beyond the picture, 0 to 1.
    public var outside = 0.0
  }

  /// Brings five points to the template.
  /// - Throws: `Fault` where the points are no face: they coincide, or the crop would show nothing
  ///   of the picture.
  public func align(_ image: Image, by points: FivePoints) throws -> Cut {
    guard let transform = template.transform(points, size: size), let inverse = transform.inverse
    else { throw Fault(.badInput, "the five points do not determine a face") }
    return try cut(image, transform, inverse, what: "the five points lie")
  }

  /// Cuts the square about a box's middle, with the margin.
  /// - Parameter box: x0, y0, x1, y1.
  /// - Throws: `Fault` where the box is empty or lies beyond the picture.
  public func square(_ image: Image, box: [Double]) throws -> Cut {
    precondition(box.count == 4)
    let side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * margin)
    let scale = Double(size) / side
    guard side > 0, scale.isFinite, box.allSatisfy(\.isFinite) else {
      throw Fault(.badInput, "the face's box is empty")
    }
    let (x, y) = ((box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2)
    let transform = AffineTransform(
      a: scale, b: 0, c: 0, d: scale, tx: -x * scale, ty: -y * scale)
    guard let inverse = transform.inverse else {
      throw Fault(.badInput, "the face's box is empty")
    }
    return try cut(image, transform, inverse, what: "the face's box lies")
  }

  private func cut(
    _ image: Image, _ transform: AffineTransform, _ inverse: AffineTransform, what: String
  ) throws -> Cut {
    guard touches(image, inverse) else {
      throw Fault(.badInput, "\(what) outside the picture")
    }
    let crop = try image.warped(
      by: transform, width: size, height: size, filter: filter, border: border)
    return Cut(image: crop, transform: transform, outside: outside(image, inverse))
  }

  /// The crop's corners in the picture.
  private func corners(_ inverse: AffineTransform) -> [Point] {
    let side = Double(size)
    return [(0, 0), (side, 0), (0, side), (side, side)]
      .map { inverse.applied(to: Point($0.0, $0.1)) }
  }

  /// Whether the crop's square, taken back into the picture, meets it.
  private func touches(_ image: Image, _ inverse: AffineTransform) -> Bool {
    let corners = corners(inverse)
    let (x, y) = (corners.map(\.x), corners.map(\.y))
    return (x.min() ?? 0) < Double(image.width) && (x.max() ?? 0) > 0
      && (y.min() ?? 0) < Double(image.height) && (y.max() ?? 0) > 0
  }

  /// The share of a grid of 32 x 32 places of the crop that lies beyond the picture.
  private func outside(_ image: Image, _ inverse: AffineTransform) -> Double {
    func isInside(_ p: Point) -> Bool {
      p.x >= 0 && p.y >= 0 && p.x <= Double(image.width) && p.y <= Double(image.height)
    }
    // The picture is convex: where it holds the corners, it holds the crop.
    if corners(inverse).allSatisfy(isInside) { return 0 }
    let (count, step) = (32, Double(size) / 32)
    var beyond = 0
    for place in 0..<count * count {
      let x = (Double(place % count) + 0.5) * step
      let y = (Double(place / count) + 0.5) * step
      if !isInside(inverse.applied(to: Point(x, y))) { beyond += 1 }
    }
    return Double(beyond) / Double(count * count)
  }

  /// Resizes the central square of `side` px (the largest one where nil); black beyond the picture.
  public func centre(_ image: Image, side: Int? = nil) -> Cut {
    let side = side ?? min(image.width, image.height)
    let x = Self.half(image.width - side)
    let y = Self.half(image.height - side)
    let crop = image.cropped(x: x, y: y, width: side, height: side)
      .resized(width: size, height: size, filter: filter)
    let scale = Double(size) / Double(side)
    return Cut(
      image: crop,
      transform: AffineTransform(
        a: scale, b: 0, c: 0, d: scale, tx: -Double(x) * scale, ty: -Double(y) * scale))
  }

  /// Rounds towards the top-left also where the square is larger than the picture.
  private static func half(_ difference: Int) -> Int { difference >> 1 }
}
