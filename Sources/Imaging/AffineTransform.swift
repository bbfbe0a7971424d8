import Glibc

/// A point in pixel units: pixel centres at integer + 0.5, the origin at the top-left corner.
public struct Point: Sendable, Equatable {
  public var x: Double
  public var y: Double

  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// An affine map of the plane.
///
/// Equation: x' = a x + b y + tx, y' = c x + d y + ty.
public struct AffineTransform: Sendable, Equatable {
  public var a: Double
  public var b: Double
  public var c: Double
  public var d: Double
  public var tx: Double
  public var ty: Double

  public init(a: Double, b: Double, c: Double, d: Double, tx: Double, ty: Double) {
    self.a = a
    self.b = b
    self.c = c
    self.d = d
    self.tx = tx
    self.ty = ty
  }

  public static let identity = AffineTransform(a: 1, b: 0, c: 0, d: 1, tx: 0, ty: 0)

  /// Scales each axis about the origin.
  public static func scaling(_ x: Double, _ y: Double) -> AffineTransform {
    AffineTransform(a: x, b: 0, c: 0, d: y, tx: 0, ty: 0)
  }

  public static func translation(_ x: Double, _ y: Double) -> AffineTransform {
    AffineTransform(a: 1, b: 0, c: 0, d: 1, tx: x, ty: y)
  }

  /// Turns counter-clockwise, as seen in the picture, about a point.
  public static func rotation(degrees: Double, about center: Point) -> AffineTransform {
    let angle = degrees * .pi / 180
    let (sine, cosine) = (sin(angle), cos(angle))
    return AffineTransform(
      a: cosine, b: sine, c: -sine, d: cosine,
      tx: center.x - cosine * center.x - sine * center.y,
      ty: center.y + sine * center.x - cosine * center.y)
  }

  public func applied(to point: Point) -> Point {
    Point(a * point.x + b * point.y + tx, c * point.x + d * point.y + ty)
  }

  /// The map that applies `self` first and `next` after it.
  public func then(_ next: AffineTransform) -> AffineTransform {
    let origin = next.applied(to: Point(tx, ty))
    return AffineTransform(
      a: next.a * a + next.b * c, b: next.a * b + next.b * d,
      c: next.c * a + next.d * c, d: next.c * b + next.d * d, tx: origin.x, ty: origin.y)
  }

  /// The area factor, negative for a reflection.
  public var determinant: Double { a * d - b * c }

  /// The inverse map, or nil where the plane collapses or an entry is not finite.
  public var inverse: AffineTransform? {
    let determinant = determinant
    guard determinant.isFinite, abs(determinant) > 1e-18 else { return nil }
    let result = AffineTransform(
      a: d / determinant, b: -b / determinant, c: -c / determinant, d: a / determinant,
      tx: (b * ty - d * tx) / determinant, ty: (c * tx - a * ty) / determinant)
    return result.entries.allSatisfy(\.isFinite) ? result : nil
  }

  /// The entries row by row: a, b, tx, c, d, ty.
  public var entries: [Double] { [a, b, tx, c, d, ty] }
}
