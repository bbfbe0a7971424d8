/// Paints the mouth: the dark inside, teeth, tongue, and the two lips.
struct MouthPainter {
  let identity: Identity
  let mouth: MouthShape
  let map: FaceMap

  private var box: Box {
    let top = min(mouth.upperOuter(0), mouth.upperOuter(0.3), mouth.left.y, mouth.right.y) - 0.05
    let bottom = max(mouth.lowerOuter(0), mouth.left.y, mouth.right.y) + 0.06
    return Box(mouth.left.x - 0.04, top, mouth.right.x + 0.04, bottom)
  }

  func paint() {
    lipRelief()
    lips()
    inside()
    seam()
  }

  private func lipRelief() {
    map.raise(in: box) { px, py in
      let s = mouth.along(px)
      guard abs(s) < 1 else { return 0 }
      let fade = 1 - s * s
      let top = mouth.upperOuter(s)
      let upper = mouth.upperInner(s)
      let lower = mouth.lowerInner(s)
      let bottom = mouth.lowerOuter(s)
      if py < upper {
        let t = (py - top) / max(1e-3, upper - top)
        return t > -0.3 ? 0.05 * fade * clamp((t + 0.3) / 0.9) * clamp((1.02 - t) * 5) : 0
      }
      if py > lower {
        let t = (py - lower) / max(1e-3, bottom - lower)
        return t < 1.25 ? 0.075 * fade * bump((t - 0.45) * (t - 0.45) / 0.66) : 0
      }
      return -0.02 * fade
    }
  }

  private func lips() {
    let red = identity.lip
    let seed = identity.texture &+ 57
    map.cover(in: box) { px, py in
      let s = mouth.along(px)
      guard abs(s) < 1 else { return (Vector4(), 0) }
      let top = mouth.upperOuter(s)
      let bottom = mouth.lowerOuter(s)
      let d = min(py - top, bottom - py)
      let alpha = smoothStep(-0.6 * map.texel - 0.006, 0.6 * map.texel + 0.012, d)
      guard alpha > 0 else { return (Vector4(), 0) }
      let line = valueNoise(px * 60, py * 9, seed) - 0.5
      let isUpper = py < mouth.line(s)
      let tone = (isUpper ? 0.78 : 1.02) * (1 + 0.16 * line)
      let colour = red * tone
      return (Vector4(colour.x, colour.y, colour.z, isUpper ? 0.35 : 0.75), alpha * 0.9)
    }
  }

  private func inside() {
    guard mouth.upperRaise + mouth.lowerDrop > 0.012 else { return }
    map.cover(in: box) { px, py in
      let s = mouth.along(px)
      guard abs(s) < 1 else { return (Vector4(), 0) }
      let above = py - mouth.upperInner(s)
      let below = mouth.lowerInner(s) - py
      let alpha = min(map.inside(above), map.inside(below))
      guard alpha > 0 else { return (Vector4(), 0) }
      let colour = cavity(Vector2(px, py), s, above, below)
      return (Vector4(colour.x, colour.y, colour.z, 0.3), alpha)
    }
  }

  @inline(__always) private func cavity(
    _ p: Vector2, _ s: Float, _ above: Float, _ below: Float
  ) -> Vector3 {
    var colour = Vector3(0.045, 0.011, 0.010)
    let depth = mouth.upperRaise + mouth.lowerDrop
    if depth > 0.2 {
      let dx = p.x / 0.26
      let dy = (p.y - (mouth.lowerInner(0) - 0.02)) / (0.5 * depth)
      let tongue = smoothStep(1, 0.6, dx * dx + dy * dy)
      colour = mix(colour, Vector3(0.30, 0.085, 0.08), tongue * 0.85)
    }
    // Teeth hang from the jaws: the upper row hides behind a lowered lip, the lower row stays put.
    let line = mouth.line(s)
    let upperEdge = line + 0.035 - 0.02 * s * s
    let lowerEdge = line + max(0.05, mouth.lowerDrop * 0.82 - 0.06) + 0.02 * s * s
    let upper = map.inside(upperEdge - p.y)
    let lower = map.inside(p.y - lowerEdge)
    let shade = mix(0.3, 1, 1 - s * s) * mix(0.55, 1, smoothStep(0, 0.04, min(above, below)))
    let tooth = p.x / 0.085
    let gap = abs(tooth - tooth.rounded(.down) - 0.5)
    let enamel = Vector3(0.74, 0.69, 0.60) * (shade * mix(1, 0.72, smoothStep(0.43, 0.5, gap)))
    colour = mix(colour, enamel, upper)
    return mix(colour, enamel * 0.85, lower * smoothStep(0.02, 0.06, mouth.lowerDrop))
  }

  /// The dark line between closed lips, and the shadows at the corners.
  private func seam() {
    let closed = smoothStep(0.05, 0.005, mouth.upperRaise + mouth.lowerDrop)
    let dark = identity.lip * Vector3(0.16, 0.10, 0.10)
    map.cover(in: box) { px, py in
      let s = mouth.along(px)
      guard abs(s) < 1.03 else { return (Vector4(), 0) }
      let inner = clamp(s, -0.999, 0.999)
      let edge = abs(py - mouth.line(inner))
      let corner = smoothStep(0.7, 0.95, abs(s))
      let alpha = max(closed, corner * 0.8) * smoothStep(0.018 + 0.6 * map.texel, 0.002, edge)
      return (Vector4(dark.x, dark.y, dark.z, 0.1), alpha * smoothStep(1.03, 0.96, abs(s)))
    }
    for corner in [mouth.left, mouth.right] {
      map.tint(corner, 0.07, 0.06, Vector3(0.5, 0.36, 0.34), 0.85)
    }
    let below = Vector2(mouth.centreX, mouth.lowerOuter(0) + 0.045)
    map.tint(below, mouth.halfWidth * 0.8, 0.07, Vector3(0.66, 0.55, 0.52), 0.75)
  }
}
