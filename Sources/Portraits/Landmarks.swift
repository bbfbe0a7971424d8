/// The positions of facial features in the picture, in pixels; pixel centres at integer + 0.5.
public struct Landmarks: Sendable, Equatable {
  /// The 68 points in the iBUG order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, lips 48-67.
  public var points: [Vector2]
  /// Left eye, right eye, nose tip, left and right mouth corner; left as seen in the picture.
  public var five: [Vector2]
  /// The face's box: x0, y0, x1, y1.
  public var box: SIMD4<Float>

  init(_ shape: FaceShape, _ surface: HeadSurface, _ map: FaceMap, _ camera: Camera) {
    let place = { (p: Vector2) -> Vector2 in
      let z = surface.depth(p) + map.heightAt(p)
      let q = camera.project(Vector3(p.x, p.y, z))
      return Vector2(q.x, q.y)
    }
    let frontal = Self.frontal(shape, surface)
    points = frontal.map(place)
    five = [
      place(shape.eyes[0].centre), place(shape.eyes[1].centre), points[30], points[48], points[54],
    ]
    var low = points[0]
    var high = points[0]
    for p in points {
      low = pointwiseMin(low, p)
      high = pointwiseMax(high, p)
    }
    // The box reaches from mid-forehead to chin, as a face detector draws it.
    let rise = 0.25 * (high.y - low.y)
    box = SIMD4(low.x, low.y - rise, high.x, high.y)
  }

  private static func frontal(_ shape: FaceShape, _ surface: HeadSurface) -> [Vector2] {
    var points = jaw(surface)
    for t in [Float(1), 0.75, 0.5, 0.25, 0] { points.append(shape.brows[0].point(t)) }
    for t in [Float(0), 0.25, 0.5, 0.75, 1] { points.append(shape.brows[1].point(t)) }
    let nose = shape.nose
    for t in [Float(0), 1, 2, 3] {
      points.append(Vector2(0, 0.02 + (nose.length - 0.02) * t / 3))
    }
    for t in [Float(-1), -0.5, 0, 0.5, 1] {
      points.append(Vector2(t * nose.width * 0.8, nose.base.y - 0.02 * abs(t) - 0.5 * nose.raise))
    }
    for eye in shape.eyes {
      let outer: Float = eye.side < 0 ? 1 : -1
      points.append(eye.point(outer * 0.98, upper: true))
      points.append(eye.point(outer * 0.35, upper: true))
      points.append(eye.point(outer * -0.35, upper: true))
      points.append(eye.point(outer * -0.98, upper: true))
      points.append(eye.point(outer * -0.35, upper: false))
      points.append(eye.point(outer * 0.35, upper: false))
    }
    return points + lips(shape.mouth)
  }

  /// Seventeen points along the outline from ear to ear, even in their angle at the face's middle.
  private static func jaw(_ surface: HeadSurface) -> [Vector2] {
    (0..<17).map { index in
      let angle = 3.1415927 * (0.02 + 0.96 * Float(index) / 16)
      let (sine, cosine) = sineCosine(angle)
      let direction = Vector2(-cosine, sine)
      let reach = surface.fraction(HeadSurface.middle + direction)
      // Slightly within the outline, where the contour is seen from in front.
      return HeadSurface.middle + direction * (0.985 / max(0.1, reach))
    }
  }

  private static func lips(_ mouth: MouthShape) -> [Vector2] {
    let outer: [Float] = [-0.66, -0.26, 0, 0.26, 0.66]
    let inner: [Float] = [-0.4, 0, 0.4]
    var points = [mouth.left]
    points += outer.map { mouth.point($0, mouth.upperOuter) }
    points.append(mouth.right)
    points += outer.reversed().map { mouth.point($0, mouth.lowerOuter) }
    points.append(mix(mouth.left, mouth.right, 0.06))
    points += inner.map { mouth.point($0, mouth.upperInner) }
    points.append(mix(mouth.left, mouth.right, 0.94))
    points += inner.reversed().map { mouth.point($0, mouth.lowerInner) }
    return points
  }
}
