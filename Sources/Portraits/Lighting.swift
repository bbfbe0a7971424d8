/// The light that falls on a face.
public struct Lighting: Sendable, Equatable {
  /// Towards the key light, in picture axes (x right, y down, z to the camera); any length.
  public var direction: Vector3
  /// Linear RGB of the key light and of the light from everywhere.
  public var key: Vector3
  public var ambient: Vector3

  public init(direction: Vector3, key: Vector3, ambient: Vector3) {
    self.direction = direction
    self.key = key
    self.ambient = ambient
  }

  /// The even light of a laboratory.
  public static let laboratory = Lighting(
    direction: Vector3(0.1, -0.45, 1), key: Vector3(repeating: 0.62),
    ambient: Vector3(repeating: 0.46))
}

/// Shades skin and hair: wrapped diffuse light that reddens at its edge, a soft gloss, sky light.
struct Shader {
  let light: Vector3
  private let halfway: Vector3
  let key: Vector3
  let ambient: Vector3

  init(_ lighting: Lighting) {
    light = normalised(lighting.direction)
    halfway = normalised(light + Vector3(0, 0, 1))
    key = lighting.key
    ambient = lighting.ambient
  }

  /// Light wraps further round the terminator in red than in blue, as through skin.
  private static let wrap = Vector3(0.42, 0.26, 0.2)

  @inline(__always) func skin(
    _ albedo: Vector3, _ normal: Vector3, gloss: Float, hollow: Float
  ) -> Vector3 {
    let facing = dot(normal, light)
    let wrapped = (Vector3(repeating: facing) + Self.wrap) / (Self.wrap + 1)
    let diffuse = wrapped.replacing(with: 0, where: wrapped .< 0)
    let sky = 0.72 - 0.28 * normal.y
    let light = key * diffuse * hollow + ambient * (sky * hollow)
    let h = max(0, dot(normal, halfway))
    let h2 = h * h
    let h4 = h2 * h2
    let h8 = h4 * h4
    let h16 = h8 * h8
    let rim = 1 - max(0, normal.z)
    let shine = gloss * (0.1 * h8 + 0.16 * h16 * h8 + 0.1 * rim * rim * rim * max(0, facing + 0.4))
    return albedo * light + key * (shine * hollow)
  }

  /// Hair: strands lie along `strand`, and shine where they cross the halfway direction.
  @inline(__always) func hair(
    _ albedo: Vector3, _ normal: Vector3, _ strand: Vector3, _ shade: Float
  ) -> Vector3 {
    let facing = max(0, (dot(normal, light) + 0.35) / 1.35)
    let along = dot(strand, halfway)
    let ring = max(0, 1 - along * along)
    let r4 = ring * ring * ring * ring
    let r16 = r4 * r4 * r4 * r4
    let sky = 0.72 - 0.28 * normal.y
    let shine = (0.5 * r16 * r16 + 0.1) * facing
    let lit = key * facing + ambient * sky
    return (albedo * lit + (albedo * 0.6 + 0.03) * key * shine) * shade
  }
}
