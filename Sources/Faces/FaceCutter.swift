import Imaging
import Platform

/// Cuts a square face out of a picture.
public struct FaceCutter: Sendable {
  /// The crop's side.
  public var size: Int
  public var filter: Image.Filter
  /// What an aligned crop shows beyond the picture.
  public var border: Image.Border

  public init(size: Int, filter: Image.Filter = .bilinear, border: Image.Border = .constant(0)) {
    self.size = size
    self.filter = filter
    self.border = border
  }

  /// A crop and the map that made it, from source to crop px.
  public struct Cut: Sendable, Equatable {
    public var image: Image
    public var transform: AffineTransform
  }

  /// Brings five points to the template by the best similarity.
  /// - Throws: `Fault` where the points are no face: they coincide, or the crop would show nothing
  ///   of the picture.
  public func align(_ image: Image, by points: FivePoints) throws -> Cut {
    let target = FivePoints.template(size: size).all
    guard let transform = AffineTransform.similarity(from: points.all, to: target),
      let inverse = transform.inverse
    else { throw Fault(.badInput, "the five points do not determine a face") }
    guard touches(image, inverse) else {
      throw Fault(.badInput, "the five points lie outside the picture")
    }
    let crop = try image.warped(
      by: transform, width: size, height: size, filter: filter, border: border)
    return Cut(image: crop, transform: transform)
  }

  /// Whether the crop's square, taken back into the picture, meets it.
  private func touches(_ image: Image, _ inverse: AffineTransform) -> Bool {
    let side = Double(size)
    let corners = [(0, 0), (side, 0), (0, side), (side, side)]
      .map { inverse.applied(to: Point($0.0, $0.1)) }
    let (x, y) = (corners.map(\.x), corners.map(\.y))
    return (x.min() ?? 0) < Double(image.width) && (x.max() ?? 0) > 0
      && (y.min() ?? 0) < Double(image.height) && (y.max() ?? 0) > 0
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
