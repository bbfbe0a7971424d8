import Platform

public typealias Vector2 = SIMD2<Float>
public typealias Vector3 = SIMD3<Float>
typealias Vector4 = SIMD4<Float>

// Every function here uses only +, -, *, / and the square root, which IEEE 754 rounds in one way:
// the pictures are the same bits on every machine, whatever its mathematics library.

@inline(__always) func clamp(_ x: Float, _ low: Float = 0, _ high: Float = 1) -> Float {
  x < low ? low : (x > high ? high : x)
}

@inline(__always) func mix(_ a: Float, _ b: Float, _ t: Float) -> Float { a + (b - a) * t }

@inline(__always) func mix(_ a: Vector2, _ b: Vector2, _ t: Float) -> Vector2 { a + (b - a) * t }

@inline(__always) func mix(_ a: Vector3, _ b: Vector3, _ t: Float) -> Vector3 { a + (b - a) * t }

/// The cubic ramp from 0 at `low` to 1 at `high`; falls instead where `low > high`.
@inline(__always) func smoothStep(_ low: Float, _ high: Float, _ x: Float) -> Float {
  let t = clamp((x - low) / (high - low))
  return t * t * (3 - 2 * t)
}

/// A smooth bump of compact support: 1 at 0, 0 from 1 on, twice differentiable.
/// - Parameter q: The squared distance in units of the radius.
@inline(__always) func bump(_ q: Float) -> Float {
  guard q < 1 else { return 0 }
  let t = 1 - q
  return t * t * t
}

@inline(__always) func dot(_ a: Vector2, _ b: Vector2) -> Float { a.x * b.x + a.y * b.y }

@inline(__always) func dot(_ a: Vector3, _ b: Vector3) -> Float {
  a.x * b.x + a.y * b.y + a.z * b.z
}

@inline(__always) func length(_ a: Vector2) -> Float { dot(a, a).squareRoot() }

@inline(__always) func normalised(_ a: Vector3) -> Vector3 {
  a / max(1e-9, dot(a, a).squareRoot())
}

@inline(__always) func cross(_ a: Vector3, _ b: Vector3) -> Vector3 {
  Vector3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// Sine and cosine of an angle in radians, |angle| <= pi, by Taylor polynomials in double.
func sineCosine(_ angle: Float) -> (sine: Float, cosine: Float) {
  let half = Double(angle) / 2
  let q = half * half
  // Degrees 15 and 16 on |half| <= pi/2 leave an error below 1e-10.
  let sine =
    half
    * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110 * (1 - q / 156))))))
  let cosine =
    1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90 * (1 - q / 132)))))
  return (Float(2 * sine * cosine), Float(cosine * cosine - sine * sine))
}

/// The greatest whole number not above `x`; compilers turn it into two instructions.
@inline(__always) func wholeBelow(_ x: Float) -> Int32 {
  let truncated = Int32(x)
  return Float(truncated) > x ? truncated &- 1 : truncated
}

/// A fixed scramble of lattice coordinates to a value in [0, 1).
@inline(__always) func latticeValue(_ x: Int32, _ y: Int32, _ seed: UInt32) -> Float {
  var h = UInt32(bitPattern: x) &* 0x9E37_79B1
  h ^= UInt32(bitPattern: y) &* 0x85EB_CA77
  h = (h ^ seed) &* 0xC2B2_AE3D
  h ^= h >> 15
  h = h &* 0x27D4_EB2F
  h ^= h >> 13
  return Float(h >> 8) * 0x1p-24
}

/// Smooth noise in [0, 1) with features of size 1.
@inline(__always) func valueNoise(_ x: Float, _ y: Float, _ seed: UInt32) -> Float {
  let ix = wholeBelow(x)
  let iy = wholeBelow(y)
  let tx = x - Float(ix)
  let ty = y - Float(iy)
  let sx = tx * tx * (3 - 2 * tx)
  let sy = ty * ty * (3 - 2 * ty)
  let top = mix(latticeValue(ix, iy, seed), latticeValue(ix &+ 1, iy, seed), sx)
  let bottom = mix(latticeValue(ix, iy &+ 1, seed), latticeValue(ix &+ 1, iy &+ 1, seed), sx)
  return mix(top, bottom, sy)
}

/// `valueNoise` along one row: lattice values are kept while x stays in their cell.
struct NoiseRow {
  private let row: Int32
  private let sy: Float
  private let seed: UInt32
  private var column = Int32.min
  private var left: Float = 0
  private var right: Float = 0

  init(_ y: Float, _ seed: UInt32) {
    row = wholeBelow(y)
    let ty = y - Float(row)
    sy = ty * ty * (3 - 2 * ty)
    self.seed = seed
  }

  @inline(__always) mutating func at(_ x: Float) -> Float {
    let cell = wholeBelow(x)
    if cell != column {
      column = cell
      left = mix(latticeValue(cell, row, seed), latticeValue(cell, row &+ 1, seed), sy)
      right = mix(latticeValue(cell &+ 1, row, seed), latticeValue(cell &+ 1, row &+ 1, seed), sy)
    }
    let t = x - Float(cell)
    return mix(left, right, t * t * (3 - 2 * t))
  }
}

extension SeededGenerator {
  /// A uniform value in [low, high).
  mutating func between(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(unit())
  }

  /// A bell-shaped value of mean 0 and variance 1, within +-3.5: the sum of four uniform draws.
  mutating func bell() -> Float {
    let sum = unit() + unit() + unit() + unit()
    return Float((sum - 2) * 1.7320508075688772)
  }

  /// One element of a list that is not empty.
  mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}
