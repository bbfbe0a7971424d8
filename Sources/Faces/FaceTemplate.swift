import Imaging

/// Which points of a face are brought where in its crop.
public enum FaceTemplate: String, Sendable, CaseIterable {
  /// Five points by the best similarity to the template of 112 x 112 px that ArcFace made common.
  case arcface
  /// Both eyes and the middle of the mouth by an affine map, exactly, as RAF-DB describes its own
  /// crops of 100 x 100 px. Its target points are not published; these put them as its pictures show
  /// them: eyes at (30, 36) and (70, 36), mouth at (50, 77).
  case rafdb
  /// Both eyes by a similarity, exactly, to where `arcface` has them: nothing that moves with an
  /// expression decides the crop.
  case eyesOnly = "eyes-only"
  /// The box's square and a margin around it, upright: no points are needed.
  case margin

  /// The side for which the template's points were written down.
  public var nativeSize: Int { self == .rafdb ? 100 : 112 }

  /// The target positions of the points in a crop; empty for `margin`.
  public func targets(size: Int) -> [Point] {
    switch self {
    case .arcface: return FivePoints.template(size: size).all
    case .rafdb:
      let scale = Double(size) / 100
      return [(30, 36), (70, 36), (50, 77)].map { Point($0.0 * scale, $0.1 * scale) }
    case .eyesOnly:
      let points = FivePoints.template(size: size)
      let height = (points.leftEye.y + points.rightEye.y) / 2
      return [Point(points.leftEye.x, height), Point(points.rightEye.x, height)]
    case .margin: return []
    }
  }

  /// The map from picture to crop, or nil where the points do not determine one.
  public func transform(_ points: FivePoints, size: Int) -> AffineTransform? {
    let targets = targets(size: size)
    switch self {
    case .arcface: return .similarity(from: points.all, to: targets)
    case .rafdb: return .exact(from: [points.leftEye, points.rightEye, points.mouth], to: targets)
    case .eyesOnly:
      return .similarity(from: [points.leftEye, points.rightEye], to: targets)
    case .margin: return nil
    }
  }
}

extension FivePoints {
  /// The middle between the mouth's corners.
  public var mouth: Point {
    Point(
      (leftMouthCorner.x + rightMouthCorner.x) / 2, (leftMouthCorner.y + rightMouthCorner.y) / 2)
  }
}

extension AffineTransform {
  /// The affine map that takes three points to three others, or nil where the first lie on a line.
  public static func exact(from source: [Point], to target: [Point]) -> AffineTransform? {
    precondition(source.count == 3 && target.count == 3)
    func frame(_ p: [Point]) -> AffineTransform {
      AffineTransform(
        a: p[1].x - p[0].x, b: p[2].x - p[0].x, c: p[1].y - p[0].y, d: p[2].y - p[0].y, tx: p[0].x,
        ty: p[0].y)
    }
    let from = frame(source)
    let sides = from.a * from.a + from.c * from.c + from.b * from.b + from.d * from.d
    // A triangle this flat is a line within rounding.
    guard sides > 0, abs(from.determinant) > 1e-9 * sides else { return nil }
    return from.inverse?.then(frame(target))
  }
}
