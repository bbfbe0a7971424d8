/// Draws the hair: a mass behind the head, and a cap that leaves the face free.
struct HairPainter {
  let identity: Identity
  let surface: HeadSurface
  let map: FaceMap
  let shader: Shader
  let camera: Camera

  private var style: HairStyle { identity.hairStyle }

  private var isLong: Bool { style == .long || style == .longParted }

  /// The hairline on the forehead and beside the face.
  private struct Line {
    var forehead: Float
    /// How far the hair comes down at the sides.
    var side: Float
    /// How far a parting sweeps the line down to one side.
    var sweep: Float
    var thickness: Float
    var ragged: Float
  }

  private var line: Line {
    switch style {
    case .bald, .cropped: Line(forehead: -1.0, side: 0.1, sweep: 0, thickness: 0.035, ragged: 0.04)
    case .short: Line(forehead: -0.98, side: 0.2, sweep: 0.03, thickness: 0.1, ragged: 0.1)
    case .parted: Line(forehead: -0.98, side: 0.25, sweep: 0.22, thickness: 0.13, ragged: 0.06)
    case .fringe: Line(forehead: -0.62, side: 0.3, sweep: 0.06, thickness: 0.13, ragged: 0.1)
    case .long: Line(forehead: -0.68, side: 1.3, sweep: 0.05, thickness: 0.15, ragged: 0.07)
    case .longParted: Line(forehead: -1.0, side: 1.4, sweep: 0.18, thickness: 0.15, ragged: 0.05)
    case .curly: Line(forehead: -0.92, side: 0.35, sweep: 0, thickness: 0.24, ragged: 0.14)
    }
  }

  /// Positive where a place of the head lies under hair.
  private func cover(_ p: Vector2, _ back: Float, _ line: Line) -> Float {
    let across = abs(p.x)
    let strand = valueNoise(p.x * 16, p.y * 2.5, identity.texture &+ 3) - 0.5
    let sweep = line.sweep * clamp(p.x * (identity.texture & 1 == 0 ? 1.6 : -1.6), -0.5, 1)
    let temple = smoothStep(0.5, 1.0, across)
    let edge = mix(line.forehead + sweep + 0.12 * p.x * p.x, line.side, temple * temple)
    let nape: Float = isLong ? 2.4 : 0.95
    let limit = back > 1 ? mix(edge, nape, clamp((back - 1) * 2)) : edge
    return limit - p.y + line.ragged * strand
  }

  /// The part behind head and neck, to be drawn before them.
  func drawBehind(on canvas: Canvas) {
    guard isLong || style == .curly else { return }
    let middle = camera.project(Vector3(0, isLong ? 0.35 : -0.35, -0.5))
    let scale = camera.scale
    let rx: Float = isLong ? 1.28 : 1.36
    let ry: Float = isLong ? 1.95 : 1.3
    let seed = identity.texture &+ 17
    let box = Box(
      around: Vector2(middle.x, middle.y), 1.35 * rx * scale, 1.15 * ry * scale)
    canvas.each(in: box) { index, px, py in
      let u = (px - middle.x) / scale
      let v = (py - middle.y) / scale
      let strand = valueNoise(u * 11, v * 1.6, seed)
      let widen: Float = isLong ? 1 + 0.12 * v : 1
      let curl = style == .curly ? 0.16 * valueNoise(u * 6, v * 6, seed) : 0.05 * strand
      let q = (u / (rx * widen)) * (u / (rx * widen)) + (v / ry) * (v / ry)
      let alpha = smoothStep(1.0, 0.95, q.squareRoot() + curl)
      guard alpha > 0 else { return }
      let normal = normalised(Vector3(u * 0.7, v * 0.3, 0.7))
      let shade = 0.35 + 0.45 * strand
      canvas.blend(index, shader.hair(identity.hair, normal, Vector3(0, 1, 0), shade), alpha)
    }
  }

  /// The cap on the head, to be drawn after it.
  func drawCap(on canvas: Canvas, over head: SurfaceBuffer) {
    guard style != .bald else { return }
    let line = line
    var mesh = HeadMesh(surface: surface, map: map).shell { p, back in
      let depth = cover(p, back, line)
      let curl =
        style == .curly ? 0.1 * valueNoise(p.x * 7, p.y * 7 + back * 5, identity.texture) : 0
      return 1.01 + (line.thickness + curl) * smoothStep(-0.02, 0.4, depth)
    }
    let isHair = mesh.places.map { cover(Vector2($0.x, $0.y), $0.z, line) > -0.3 }
    mesh.triangles.removeAll { !isHair[Int($0.0)] && !isHair[Int($0.1)] && !isHair[Int($0.2)] }
    let buffer = SurfaceBuffer(mesh, camera, width: canvas.width, height: canvas.height)
    let down = camera.rotated(Vector3(0, 1, 0))
    for row in 0..<buffer.height {
      let start = (buffer.top + row) * canvas.width + buffer.left
      for column in 0..<buffer.width {
        guard let (surface, coverage) = buffer[column, row], !buffer.isBehind(head, column, row)
        else { continue }
        let place = surface.place
        let depth = cover(Vector2(place.x, place.y), place.z, line)
        let alpha = smoothStep(-0.02, style == .cropped ? 0.14 : 0.05, depth)
        guard alpha > 0 else { continue }
        let colour = colour(place, normalised(surface.normal), down, depth)
        let thin: Float = style == .cropped ? 0.82 : 0.97
        canvas.blend(start + column, colour, alpha * coverage * thin)
      }
    }
  }

  @inline(__always) private func colour(
    _ place: Vector4, _ normal: Vector3, _ down: Vector3, _ depth: Float
  ) -> Vector3 {
    let angle = place.x / max(0.25, abs(place.y - 0.6))
    let fine: Float =
      style == .curly
      ? valueNoise(place.x * 22, place.y * 22, identity.texture)
      : valueNoise(angle * 46, place.y * 2 + place.z * 3, identity.texture &+ 5)
    let lean = (fine - 0.5) * 0.5
    let tangent = normalised(down - normal * dot(down, normal) + Vector3(lean, 0, lean))
    let shade = mix(0.55, 1, smoothStep(0, 0.25, depth)) * (0.62 + 0.7 * fine)
    return shader.hair(identity.hair, normal, tangent, shade)
  }
}
