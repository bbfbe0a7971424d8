/// What the camera sees of a mesh: for each pixel the nearest surface, and how much it covers.
///
/// Coverage is counted on eight samples a pixel; the surface itself is taken at the pixel's middle.
final class SurfaceBuffer {
  let left: Int
  let top: Int
  let width: Int
  let height: Int
  private let depth: UnsafeMutablePointer<Float>
  private let samples: UnsafeMutablePointer<UInt8>
  /// Set only where `samples` is not 0.
  private let surfaces: UnsafeMutablePointer<Surface>
  private let memory: (depth: Scratch<Float>, samples: Scratch<UInt8>, surfaces: Scratch<Surface>)

  /// The nearest surface at a pixel.
  struct Surface {
    var place: Vector4
    var normal: Vector3
  }

  /// Draws `mesh` into a buffer just large enough, clipped to the picture.
  init(_ mesh: Mesh, _ camera: Camera, width pictureWidth: Int, height pictureHeight: Int) {
    let screen = mesh.positions.map { camera.project($0) }
    var low = Vector2(repeating: .greatestFiniteMagnitude)
    var high = -low
    for p in screen {
      low = pointwiseMin(low, Vector2(p.x, p.y))
      high = pointwiseMax(high, Vector2(p.x, p.y))
    }
    left = min(pictureWidth, max(0, Int(low.x) - 1))
    top = min(pictureHeight, max(0, Int(low.y) - 1))
    width = max(0, min(pictureWidth, Int(high.x) + 2) - left)
    height = max(0, min(pictureHeight, Int(high.y) + 2) - top)
    let count = max(1, width * height)
    memory = (Scratch(count), Scratch(count), Scratch(count))
    depth = memory.depth.base
    samples = memory.samples.base
    surfaces = memory.surfaces.base
    depth.initialize(repeating: -.greatestFiniteMagnitude, count: count)
    samples.initialize(repeating: 0, count: count)
    guard width > 0, height > 0 else { return }
    let shift = Vector3(Float(left), Float(top), 0)
    let corners = screen.indices.map { index in
      Corner(
        screen: screen[index] - shift, place: mesh.places[index],
        normal: camera.rotated(mesh.normals[index]))
    }
    corners.withUnsafeBufferPointer { corners in
      for (a, b, c) in mesh.triangles {
        draw(corners[Int(a)], corners[Int(b)], corners[Int(c)])
      }
    }
  }

  /// The surface at a pixel and the share of the pixel that is covered, or nil where none is.
  @inline(__always) subscript(column: Int, row: Int) -> (surface: Surface, coverage: Float)? {
    let index = row * width + column
    guard samples[index] != 0 else { return nil }
    return (surfaces[index], Float(samples[index].nonzeroBitCount) * 0.125)
  }

  /// Whether this buffer's surface at one of its pixels lies clearly behind another buffer's.
  @inline(__always) func isBehind(_ other: SurfaceBuffer, _ column: Int, _ row: Int) -> Bool {
    let x = column + left - other.left
    let y = row + top - other.top
    guard x >= 0, y >= 0, x < other.width, y < other.height else { return false }
    return depth[row * width + column] < other.depth[y * other.width + x] - 0.15
  }

  /// A vertex as the camera sees it.
  private struct Corner {
    var screen: Vector3
    var place: Vector4
    var normal: Vector3
  }

  private func draw(_ cornerA: Corner, _ cornerB: Corner, _ cornerC: Corner) {
    let (a, b, c) = (cornerA.screen, cornerB.screen, cornerC.screen)
    let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
    guard area > 1e-6 else { return }
    let x0 = max(0, Int(min(a.x, b.x, c.x) - 0.5))
    let x1 = min(width - 1, Int(max(-1, max(a.x, b.x, c.x) + 0.5)))
    let y0 = max(0, Int(min(a.y, b.y, c.y) - 0.5))
    let y1 = min(height - 1, Int(max(-1, max(a.y, b.y, c.y) + 0.5)))
    guard x0 <= x1, y0 <= y1 else { return }
    let edges = (Edge(b, c), Edge(c, a), Edge(a, b))
    let inverse = 1 / area
    for row in y0...y1 {
      for column in x0...x1 {
        let p = Vector2(Float(column) + 0.5, Float(row) + 0.5)
        let e = Vector3(edges.0.at(p), edges.1.at(p), edges.2.at(p))
        let bits = Self.covered(e, edges)
        guard bits != 0 else { continue }
        let index = row * width + column
        samples[index] |= bits
        var w = e * inverse
        if bits != 0xFF {
          // At an edge the pixel's middle may lie outside: take the nearest place inside.
          w = Vector3(max(0, w.x), max(0, w.y), max(0, w.z))
          w /= max(1e-6, w.x + w.y + w.z)
        }
        let z = w.x * a.z + w.y * b.z + w.z * c.z
        guard z > depth[index] else { continue }
        depth[index] = z
        surfaces[index] = Surface(
          place: cornerA.place * w.x + cornerB.place * w.y + cornerC.place * w.z,
          normal: cornerA.normal * w.x + cornerB.normal * w.y + cornerC.normal * w.z)
      }
    }
  }

  /// Which of the eight samples lie inside all three edges.
  @inline(__always) private static func covered(
    _ e: Vector3, _ edges: (Edge, Edge, Edge)
  ) -> UInt8 {
    if e.x < -edges.0.reach || e.y < -edges.1.reach || e.z < -edges.2.reach { return 0 }
    if e.x >= edges.0.reach, e.y >= edges.1.reach, e.z >= edges.2.reach { return 0xFF }
    // Eight places within a pixel, no two on one row or column.
    let offsetX = SIMD8<Float>(
      -0.4375, -0.3125, -0.1875, -0.0625, 0.0625, 0.1875, 0.3125, 0.4375)
    let offsetY = SIMD8<Float>(
      -0.0625, 0.3125, -0.3125, 0.1875, -0.4375, 0.4375, -0.1875, 0.0625)
    let inside =
      edges.0.along(offsetX, offsetY) .>= -e.x
      .& edges.1.along(offsetX, offsetY) .>= -e.y
      .& edges.2.along(offsetX, offsetY) .>= -e.z
    let weights = SIMD8<Int32>(1, 2, 4, 8, 16, 32, 64, 128)
    let bits = SIMD8<Int32>().replacing(with: weights, where: inside).wrappedSum()
    return UInt8(truncatingIfNeeded: bits)
  }
}

/// The signed distance from a triangle's edge, times the edge's length; positive inside.
private struct Edge {
  let gradient: Vector2
  let origin: Vector2
  /// The largest value an offset within half a pixel can add.
  let reach: Float

  init(_ a: Vector3, _ b: Vector3) {
    gradient = Vector2(a.y - b.y, b.x - a.x)
    origin = Vector2(a.x, a.y)
    reach = 0.5 * (abs(gradient.x) + abs(gradient.y))
  }

  @inline(__always) func at(_ p: Vector2) -> Float { dot(gradient, p - origin) }

  @inline(__always) func along(_ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
    x * gradient.x + y * gradient.y
  }
}
