/// Paints what lies behind the person.
struct Backdrop {
  let conditions: Conditions

  func draw(on canvas: Canvas) {
    conditions.plainBackdrop ? wall(canvas) : scene(canvas)
  }

  private func wall(_ canvas: Canvas) {
    let centre = Vector2(Float(canvas.width), Float(canvas.height)) * 0.5
    let reach = 1 / dot(centre, centre)
    let colours = conditions.backdrop
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let d = Vector2(Float(x), Float(y)) - centre
        canvas.pixels[y * canvas.width + x] = mix(colours[0], colours[1], dot(d, d) * reach)
      }
    }
  }

  /// A gradient with soft blobs, hard-edged shapes and cloudy texture, all out of focus.
  private func scene(_ canvas: Canvas) {
    let seed = conditions.scene
    let palette = conditions.backdrop
    let colours = (palette[0], palette[1], palette[2], palette[3])
    let size = Float(max(canvas.width, canvas.height))
    let bands = 1.5 + 5 * latticeValue(1, 2, seed)
    let upright = latticeValue(3, 4, seed) > 0.5
    let fineness = 9 + 40 * latticeValue(5, 6, seed)
    for y in 0..<canvas.height {
      let v = Float(y) / size
      var cloud = NoiseRow(v * 4, seed)
      var stripe = NoiseRow(upright ? 7 : v * bands * 2, seed &+ 1)
      var grain = NoiseRow(v * fineness, seed &+ 2)
      for x in 0..<canvas.width {
        let u = Float(x) / size
        var colour = mix(colours.0, colours.1, clamp(v + 0.3 * u))
        colour = mix(colour, colours.2, smoothStep(0.45, 0.75, cloud.at(u * 4)))
        let band = stripe.at(upright ? u * bands * 2 : 3)
        colour = mix(colour, colours.3, 0.8 * smoothStep(0.52, 0.6, band))
        canvas.pixels[y * canvas.width + x] = colour * (0.92 + 0.16 * grain.at(u * fineness))
      }
    }
    blobs(canvas, size)
  }

  private func blobs(_ canvas: Canvas, _ size: Float) {
    let seed = conditions.scene
    for blob in 0..<Int32(6) {
      let at =
        Vector2(latticeValue(blob, 11, seed), latticeValue(blob, 12, seed))
        * Vector2(Float(canvas.width), Float(canvas.height))
      let radius = size * (0.04 + 0.14 * latticeValue(blob, 13, seed))
      let hard = 0.4 + 0.55 * latticeValue(blob, 14, seed)
      let colour = conditions.backdrop[Int(blob) % 5] * (0.6 + latticeValue(blob, 15, seed))
      canvas.each(in: Box(around: at, radius, radius)) { index, px, py in
        let d = length(Vector2(px, py) - at) / radius
        canvas.blend(index, colour, 0.7 * smoothStep(1, hard, d))
      }
    }
  }
}
