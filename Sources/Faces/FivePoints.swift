import Imaging
import Platform

/// The five points that alignment uses; left and right as seen in the picture.
///
/// Units: px of the original picture, pixel centres at integer + 0.5.
public struct FivePoints: Sendable, Equatable {
  public var leftEye: Point
  public var rightEye: Point
  public var noseTip: Point
  public var leftMouthCorner: Point
  public var rightMouthCorner: Point

  /// In the order of this declaration: eyes, nose, mouth.
  public var all: [Point] { [leftEye, rightEye, noseTip, leftMouthCorner, rightMouthCorner] }

  /// Takes five points in the order of `all`, or derives them from 68 or 37.
  ///
  /// Of 68 points (the iBUG 300-W scheme, numbered from 1): an eye is the mean of its six points
  /// (37-42 the left, 43-48 the right one in the picture), the nose tip is 31, the mouth corners
  /// are 49 and 55.
  ///
  /// Of 37 points (RAF-DB's automatic ones, taken as brows 1-10, nose 11-17, eyes 18-29, lips 30-37, each
  /// from left to right and round): an eye is the mean of its six points (18-23, 24-29), the nose tip
  /// is 14, the mouth corners are 30 and 34. RAF-DB does not write the order down, so points whose
  /// mouth does not lie below their eyes, or corners the wrong way round, are refused.
  /// - Throws: `Fault` for another count and for a coordinate that is not finite.
  public init(_ points: [Point]) throws {
    guard points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else {
      throw Fault(.badInput, "a landmark is not a finite number")
    }
    switch points.count {
    case 5:
      leftEye = points[0]
      rightEye = points[1]
      noseTip = points[2]
      leftMouthCorner = points[3]
      rightMouthCorner = points[4]
    case 37:
      leftEye = Self.mean(points[17..<23])
      rightEye = Self.mean(points[23..<29])
      noseTip = points[13]
      leftMouthCorner = points[29]
      rightMouthCorner = points[33]
      guard isOrdered else {
        throw Fault(
          .badInput, "the 37 landmarks are in another order than brows, nose, eyes, lips",
          remedy: "give 5 points (eyes, nose tip, mouth corners) instead")
      }
    case 68:
      leftEye = Self.mean(points[36..<42])
      rightEye = Self.mean(points[42..<48])
      noseTip = points[30]
      leftMouthCorner = points[48]
      rightMouthCorner = points[54]
    default:
      throw Fault(
        .badInput, "\(points.count) landmarks, of which five points cannot be derived",
        remedy:
          "give 5 points (eyes, nose tip, mouth corners), the 68 of the iBUG scheme or RAF-DB's 37")
    }
  }

  /// Whether the mouth lies on its side of the eyes, and its corners run as the eyes do, however the
  /// head is turned in the picture.
  private var isOrdered: Bool {
    let (x, y) = (rightEye.x - leftEye.x, rightEye.y - leftEye.y)
    let middle = Point((leftEye.x + rightEye.x) / 2, (leftEye.y + rightEye.y) / 2)
    let below = x * (mouth.y - middle.y) - y * (mouth.x - middle.x)
    let along =
      x * (rightMouthCorner.x - leftMouthCorner.x) + y * (rightMouthCorner.y - leftMouthCorner.y)
    return below > 0 && along > 0
  }

  private static func mean(_ points: ArraySlice<Point>) -> Point {
    let count = Double(points.count)
    return Point(
      points.reduce(0) { $0 + $1.x } / count, points.reduce(0) { $0 + $1.y } / count)
  }

  /// The positions of an upright face's five points in a square crop.
  ///
  /// The template of 96 x 112 px that SphereFace and ArcFace made common, moved by 8 px to the
  /// middle of 112 x 112 and scaled by size / 112. Its numbers are taken as they stand in this
  /// project's frame, with the origin at the crop's corner.
  public static func template(size: Int) -> FivePoints {
    let scale = Double(size) / 112
    func point(_ x: Double, _ y: Double) -> Point { Point((x + 8) * scale, y * scale) }
    return FivePoints(
      leftEye: point(30.2946, 51.6963), rightEye: point(65.5318, 51.5014),
      noseTip: point(48.0252, 71.7366), leftMouthCorner: point(33.5493, 92.3655),
      rightMouthCorner: point(62.7299, 92.2041))
  }

  private init(
    leftEye: Point, rightEye: Point, noseTip: Point, leftMouthCorner: Point,
    rightMouthCorner: Point
  ) {
    self.leftEye = leftEye
    self.rightEye = rightEye
    self.noseTip = noseTip
    self.leftMouthCorner = leftMouthCorner
    self.rightMouthCorner = rightMouthCorner
  }
}
