/// Paints the skin: its colour, the relief of bones and flesh, and its folds.
struct SkinPainter {
  let identity: Identity
  let shape: FaceShape
  let map: FaceMap

  func paintBase() {
    let skin = identity.skin
    let seed = identity.texture
    let freckles = identity.freckles
    let target = map.colour
    for row in 0..<map.height {
      let py = map.y(row)
      var coarse = NoiseRow(py * 5, seed)
      var grain = NoiseRow(py * 34, seed &+ 7)
      for column in 0..<map.width {
        let px = map.x(column)
        let blotch = coarse.at(px * 5) - 0.5
        let tone = 1 + 0.07 * blotch + 0.05 * (grain.at(px * 34) - 0.5)
        let hue = Vector3(1, 1 - 0.05 * blotch, 1 - 0.06 * blotch)
        let colour = skin * hue * (freckles > 0 ? tone * spots(px, py) : tone)
        target[row * map.width + column] = Vector4(colour.x, colour.y, colour.z, 0.28)
      }
    }
  }

  /// How much freckles darken a place.
  private func spots(_ px: Float, _ py: Float) -> Float {
    let spot = smoothStep(0.72, 0.9, valueNoise(px * 26, py * 26, identity.texture &+ 13))
    let region = bump((px * px) / 0.9 + (py - 0.35) * (py - 0.35) / 0.3)
    return 1 - 0.4 * spot * identity.freckles * region
  }

  /// Redness of cheeks, nose and chin, and the dark of the eye sockets.
  func paintFlush() {
    let flush = Vector3(1.06, 0.86, 0.86)
    for side in [Float(-1), 1] {
      map.tint(Vector2(side * 0.55, 0.48), 0.42, 0.36, flush, 0.7)
      let dark = Vector3(0.72, 0.62, 0.62)
      map.tint(Vector2(side * identity.eyeSpacing, 0.03), 0.34, 0.24, dark, 0.75)
      map.tint(Vector2(side * 0.2, -0.05), 0.14, 0.2, dark, 0.55)
    }
    map.tint(shape.nose.tip, 0.2, 0.16, flush, 0.7)
    map.tint(Vector2(0, 1.5 + shape.jawDrop), 0.3, 0.2, flush, 0.4)
    map.tint(
      Vector2(0, shape.nose.base.y + 0.02), shape.nose.width * 1.5, 0.08,
      Vector3(0.62, 0.5, 0.47), 0.7)
  }

  func paintRelief() {
    for side in [Float(-1), 1] { reliefOfSide(side) }
    map.raise(Vector2(0, -0.2), 0.24, 0.2, 0.05)
    map.raise(Vector2(0, -0.75), 0.7, 0.5, 0.05)
    let low = shape.jawDrop
    map.raise(Vector2(0, 1 + 0.4 * low), 0.52, 0.42 + 0.3 * low, 0.12)
    map.raise(Vector2(0, 0.86), 0.075, 0.17, -0.016)
    let lip = shape.mouth.lowerOuter(0)
    map.raise(Vector2(0, lip + 0.07), 0.3, 0.11, -0.06)
    map.raise(Vector2(0, 1.48 + low), 0.36, 0.27, 0.2)
    map.raise(Vector2(0, 1.45 + low), 0.16, 0.12, 0.05 * shape.folds.chin)
    nose()
  }

