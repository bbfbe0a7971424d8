/// Paints the beard into the face map.
struct BeardPainter {
  let identity: Identity
  let shape: FaceShape
  let map: FaceMap

  func paint() {
    guard identity.beard != .none else { return }
    let seed = identity.texture &+ 71
    let dense: Float = identity.beard == .stubble ? 0.5 : 0.88
    let colour = Vector4(identity.hair.x, identity.hair.y, identity.hair.z, 0.05)
    let box = Box(-1.1, shape.nose.base.y - 0.02, 1.1, 2)
    map.cover(in: box) { px, py in
      let hair = valueNoise(px * 62, py * 30, seed)
      let region = region(px, py) + 0.06 * (hair - 0.5)
      let alpha = smoothStep(0, 0.09, region) * dense * (0.55 + 0.5 * hair)
      return (colour * Vector4(repeating: 0.7 + 0.6 * hair), alpha)
    }
  }

  /// Positive within the beard.
  @inline(__always) private func region(_ x: Float, _ y: Float) -> Float {
    let mouth = shape.mouth
    let s = mouth.along(x)
    let lipTop = mouth.upperOuter(clamp(s, -1, 1))
    let lipBottom = mouth.lowerOuter(clamp(s, -1, 1))
    let across = abs(x)
    let overLip = min(
      lipTop - 0.015 - y, y - (shape.nose.base.y + 0.01), mouth.halfWidth + 0.05 - across)
    if identity.beard == .moustache { return overLip }
    let belowLip = min(y - lipBottom - 0.06, 0.36 - across)
    let beside = min(across - mouth.halfWidth - 0.05, 0.14 - abs(across - mouth.halfWidth - 0.16))
    let chin = shape.mouth.middle + 0.45 + shape.jawDrop
    let ring = min(beside, y - lipTop + 0.05, chin + 0.2 - y)
    let goatee = max(overLip, max(belowLip, ring))
    if identity.beard == .goatee { return goatee }
    let cheek = y - (0.98 - 0.75 * smoothStep(0.45, 1, across)) - 0.04
    let lips = max(across - mouth.halfWidth - 0.03, max(y - lipBottom - 0.05, lipTop - y))
    return max(overLip, min(cheek, lips))
  }
}

/// Paints a pair of glasses into the face map, with the shadow they throw.
struct GlassesPainter {
  let identity: Identity
  let shape: FaceShape
  let map: FaceMap

  func paint() {
    guard identity.wearsGlasses else { return }
    let frame = Vector4(identity.frame.x, identity.frame.y, identity.frame.z, 0.8)
    let rx: Float = identity.roundGlasses ? 0.29 : 0.34
    let ry: Float = identity.roundGlasses ? 0.28 : 0.22
    let half: Float = 0.02
    let y: Float = 0.05
    let spacing = max(identity.eyeSpacing, rx + 0.075)
    let shadow = Vector3(0.7, 0.64, 0.62)
    map.tint(in: Box(-0.95, -0.4, 0.95, 0.5)) { px, py in
      (shadow, 0.8 * smoothStep(0.045, 0, abs(rim(px, py - 0.03, spacing, rx, ry, y)) - half))
    }
    map.cover(in: Box(-1.02, -0.4, 1.02, 0.5)) { px, py in
      let ring = half - abs(rim(px, py, spacing, rx, ry, y))
      let across = abs(px)
      let bridge = min(spacing - rx - across, half * 0.9 - abs(py - y + 0.06 - 0.3 * px * px))
      let arm = min(across - spacing - rx, half - abs(py - y + 0.04))
      let alpha = map.inside(max(ring, max(bridge, arm)))
      if alpha > 0 { return (frame, alpha) }
      let glass = rim(px, py, spacing, rx, ry, y)
      let streak = bump((px * 0.8 + py - 0.25) * (px * 0.8 + py - 0.25) / 0.012)
      return (Vector4(0.8, 0.85, 0.9, 0.9), glass < 0 ? 0.05 + 0.12 * streak : 0)
    }
  }

  /// The signed distance to the nearer rim: negative within the glass.
  @inline(__always) private func rim(
    _ x: Float, _ y: Float, _ spacing: Float, _ rx: Float, _ ry: Float, _ level: Float
  ) -> Float {
    let dx = (abs(x) - spacing) / rx
    let dy = (y - level) / ry
    let round = identity.roundGlasses
    let a = dx * dx
    let b = dy * dy
    let norm = round ? (a + b).squareRoot() : (a * a + b * b).squareRoot().squareRoot()
    return (norm - 1) * min(rx, ry)
  }
}
