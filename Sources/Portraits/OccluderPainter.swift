/// Draws what lies before the face.
struct OccluderPainter {
  let conditions: Conditions
  let identity: Identity
  let shader: Shader
  let camera: Camera

  func draw(on canvas: Canvas) {
    switch conditions.occluder {
    case .hand: hand(canvas)
    case .scarf: scarf(canvas)
    case .card: card(canvas)
    case .strands: strands(canvas)
    case nil: break
    }
  }

  private var side: Float { conditions.occluderSide }
  private var reach: Float { conditions.occluderReach }

  /// Calls `body` with the place of each pixel of a box, in units of the face.
  private func each(
    _ canvas: Canvas, _ box: Box, _ body: (Int, Vector2) -> Void
  ) {
    let scale = camera.scale
    let middle = camera.project(Vector3(0, 0.3, 0.8))
    let origin = Vector2(middle.x, middle.y - 0.3 * scale)
    let screen = Box(
      origin.x + box.x0 * scale, origin.y + box.y0 * scale, origin.x + box.x1 * scale,
      origin.y + box.y1 * scale)
    canvas.each(in: screen) { index, px, py in body(index, (Vector2(px, py) - origin) / scale) }
  }

  private var edge: Float { 0.8 / camera.scale }

  /// A palm at the chin or cheek with four fingers up along the face.
  private func hand(_ canvas: Canvas) {
    let skin = identity.skin * 0.95
    let root = Vector2(side * (1.0 - 0.25 * reach), 1.5)
    var capsules: [(a: Vector2, b: Vector2, r: Float)] = [
      (root + Vector2(side * 0.1, 0.1), root + Vector2(side * 0.35, 1.3), 0.4)
    ]
    for finger in 0..<4 {
      let f = Float(finger)
      let from = root + Vector2(side * (0.3 - 0.2 * f), -0.1)
      let length = 0.62 + 0.1 * latticeValue(Int32(finger), 5, conditions.scene)
      capsules.append((from, from + Vector2(-side * (0.06 + 0.09 * f), -length), 0.105))
    }
    each(canvas, Box(-2.2, 0.2, 2.2, 3.4)) { index, p in
      for part in capsules {
        let along = part.b - part.a
        let t = clamp(dot(p - part.a, along) / dot(along, along))
        let gap = p - (part.a + along * t)
        let distance = length(gap)
        let alpha = smoothStep(part.r + edge, part.r - edge, distance)
        guard alpha > 0 else { continue }
        let q = gap / part.r
        let normal = normalised(Vector3(q.x, q.y, max(0.15, 1 - dot(q, q)).squareRoot()))
        let rim = mix(0.6, 1, smoothStep(1, 0.75, distance / part.r))
        canvas.blend(index, shader.skin(skin, normal, gloss: 0.2, hollow: rim), alpha)
      }
    }
  }

  private func scarf(_ canvas: Canvas) {
    let colour = conditions.backdrop[4] * 0.8 + 0.02
    let level = 1.5 - 0.3 * reach
    let seed = conditions.scene
    each(canvas, Box(-1.6, 0.8, 1.6, 2.6)) { index, p in
      let wave = 0.06 * (valueNoise(p.x * 4, 1, seed) - 0.5)
      let depth = p.y - (level - 0.22 * p.x * p.x + wave)
      let alpha = smoothStep(-edge, edge, depth) * smoothStep(1.25, 1.2, abs(p.x))
      guard alpha > 0 else { return }
      let fold = valueNoise(p.x * 3, (p.y - 0.2 * p.x * p.x) * 9, seed &+ 4)
      let normal = normalised(Vector3(0.6 * p.x, (fold - 0.5) * 1.4, 0.8))
      let shade = mix(0.6, 1, fold) * mix(0.6, 1, smoothStep(0, 0.08, depth))
      canvas.blend(index, shader.skin(colour, normal, gloss: 0, hollow: shade), alpha)
    }
  }

  /// A flat thing held or standing before the face: a page, a telephone, another's shoulder.
  private func card(_ canvas: Canvas) {
    let colour = conditions.backdrop[3] * 0.9 + 0.01
    let seed = conditions.scene
    let slant = 0.5 * (latticeValue(9, 1, seed) - 0.5)
    let start = 1.05 - 0.5 * reach
    each(canvas, Box(-2.4, -1.2, 2.4, 2.4)) { index, p in
      let depth = side * p.x - start - slant * (p.y - 0.5)
      let lower = p.y - (0.1 + 0.9 * latticeValue(9, 2, seed))
      let alpha = smoothStep(-edge, edge, min(depth, lower))
      guard alpha > 0 else { return }
      let grain = 0.85 + 0.3 * valueNoise(p.x * 3, p.y * 3, seed &+ 6)
      let lit = shader.ambient + shader.key * 0.7
      canvas.blend(index, colour * grain * lit, alpha)
    }
  }

  /// Loose hair across one side of the face.
  private func strands(_ canvas: Canvas) {
    let seed = conditions.scene
    each(canvas, Box(-1.2, -1.5, 1.2, 1.6)) { index, p in
      let across = side * p.x - (0.62 - 0.3 * reach) - 0.25 * (p.y - 0.2) * (p.y - 0.2)
      let strand = valueNoise((p.x + side * 0.2 * p.y * p.y) * 22, p.y * 1.2, seed)
      let band = smoothStep(0, 0.12, across) * smoothStep(0.55, 0.35, across)
      let alpha = band * smoothStep(0.45, 0.62, strand) * smoothStep(1.6, 0.9, p.y)
      guard alpha > 0 else { return }
      let normal = normalised(Vector3(0.5 * p.x, -0.2, 0.8))
      let colour = shader.hair(identity.hair, normal, Vector3(0, 1, 0), 0.6 + 0.6 * strand)
      canvas.blend(index, colour, alpha * 0.9)
    }
  }
}