  private func reliefOfSide(_ side: Float) {
    let index = side < 0 ? 0 : 1
    let brow = shape.brows[index]
    let eye = shape.eyes[index]
    map.raise(brow.point(0.4) + Vector2(0, 0.03), 0.4, 0.17, 0.07)
    map.raise(brow.point(0.05), 0.14, 0.14, 0.035 * shape.folds.glabella)
    map.raise(eye.centre + Vector2(side * -0.02, 0.02), 0.36, 0.25, -0.12)
    map.raise(eye.centre, 0.25, 0.17, 0.09)
    let cheek = shape.folds.cheek
    map.raise(Vector2(side * 0.6, 0.36 - 0.06 * cheek), 0.48, 0.38, 0.11)
    let pull = 0.5 * (shape.folds.nasolabial[index] - 0.15)
    map.raise(Vector2(side * 0.53, 0.47 - 0.06 * cheek), 0.38, 0.33, 0.12 * max(cheek, pull))
    map.raise(Vector2(side * 0.66, 0.9), 0.32, 0.4, -0.06 + 0.1 * identity.fullness)
    map.raise(Vector2(side * 0.88, -0.5), 0.26, 0.36, -0.05)
    let corner = side < 0 ? shape.mouth.left : shape.mouth.right
    map.raise(corner + Vector2(side * 0.05, 0.02), 0.1, 0.1, -0.03)
    map.raise(corner + Vector2(side * 0.04, 0.1), 0.13, 0.09, 0.04 * shape.folds.cornerDown)
    if side < 0 {
      map.raise(corner + Vector2(-0.07, -0.01), 0.07, 0.09, -0.07 * shape.folds.dimple)
      map.tint(
        corner + Vector2(-0.06, 0), 0.09, 0.1, Vector3(0.5, 0.4, 0.4), 0.8 * shape.folds.dimple)
    }
  }

  private func nose() {
    let nose = shape.nose
    let top = nose.bridgeTop
    let tip = nose.length
    let bottom = nose.base.y + 0.03
    let box = Box(-nose.width * 1.8, top - 0.1, nose.width * 1.8, bottom)
    map.raise(in: box) { px, py in
      let t = clamp((py - top) / (tip - top))
      let rise = nose.height * (0.16 + 0.84 * t * (0.45 + 0.55 * t))
      let start = smoothStep(top - 0.1, top + 0.25, py)
      let end = smoothStep(bottom, tip - 0.01, py)
      let half = mix(0.19, nose.width * 1.15, t * t)
      let q = px / half
      return rise * start * end * bump(q * q * 0.5)
    }
    map.raise(Vector2(0, tip), nose.width * 0.85, 0.15, 0.07)
    for side in [Float(-1), 1] {
      let wing = nose.wing(side)
      map.raise(wing - Vector2(side * 0.035, 0), 0.16, 0.15, 0.11)
      map.raise(wing + Vector2(side * 0.1, 0.0), 0.12, 0.17, -0.035)
      let hole = nose.nostril(side)
      map.cover(in: Box(around: hole, nose.width * 0.36, 0.042)) { px, py in
        let dx = (px - hole.x) / (nose.width * 0.34)
        let dy = (py - hole.y - 0.25 * abs(px - hole.x)) / 0.036
        let dark = identity.skin * Vector3(0.1, 0.05, 0.05)
        return (Vector4(dark.x, dark.y, dark.z, 0), smoothStep(1, 0.45, dx * dx + dy * dy))
      }
    }
  }
}

extension SkinPainter {
  /// The folds: those of age, and those that the action units press into the skin.
  func paintFolds() {
    forehead()
    noseRoot()
    for side in [Float(-1), 1] {
      nasolabial(side)
      aroundEye(side)
      corner(side)
    }
    let tight = shape.folds.tight
    if tight > 0 {
      let y = shape.mouth.upperOuter(0) - 0.05
      for x in [Float(-0.22), -0.11, 0.11, 0.22] {
        let line = Crease(
          Vector2(x, y - 0.04), Vector2(x * 0.98, y), Vector2(x * 0.96, y + 0.03), halfWidth: 0.012)
        map.fold(line, depth: 0.006 * tight, shade: 0.22 * tight)
      }
    }
  }

  private func forehead() {
    let folds = shape.folds
    let raise = shape.brows[0].inner.y + identity.browHeight
    for (row, y) in [Float(-0.58), -0.7, -0.82].enumerated() {
      let level = y + 0.35 * raise
      let fade = 1 - 0.2 * Float(row)
      let middle = Crease(
        Vector2(-0.34, level + 0.02), Vector2(0, level - 0.02 * folds.foreheadMiddle),
        Vector2(0.34, level + 0.02), halfWidth: 0.02)
      let strength = folds.foreheadMiddle * fade
      map.fold(middle, depth: 0.013 * strength, shade: 0.3 * strength)
      for side in [Float(-1), 1] {
        let line = Crease(
          Vector2(side * 0.28, level), Vector2(side * 0.5, level - 0.03),
          Vector2(side * 0.72, level + 0.06), halfWidth: 0.018)
        let strength = folds.foreheadSides * fade
        map.fold(line, depth: 0.012 * strength, shade: 0.27 * strength)
      }
    }
  }

