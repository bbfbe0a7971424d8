/// A rectangle of the face plane.
struct Box {
  var x0: Float
  var y0: Float
  var x1: Float
  var y1: Float

  init(_ x0: Float, _ y0: Float, _ x1: Float, _ y1: Float) {
    self.x0 = min(x0, x1)
    self.y0 = min(y0, y1)
    self.x1 = max(x0, x1)
    self.y1 = max(y0, y1)
  }

  init(around p: Vector2, _ rx: Float, _ ry: Float) {
    self.init(p.x - rx, p.y - ry, p.x + rx, p.y + ry)
  }
}

/// The face seen from the front as a picture of its own: colour, gloss and relief.
///
/// Layers are painted into it one by one, each in its own box; the head then wears it in any pose.
final class FaceMap {
  /// The part of the face plane that the map shows.
  let extent: Box
  let texelsPerUnit: Float
  let width: Int
  let height: Int
  /// Linear RGB and, in w, gloss; undefined until the skin's base is painted.
  let colour: UnsafeMutablePointer<Vector4>
  /// Height of the relief over the smooth head.
  let relief: UnsafeMutablePointer<Float>
  /// Slopes of the relief (x, y), shade of hollows (z) and height (w); undefined until `finish`.
  let detail: UnsafeMutablePointer<Vector4>
  private let memory: (colour: Scratch<Vector4>, relief: Scratch<Float>, detail: Scratch<Vector4>)

  init(_ surface: HeadSurface, texelsPerUnit: Float) {
    self.texelsPerUnit = texelsPerUnit
    var box = Box(around: HeadSurface.middle, 0, 0)
    for p in surface.outline {
      box = Box(min(box.x0, p.x), min(box.y0, p.y), max(box.x1, p.x), max(box.y1, p.y))
    }
    extent = Box(box.x0 - 0.02, box.y0 - 0.02, box.x1 + 0.02, box.y1 + 0.02)
    width = Int((extent.x1 - extent.x0) * texelsPerUnit) + 2
    height = Int((extent.y1 - extent.y0) * texelsPerUnit) + 2
    let count = width * height
    memory = (Scratch(count), Scratch(count), Scratch(count))
    colour = memory.colour.base
    relief = memory.relief.base
    detail = memory.detail.base
    relief.initialize(repeating: 0, count: count)
  }

  var texel: Float { 1 / texelsPerUnit }

  @inline(__always) func x(_ column: Int) -> Float {
    extent.x0 + (Float(column) + 0.5) / texelsPerUnit
  }

  @inline(__always) func y(_ row: Int) -> Float {
    extent.y0 + (Float(row) + 0.5) / texelsPerUnit
  }

  /// Calls `body` with the index and place of every texel of a box.
  @inline(__always) func each(in box: Box, _ body: (Int, Float, Float) -> Void) {
    let scale = texelsPerUnit
    let left = max(0, Int((box.x0 - extent.x0) * scale - 0.5))
    let right = min(width - 1, Int(max(-1, (box.x1 - extent.x0) * scale)))
    let top = max(0, Int((box.y0 - extent.y0) * scale - 0.5))
    let bottom = min(height - 1, Int(max(-1, (box.y1 - extent.y0) * scale)))
    guard left <= right, top <= bottom else { return }
    for row in top...bottom {
      let py = y(row)
      for column in left...right { body(row * width + column, x(column), py) }
    }
  }

  /// Adds to the relief.
  @inline(__always) func raise(in box: Box, _ amount: (Float, Float) -> Float) {
    let target = relief
    each(in: box) { index, px, py in target[index] += amount(px, py) }
  }

  /// Adds an elliptical bump to the relief.
  func raise(_ p: Vector2, _ rx: Float, _ ry: Float, _ amount: Float) {
    raise(in: Box(around: p, rx, ry)) { px, py in
      let dx = (px - p.x) / rx
      let dy = (py - p.y) / ry
      return amount * bump(dx * dx + dy * dy)
    }
  }

  /// Covers texels with a colour; the body returns linear RGB and gloss, and the cover in 0...1.
  @inline(__always) func cover(in box: Box, _ body: (Float, Float) -> (Vector4, Float)) {
    let target = colour
    each(in: box) { index, px, py in
      let (paint, alpha) = body(px, py)
      if alpha > 0 { target[index] += (paint - target[index]) * alpha }
    }
  }

  /// Multiplies colours; the body returns the tint and how far it takes hold.
  @inline(__always) func tint(in box: Box, _ body: (Float, Float) -> (Vector3, Float)) {
    let target = colour
    each(in: box) { index, px, py in
      let (tint, alpha) = body(px, py)
      if alpha > 0 {
        let factor = mix(Vector3(repeating: 1), tint, alpha)
        target[index] *= Vector4(factor.x, factor.y, factor.z, 1)
      }
    }
  }

  /// Multiplies colours within an ellipse, softly.
  func tint(_ p: Vector2, _ rx: Float, _ ry: Float, _ tint: Vector3, _ strength: Float) {
    guard strength > 0 else { return }
    self.tint(in: Box(around: p, rx, ry)) { px, py in
      let dx = (px - p.x) / rx
      let dy = (py - p.y) / ry
      return (tint, strength * bump(dx * dx + dy * dy))
    }
  }

