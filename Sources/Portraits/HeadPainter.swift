/// Draws the head, wearing its face map, into a picture.
struct HeadPainter {
  let identity: Identity
  let map: FaceMap
  let shader: Shader
  let camera: Camera

  /// - Returns: What the camera sees of the head.
  func draw(_ mesh: Mesh, on canvas: Canvas) -> SurfaceBuffer {
    let buffer = SurfaceBuffer(mesh, camera, width: canvas.width, height: canvas.height)
    let axes = Axes(camera)
    for row in 0..<buffer.height {
      let start = (buffer.top + row) * canvas.width + buffer.left
      for column in 0..<buffer.width {
        guard let (surface, coverage) = buffer[column, row] else { continue }
        let isFace = surface.place.w < 0.5
        let colour =
          isFace
          ? face(surface.place, surface.normal, axes) : ear(surface.place, surface.normal)
        canvas.blend(start + column, colour, coverage)
      }
    }
    return buffer
  }

  /// The head's own x and y axes in the picture.
  private struct Axes {
    let x: Vector3
    let y: Vector3
    let z: Vector3
    init(_ camera: Camera) {
      x = camera.rotated(Vector3(1, 0, 0))
      y = camera.rotated(Vector3(0, 1, 0))
      z = camera.rotated(Vector3(0, 0, 1))
    }
  }

  @inline(__always) private func face(
    _ place: Vector4, _ smooth: Vector3, _ axes: Axes
  ) -> Vector3 {
    let (colour, detail) = map.sample(place.x, place.y)
    // The relief tilts the normal where the head faces front, and dies out at its rim.
    let frontal = max(0, dot(smooth, axes.z))
    let weight = place.z < 1 ? min(1, frontal * 1.6) : 0
    let tilted = smooth - axes.x * (detail.x * weight) - axes.y * (detail.y * weight)
    let normal = normalised(tilted)
    let albedo = Vector3(colour.x, colour.y, colour.z)
    return shader.skin(albedo, normal, gloss: colour.w, hollow: mix(0.85, detail.z, weight))
  }

  @inline(__always) private func ear(_ place: Vector4, _ smooth: Vector3) -> Vector3 {
    let dx = place.x / 0.62
    let dy = (place.y + 0.05) / 0.66
    let bowl = smoothStep(1, 0.5, dx * dx + dy * dy)
    let albedo = identity.skin * Vector3(1.02, 0.86, 0.84) * (1 - 0.45 * bowl)
    return shader.skin(albedo, normalised(smooth), gloss: 0.2, hollow: 0.85)
  }
}

/// Draws neck and shoulders behind the head.
struct BodyPainter {
  let identity: Identity
  let shader: Shader
  let camera: Camera

  func draw(on canvas: Canvas) {
    let scale = camera.scale
    let base = camera.project(Vector3(0, 1.1, -0.35))
    // The neck hangs straight from the head whichever way the face turns.
    let x = mix(camera.centre.x, base.x, 0.7)
    let top = camera.centre.y + 0.3 * scale
    let bottom = Float(canvas.height)
    let shoulder = base.y + 1.05 * scale
    let box = Box(x - 3 * scale, top, x + 3 * scale, bottom)
    let seed = identity.texture &+ 91
    let edge = 1.2 / scale
    canvas.each(in: box) { index, px, py in
      let u = (px - x) / scale
      let v = (py - shoulder) / scale
      let width = 0.62 + 0.25 * smoothStep(-0.5, 0.1, v) + 0.5 * smoothStep(0, 0.25, v)
      let neck = smoothStep(-edge, edge, width - abs(u))
      if neck > 0 {
        let side = clamp(u / 0.72, -0.98, 0.98)
        let normal = Vector3(side, 0.1, (1 - side * side).squareRoot())
        let shade = mix(0.35, 0.95, smoothStep(-0.75, 0.0, v))
        let colour = shader.skin(identity.skin, normalised(normal), gloss: 0.1, hollow: shade)
        canvas.blend(index, colour, neck)
      }
      let slope = 0.12 + 0.16 * u * u + 0.5 * bump(u * u / 0.5)
      let cloth = smoothStep(-edge, edge, v - slope + 0.12)
      if cloth > 0 {
        let weave = 0.9 + 0.2 * valueNoise(u * 14, v * 14, seed)
        let normal = Vector3(clamp(u * 0.5, -0.8, 0.8), -0.3, 0.8)
        let colour = shader.skin(identity.cloth * weave, normalised(normal), gloss: 0, hollow: 0.9)
        canvas.blend(index, colour, cloth)
      }
    }
  }
}
