/// Paints one eye: ball, iris, lids, lashes, and the crease above.
struct EyePainter {
  let identity: Identity
  let eye: EyeShape
  let map: FaceMap
  /// The direction of gaze as the shift of the irises, in units of the face.
  let gaze: Vector2
  /// The light's direction, for the glint.
  let light: Vector3

  func paint() {
    lids()
    ball()
    lashes()
  }

  private var box: Box { Box(around: eye.centre, eye.halfWidth * 1.35, 0.3) }

  /// The skin of the lids: a soft roll over the ball, and the crease.
  private func lids() {
    let top = eye.centre.y - eye.upper
    let fold = (0...6).map { step -> Vector2 in
      let s = -0.85 + 1.8 * Float(step) / 6
      return eye.point(clamp(s, -0.999, 0.999), upper: true) - Vector2(0, eye.crease * 0.8)
    }
    var crease = Crease(fold[0], fold[3], fold[6], halfWidth: 0.018, taper: 0.7)
    crease.points = fold
    map.fold(crease, depth: 0.02, shade: 0.55)
    map.raise(Vector2(eye.centre.x, top - 0.3 * eye.crease), eye.halfWidth * 1.1, 0.07, 0.02)
    map.tint(
      Vector2(eye.centre.x - eye.side * eye.halfWidth * 1.1, eye.centre.y), 0.09, 0.09,
      Vector3(0.75, 0.5, 0.48), 0.7)
  }

  private func ball() {
    let iris = eye.centre + gaze + Vector2(0, -0.004)
    let glint = iris + Vector2(0.3 * light.x + 0.22, 0.3 * light.y - 0.18) * eye.irisRadius
    let seed = identity.texture
    let heights = map.relief
    let colours = map.colour
    map.each(in: box) { index, px, py in
      let s = eye.along(px)
      guard abs(s) < 1 else { return }
      let above = py - eye.upperLid(s)
      let below = eye.lowerLid(s) - py
      let alpha = min(map.inside(above), map.inside(below))
      guard alpha > 0 else { return }
      let colour = ballColour(Vector2(px, py), s, iris, glint, seed)
      // The upper lid and its lashes shade the ball below them.
      let shade = mix(0.38, 1, smoothStep(-0.01, 0.075, above)) * mix(0.75, 1, below / 0.03)
      let lit = Vector4(colour.x, colour.y, colour.z, 0.5) * min(1, shade)
      colours[index] += (lit - colours[index]) * alpha
      heights[index] -= 0.012 * alpha
    }
  }

  @inline(__always) private func ballColour(
    _ p: Vector2, _ s: Float, _ iris: Vector2, _ glint: Vector2, _ seed: UInt32
  ) -> Vector3 {
    let corner = s * s
    let white = Vector3(0.74, 0.70, 0.68) * (1 - 0.3 * corner * corner)
    var colour = mix(white, Vector3(0.55, 0.25, 0.22), smoothStep(-0.72, -0.98, s) * 0.7)
    let d = p - iris
    let radius = length(d) / eye.irisRadius
    if radius < 1.2 {
      let rays = valueNoise(d.x * 60, d.y * 60, seed) - 0.5
      let ring = mix(1.25, 0.45, smoothStep(0.55, 1, radius))
      let body = identity.iris * (ring * (1 + 0.5 * rays))
      let pupil = smoothStep(0.47, 0.36, radius)
      let disc = mix(body, Vector3(repeating: 0.006), pupil)
      colour = mix(colour, disc, map.inside((1 - radius) * eye.irisRadius))
      let spark = length(p - glint) / (0.2 * eye.irisRadius + 0.4 * map.texel)
      colour = mix(colour, Vector3(repeating: 0.95), 0.9 * smoothStep(1.3, 0.6, spark))
    }
    return colour
  }

  private func lashes() {
    let dark = Vector3(0.014, 0.010, 0.009)
    let strength = 0.72 + 0.28 * identity.liner
    map.cover(in: box) { px, py in
      let s = eye.along(px)
      guard abs(s) < 1.06 else { return (Vector4(), 0) }
      let inner = clamp(s, -1, 1)
      let thickness = 0.012 + 0.012 * smoothStep(-0.8, 0.7, s) + 0.014 * identity.liner
      let upper = abs(py - (eye.upperLid(inner) - 0.3 * thickness))
      let lower = abs(py - eye.lowerLid(inner))
      let end = smoothStep(1.06, 0.98, abs(s))
      let top = map.inside(thickness - upper) * strength * end
      let bottom = map.inside(0.006 + 0.004 * identity.liner - lower) * 0.5 * end
      return (Vector4(dark.x, dark.y, dark.z, 0.05), max(top, bottom))
    }
  }
}

/// Paints one eyebrow as a band of short hairs.
struct BrowPainter {
  let identity: Identity
  let brow: BrowShape
  let map: FaceMap

  func paint() {
    let low = min(brow.inner.y, brow.outer.y, brow.point(0.6).y) - 0.1
    let high = max(brow.inner.y, brow.outer.y) + 0.1
    let start = brow.inner.x - brow.side * 0.05
    let end = brow.outer.x + brow.side * 0.03
    let colour = Vector4(identity.brow.x, identity.brow.y, identity.brow.z, 0.08)
    let seed = identity.texture &+ 31
    let density = clamp(0.8 + 4 * (identity.browThickness - 0.04), 0.7, 0.95)
    map.cover(in: Box(start, low, end, high)) { px, py in
      let s = brow.along(px)
      guard s > -0.1, s < 1.05 else { return (colour, 0) }
      let gap = py - brow.centre(s)
      // Hairs lean outward and up near the nose, flat towards the temple.
      let lean = px * brow.side + gap * (1.2 - 1.6 * s)
      let hair = valueNoise(lean * 75, gap * 16, seed)
      let edge = brow.halfThickness(s) * (0.8 + 0.5 * hair) - abs(gap)
      let soft = smoothStep(-0.012, 0.016, edge)
      return (colour, soft * density * (0.72 + 0.45 * hair))
    }
  }
}