  private func noseRoot() {
    let folds = shape.folds
    for side in [Float(-1), 1] {
      let x = side * 0.075
      let line = Crease(
        Vector2(x * 1.2, -0.46), Vector2(x * 0.85, -0.32), Vector2(x * 0.95, -0.18),
        halfWidth: 0.02)
      map.fold(line, depth: 0.022 * folds.glabella, shade: 0.5 * folds.glabella)
    }
    for (row, y) in [Float(-0.1), -0.02, 0.07].enumerated() {
      let half = 0.13 - 0.015 * Float(row)
      let line = Crease(
        Vector2(-half, y + 0.03), Vector2(0, y - 0.02), Vector2(half, y + 0.03), halfWidth: 0.016)
      map.fold(line, depth: 0.018 * folds.noseRoot, shade: 0.35 * folds.noseRoot)
      for side in [Float(-1), 1] {
        let at = Vector2(side * (half + 0.02), y + 0.06)
        let slant = Crease(
          at, at + Vector2(side * 0.05, 0.05), at + Vector2(side * 0.08, 0.12), halfWidth: 0.014)
        map.fold(slant, depth: 0.012 * folds.noseRoot, shade: 0.25 * folds.noseRoot)
      }
    }
  }

  private func nasolabial(_ side: Float) {
    let index = side < 0 ? 0 : 1
    let strength = min(1.2, shape.folds.nasolabial[index])
    let corner = side < 0 ? shape.mouth.left : shape.mouth.right
    let wing = shape.nose.wing(side)
    let start = wing + Vector2(side * 0.07, -0.05)
    let end = corner + Vector2(side * 0.12, 0.02 + 0.05 * (1 - strength))
    let middle = mix(start, end, 0.5) + Vector2(side * (0.04 + 0.05 * strength), -0.03)
    let line = Crease(start, middle, end, halfWidth: 0.042, taper: 0.8)
    map.fold(line, depth: 0.034 * strength, shade: 0.36 * strength)
  }

  private func aroundEye(_ side: Float) {
    let eye = shape.eyes[side < 0 ? 0 : 1]
    let folds = shape.folds
    let outer = eye.centre + Vector2(side * (eye.halfWidth + 0.05), -0.01)
    for slope in [Float(-0.09), 0.0, 0.09] {
      let line = Crease(
        outer + Vector2(0, slope * 0.4), outer + Vector2(side * 0.09, slope),
        outer + Vector2(side * 0.17, slope * 1.9), halfWidth: 0.015)
      map.fold(line, depth: 0.011 * folds.crowsFeet, shade: 0.25 * folds.crowsFeet)
    }
    let y = eye.centre.y + eye.lower + 0.055
    let under = Crease(
      Vector2(eye.centre.x - side * 0.17, y - 0.01), Vector2(eye.centre.x, y + 0.035),
      Vector2(eye.centre.x + side * 0.2, y - 0.01), halfWidth: 0.02)
    map.fold(under, depth: 0.016 * folds.underEye, shade: 0.35 * folds.underEye)
    map.raise(Vector2(eye.centre.x, y - 0.02), 0.22, 0.05, 0.022 * folds.underEye)
  }

  private func corner(_ side: Float) {
    let corner = side < 0 ? shape.mouth.left : shape.mouth.right
    let strength = shape.folds.cornerDown
    let line = Crease(
      corner + Vector2(side * 0.03, 0), corner + Vector2(side * 0.08, 0.08),
      corner + Vector2(side * 0.09, 0.19), halfWidth: 0.022)
    map.fold(line, depth: 0.02 * strength, shade: 0.4 * strength)
  }
}
