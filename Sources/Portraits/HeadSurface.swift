/// The smooth head under the features: an outline swept from the face's middle to its back.
///
/// Equation: at fraction r of the way from the middle to the outline, z = D sqrt(1 - r^2.5) in front
/// and z = -B sqrt(1 - r^2) behind: flatter than an ellipsoid in front, rounder at the back.
struct HeadSurface {
  static let middle = Vector2(0, 0.12)
  static let frontDepth: Float = 1.22
  static let backDepth: Float = 1.15
  /// Points of the outline, evenly in the spline's parameter, from the crown clockwise.
  let outline: [Vector2]

  /// The outline's right half at rest, from crown to chin.
  private static let half: [Vector2] = [
    Vector2(0, -1.5), Vector2(0.46, -1.42), Vector2(0.81, -1.13), Vector2(0.965, -0.68),
    Vector2(1.0, -0.18), Vector2(0.985, 0.28), Vector2(0.94, 0.7), Vector2(0.83, 1.09),
    Vector2(0.57, 1.43), Vector2(0.28, 1.62), Vector2(0, 1.66),
  ]

  init(_ identity: Identity, _ units: ActionUnits, points count: Int = 72) {
    let drop = 0.3 * units[.jawDrop]
    let stretch = 0.03 * units[.lipStretcher]
    let right = Self.half.map { point -> Vector2 in
      var p = point
      let low = smoothStep(0.2, 1.1, point.y)
      p.x *= mix(1, identity.jawWidth, low) + 0.05 * identity.fullness * smoothStep(-0.4, 0.9, p.y)
      p.x *= mix(1, identity.chinWidth, smoothStep(1.2, 1.6, point.y))
      p.x -= 0.06 * drop * low * p.x
      p.x += stretch * smoothStep(0.5, 1, p.y) * smoothStep(1.6, 1.1, p.y)
      p.y *= point.y > 0 ? identity.lowerLength : identity.foreheadLength
      p.y += drop * smoothStep(0.55, 1.6, point.y)
      return p
    }
    let left = right[1..<(right.count - 1)].reversed().map { Vector2(-$0.x, $0.y) }
    outline = Self.spline(right + left, count)
  }

  /// A closed Catmull-Rom spline through `knots`, sampled at `count` points.
  private static func spline(_ knots: [Vector2], _ count: Int) -> [Vector2] {
    let n = knots.count
    return (0..<count).map { index in
      let at = Float(index) * Float(n) / Float(count)
      let k = min(n - 1, Int(at))
      let t = at - Float(k)
      let p0 = knots[(k + n - 1) % n]
      let p1 = knots[k]
      let p2 = knots[(k + 1) % n]
      let p3 = knots[(k + 2) % n]
      let a = p2 - p0
      let b = 2 * p0 - 5 * p1 + 4 * p2 - p3
      let c = 3 * (p1 - p2) + p3 - p0
      return p1 + (0.5 * t) * (a + t * (b + t * c))
    }
  }

  static func front(_ r: Float) -> Float {
    frontDepth * max(0, 1 - r * r * r.squareRoot()).squareRoot()
  }

  static func back(_ r: Float) -> Float {
    -backDepth * max(0, 1 - r * r).squareRoot()
  }

  /// The share of the way to the outline at which a point of the face lies.
  func fraction(_ p: Vector2) -> Float {
    let d = p - Self.middle
    let distance = length(d)
    guard distance > 1e-6 else { return 0 }
    for index in 0..<outline.count {
      let a = outline[index] - Self.middle
      let b = outline[(index + 1) % outline.count] - Self.middle
      // d lies in the wedge from a to b where it is clockwise of a and not of b (y points down).
      let fromA = a.x * d.y - a.y * d.x
      let toB = d.x * b.y - d.y * b.x
      guard fromA >= 0, toB > 0 else { continue }
      let edge = b - a
      let reach = (a.x * edge.y - a.y * edge.x) / (d.x * edge.y - d.y * edge.x)
      return reach > 0 ? 1 / reach : 1
    }
    return 1
  }

  /// The depth of the smooth head at a point of the face's front.
  func depth(_ p: Vector2) -> Float { Self.front(min(1, fraction(p))) }
}
