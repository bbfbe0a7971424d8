import Imaging

/// A picture in linear light while it is being made; undefined until the backdrop is drawn.
final class Canvas {
  let width: Int
  let height: Int
  let pixels: UnsafeMutablePointer<Vector3>
  private let memory: Scratch<Vector3>

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    memory = Scratch(width * height)
    pixels = memory.base
  }

  @inline(__always) func blend(_ index: Int, _ colour: Vector3, _ alpha: Float) {
    pixels[index] += (colour - pixels[index]) * alpha
  }

  /// Calls `body` for every pixel of a rectangle that is clipped to the canvas.
  @inline(__always) func each(in box: Box, _ body: (Int, Float, Float) -> Void) {
    let x0 = Int(clamp(box.x0, 0, Float(width)))
    let x1 = Int(clamp(box.x1 + 1, 0, Float(width)))
    let y0 = Int(clamp(box.y0, 0, Float(height)))
    let y1 = Int(clamp(box.y1 + 1, 0, Float(height)))
    guard x0 < x1, y0 < y1 else { return }
    for y in y0..<y1 {
      for x in x0..<x1 { body(y * width + x, Float(x) + 0.5, Float(y) + 0.5) }
    }
  }
}
