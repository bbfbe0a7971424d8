import Platform

/// The conditions under which pictures are taken.
public enum Look: String, CaseIterable, Sendable {
  /// Colour, any pose, light, background and disturbance.
  case wild = "in-the-wild"
  /// Grey, frontal, even light, a plain wall.
  case laboratory
}

/// An occlusion of a part of the face.
public enum Occluder: Int, CaseIterable, Sendable { case hand, scarf, card, strands }

/// Everything of one picture that is neither the person nor the expression.
public struct Conditions: Sendable, Equatable {
  public var pose = Pose()
  /// The irises' shift in units of the face.
  var gaze = Vector2()
  public var lighting = Lighting.laboratory
  /// Seed of the background's content, and of every fine texture outside the face.
  var scene: UInt32 = 1
  var noiseSeed: UInt32 = 1
  var plainBackdrop = true
  var backdrop = [Vector3(repeating: 0.3), Vector3(repeating: 0.22)]
  public var occluder: Occluder?
  /// Side of the occluder, -1 or 1, and how far it comes in, 0...1.
  var occluderSide: Float = 1
  var occluderReach: Float = 0.5
  /// Standard deviation of the lens blur in pixels.
  var blur: Float = 0
  /// Standard deviation of the sensor's noise in grey levels.
  var noise: Float = 0
  var exposure: Float = 1
  public var isGrey = false
  /// The JPEG quality the picture asks to be stored with.
  public var quality = 92

  public init() {}

  /// Draws the conditions of one picture; `strength` scales every disturbance, 0 for none.
  public init(_ look: Look, strength: Float, from generator: inout SeededGenerator) {
    scene = UInt32(truncatingIfNeeded: generator.next())
    noiseSeed = scene
    switch look {
    case .wild: drawWild(strength, &generator)
    case .laboratory: drawLaboratory(strength, &generator)
    }
  }

  private mutating func drawWild(_ strength: Float, _ generator: inout SeededGenerator) {
    pose.yaw = clamp(0.17 * generator.bell(), -0.44, 0.44) * strength
    pose.pitch = clamp(0.09 * generator.bell(), -0.2, 0.22) * strength
    pose.roll = clamp(0.1 * generator.bell(), -0.3, 0.3) * strength
    gaze = Vector2(0.03 * generator.bell(), 0.012 * generator.bell()) * min(1, strength)
    drawLight(strength, &generator)
    plainBackdrop = false
    backdrop = (0..<5).map { _ in
      let level = generator.between(0.02, 0.75)
      let hue = Vector3(
        generator.between(0.6, 1.3), generator.between(0.7, 1.2), generator.between(0.5, 1.4))
      return hue * level
    }
    if generator.chance(Double(0.16 * strength)) {
      occluder = generator.pick(Occluder.allCases)
    }
    occluderSide = generator.chance(0.5) ? 1 : -1
    occluderReach = generator.between(0.1, 1)
    blur = generator.chance(0.4) ? generator.between(0.3, 1.1) * strength : 0.25
    noise = generator.between(0.5, 5) * strength
    exposure = max(0.4, 1 + 0.16 * generator.bell() * strength)
    isGrey = generator.chance(0.04)
    quality = 96 - Int(generator.between(0, 34) * min(1, strength))
  }

  private mutating func drawLight(_ strength: Float, _ generator: inout SeededGenerator) {
    let aside = clamp(0.55 * generator.bell(), -1.3, 1.3) * strength
    let height = generator.between(-1.0, 0.15) * max(0.3, min(1, strength))
    let warmth = generator.between(-1, 1) * 0.16 * strength
    let balance = generator.between(0.25, 0.62)
    let tint = Vector3(1 + warmth, 1, 1 - 1.2 * warmth)
    let fill = Vector3(1 - 0.3 * warmth, 1, 1 + 0.5 * warmth)
    lighting = Lighting(
      direction: Vector3(aside, height, 1), key: tint * (1.16 - balance), ambient: fill * balance)
  }

  private mutating func drawLaboratory(_ strength: Float, _ generator: inout SeededGenerator) {
    pose.yaw = 0.025 * generator.bell() * strength
    pose.pitch = 0.025 * generator.bell() * strength
    pose.roll = 0.02 * generator.bell() * strength
    gaze = Vector2(0.004 * generator.bell(), 0)
    lighting = .laboratory
    lighting.direction.x += 0.2 * generator.bell() * strength
    let wall = generator.between(0.12, 0.4)
    backdrop = [Vector3(repeating: wall), Vector3(repeating: wall * 0.8)]
    noise = 1.2 * strength
    blur = generator.between(0.4, 0.9)
    exposure = 1 + 0.08 * generator.bell() * strength
    isGrey = true
  }
}

extension ActionUnits {
  /// Draws an expression: the prototype's units each with an intensity of its own, and a little of
  /// others.
  /// - Parameter intensity: The range of the prototype's units.
  /// - Parameter stray: The largest intensity of units that do not belong to it.
  public init(
    _ prototype: Prototype, intensity: ClosedRange<Float>, stray: Float,
    from generator: inout SeededGenerator
  ) {
    self.init()
    let common = generator.between(intensity.lowerBound, intensity.upperBound)
    for unit in ActionUnit.allCases {
      let own = generator.between(intensity.lowerBound, intensity.upperBound)
      let other = generator.unit()
      // Few stray actions are strong: the square keeps most near zero.
      self[unit] =
        prototype.units.contains(unit) ? 0.6 * common + 0.4 * own : stray * Float(other * other)
    }
    // The one-sided units are no accident of a face: only contempt has them.
    if prototype != .contempt {
      self[.rightLipCornerPuller] = 0
      self[.rightDimpler] = 0
    }
  }
}

extension Conditions {
  /// Gives the sensor's noise another seed, as between the frames of one take.
  public mutating func reseedNoise(_ number: UInt32) {
    noiseSeed = scene &* 0x9E37_79B1 &+ number &* 0x85EB_CA77
  }
}
