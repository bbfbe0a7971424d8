/// How the head is turned, in radians.
public struct Pose: Sendable, Equatable {
  /// Positive turns the face to the picture's right.
  public var yaw: Float
  /// Positive lowers the face.
  public var pitch: Float
  /// Positive tilts the head clockwise in the picture.
  public var roll: Float

  public init(yaw: Float = 0, pitch: Float = 0, roll: Float = 0) {
    self.yaw = yaw
    self.pitch = pitch
    self.roll = roll
  }
}

/// Carries points of the head into the picture: rotation about the neck's top, then perspective.
struct Camera {
  static let pivot = Vector3(0, 0.25, -0.3)
  /// The camera's distance in half face widths: about 70 cm.
  static let distance: Float = 10
  private let row0: Vector3
  private let row1: Vector3
  private let row2: Vector3
  /// Pixels per half face width at the pivot.
  let scale: Float
  /// The pivot's place in the picture.
  let centre: Vector2

  init(_ pose: Pose, scale: Float, centre: Vector2) {
    let (sy, cy) = sineCosine(pose.yaw)
    let (sp, cp) = sineCosine(pose.pitch)
    let (sr, cr) = sineCosine(pose.roll)
    let x = Vector3(cy, 0, sy)
    let z = Vector3(-sy, 0, cy)
    let tiltedY = Vector3(z.x * sp, cp, z.z * sp)
    let tiltedZ = Vector3(z.x * cp, -sp, z.z * cp)
    row0 = x * cr - tiltedY * sr
    row1 = x * sr + tiltedY * cr
    row2 = tiltedZ
    self.scale = scale
    self.centre = centre
  }

  @inline(__always) func rotated(_ v: Vector3) -> Vector3 {
    Vector3(dot(row0, v), dot(row1, v), dot(row2, v))
  }

  /// The place in the picture (x, y) and the depth (z, growing towards the camera).
  @inline(__always) func project(_ p: Vector3) -> Vector3 {
    let q = rotated(p - Self.pivot)
    let k = scale * Self.distance / (Self.distance - q.z)
    return Vector3(centre.x + k * q.x, centre.y + k * q.y, q.z)
  }
}