  /// The share of a texel that lies inside an edge at signed distance `d` (positive inside).
  @inline(__always) func inside(_ d: Float) -> Float { clamp(d * texelsPerUnit + 0.5) }
}

extension FaceMap {
  /// Derives slopes and hollows from the relief; call once, when all layers are painted.
  func finish() {
    let half = 0.5 * texelsPerUnit
    let reach = max(1, Int(0.05 * texelsPerUnit))
    // The Laplacian over `reach` texels, scaled so that it does not depend on the resolution.
    let hollow = 7 / (Float(reach) * texel)
    for row in 0..<height {
      let above = max(0, row - 1) * width
      let below = min(height - 1, row + 1) * width
      let farAbove = max(0, row - reach) * width
      let farBelow = min(height - 1, row + reach) * width
      for column in 0..<width {
        let index = row * width + column
        let left = max(0, column - 1)
        let right = min(width - 1, column + 1)
        let h = relief[index]
        let gx = (relief[row * width + right] - relief[row * width + left]) * half
        let gy = (relief[below + column] - relief[above + column]) * half
        let wide =
          relief[row * width + max(0, column - reach)]
          + relief[row * width + min(width - 1, column + reach)]
          + relief[farAbove + column] + relief[farBelow + column]
        let sunk = (0.25 * wide - h) * hollow
        detail[index] = Vector4(gx, gy, clamp(1 - 0.5 * max(0, sunk), 0.45, 1), h)
      }
    }
  }

  /// Returns colour and detail at a place of the face, bilinearly.
  @inline(__always) func sample(_ px: Float, _ py: Float) -> (colour: Vector4, detail: Vector4) {
    let fx = clamp((px - extent.x0) * texelsPerUnit - 0.5, 0, Float(width) - 1.001)
    let fy = clamp((py - extent.y0) * texelsPerUnit - 0.5, 0, Float(height) - 1.001)
    let column = Int(fx)
    let row = Int(fy)
    let tx = Vector4(repeating: fx - Float(column))
    let ty = Vector4(repeating: fy - Float(row))
    let i = row * width + column
    let c = colour + i
    let d = detail + i
    let topColour = c[0] + (c[1] - c[0]) * tx
    let bottomColour = c[width] + (c[width + 1] - c[width]) * tx
    let topDetail = d[0] + (d[1] - d[0]) * tx
    let bottomDetail = d[width] + (d[width + 1] - d[width]) * tx
    return (
      topColour + (bottomColour - topColour) * ty, topDetail + (bottomDetail - topDetail) * ty
    )
  }

  /// The relief's height at a place of the face.
  func heightAt(_ p: Vector2) -> Float { sample(p.x, p.y).detail.w }
}

/// A line drawn on the face: points, and a half width that can taper to the ends.
struct Crease {
  var points: [Vector2]
  var halfWidth: Float
  var taper: Float = 1

  /// A curve through three points, as a quadratic in its parameter.
  init(_ a: Vector2, _ b: Vector2, _ c: Vector2, halfWidth: Float, taper: Float = 1) {
    self.halfWidth = halfWidth
    self.taper = taper
    points = (0...6).map { step in
      let t = Float(step) / 6
      let wa = 2 * (t - 0.5) * (t - 1)
      let wb = -4 * t * (t - 1)
      let wc = 2 * t * (t - 0.5)
      return a * wa + b * wb + c * wc
    }
  }

  var box: Box {
    var box = Box(around: points[0], 0, 0)
    for p in points {
      box = Box(min(box.x0, p.x), min(box.y0, p.y), max(box.x1, p.x), max(box.y1, p.y))
    }
    let margin = halfWidth * 2
    return Box(box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin)
  }

  /// The squared distance in half widths, grown towards tapered ends.
  @inline(__always) func distance(_ px: Float, _ py: Float) -> Float {
    var best = Float.greatestFiniteMagnitude
    let count = points.count - 1
    let p = Vector2(px, py)
    points.withUnsafeBufferPointer { points in
      for index in 0..<count {
        let a = points[index]
        let edge = points[index + 1] - a
        let t = clamp(dot(p - a, edge) / max(1e-9, dot(edge, edge)))
        let gap = p - (a + edge * t)
        let along = (Float(index) + t) / Float(count) * 2 - 1
        let thick = halfWidth * (1 - taper * along * along * 0.85)
        best = min(best, dot(gap, gap) / (thick * thick))
      }
    }
    return best
  }
}

extension FaceMap {
  /// Folds the skin along a crease: a groove in the relief and a slight darkening.
  func fold(_ crease: Crease, depth: Float, shade: Float) {
    guard depth > 0.0005 || shade > 0.01 else { return }
    let target = colour
    let heights = relief
    let dark = Vector4(0.62, 0.5, 0.47, 1)
    each(in: crease.box) { index, px, py in
      let weight = bump(crease.distance(px, py) * 0.3)
      guard weight > 0 else { return }
      heights[index] -= depth * weight
      target[index] *= Vector4(repeating: 1) + (dark - 1) * (shade * weight)
    }
  }
}
