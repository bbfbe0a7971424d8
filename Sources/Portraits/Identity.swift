import Platform

/// How a head of hair is cut.
public enum HairStyle: Int, CaseIterable, Sendable {
  case bald, cropped, short, parted, fringe, long, longParted, curly
}

/// How a beard is worn.
public enum BeardStyle: Int, CaseIterable, Sendable { case none, stubble, moustache, goatee, full }

/// Everything about a person that stays from picture to picture.
///
/// Units: lengths in half face widths (about 69 mm), factors around 1, colours linear RGB in 0...1.
public struct Identity: Sendable, Equatable {
  var lowerLength: Float = 1
  var foreheadLength: Float = 1
  var jawWidth: Float = 1
  var chinWidth: Float = 1
  var fullness: Float = 0
  var eyeSpacing: Float = 0.46
  var eyeWidth: Float = 0.215
  var eyeOpening: Float = 1
  var eyeTilt: Float = 0.02
  var lidCrease: Float = 0.075
  var browHeight: Float = 0.31
  var browArch: Float = 0.05
  var browThickness: Float = 0.05
  var noseWidth: Float = 0.19
  var noseLength: Float = 0.6
  var noseHeight: Float = 0.34
  var mouthWidth: Float = 0.38
  var mouthHeight: Float = 1.03
  var upperLip: Float = 0.075
  var lowerLip: Float = 0.1
  var restCurve: Float = 0
  var asymmetry: Float = 0
  var skin = Vector3(0.7, 0.45, 0.34)
  var lip = Vector3(0.5, 0.2, 0.19)
  var iris = Vector3(0.12, 0.07, 0.03)
  var hair = Vector3(0.04, 0.03, 0.02)
  var brow = Vector3(0.04, 0.03, 0.02)
  var hairStyle = HairStyle.short
  var beard = BeardStyle.none
  var age: Float = 0.3
  var freckles: Float = 0
  var liner: Float = 0
  public private(set) var wearsGlasses = false
  var roundGlasses = false
  var frame = Vector3(0.02, 0.02, 0.02)
  var cloth = Vector3(0.2, 0.25, 0.4)
  var texture: UInt32 = 1
  /// 0 male, 1 female, as RAF-DB counts; it only steers hair, beard and lips.
  public private(set) var gender = 0
  /// 0 Caucasian, 1 African-American, 2 Asian, as RAF-DB counts; it only steers the palette.
  public private(set) var group = 0

  /// RAF-DB's age band: 0-3, 4-19, 20-39, 40-69, 70 and more years.
  public var ageBand: Int { age < 0.12 ? 1 : (age < 0.5 ? 2 : (age < 0.85 ? 3 : 4)) }

  /// The average face.
  public init() {}

  /// Draws a person.
  public init(from generator: inout SeededGenerator) {
    texture = UInt32(truncatingIfNeeded: generator.next())
    gender = generator.below(2)
    group = generator.pick([0, 0, 0, 1, 2, 2])
    age = generator.between(0.08, 1)
    drawShape(&generator)
    drawFeatures(&generator)
    drawColours(&generator)
    drawStyle(&generator)
  }

  private mutating func drawShape(_ generator: inout SeededGenerator) {
    lowerLength = 1 + 0.035 * generator.bell()
    foreheadLength = 1 + 0.03 * generator.bell()
    jawWidth = (gender == 0 ? 1.02 : 0.95) + 0.035 * generator.bell()
    chinWidth = (gender == 0 ? 1.1 : 0.92) + 0.08 * generator.bell()
    fullness = clamp(0.3 * generator.bell(), -0.6, 0.8)
    asymmetry = 0.008 * generator.bell()
  }

  private mutating func drawFeatures(_ generator: inout SeededGenerator) {
    eyeSpacing = 0.46 + 0.018 * generator.bell()
    eyeWidth = 0.218 + 0.011 * generator.bell()
    eyeOpening = clamp(1 + 0.1 * generator.bell() - (group == 2 ? 0.12 : 0), 0.7, 1.25)
    eyeTilt = 0.02 + 0.018 * generator.bell() + (group == 2 ? 0.02 : 0)
    lidCrease = group == 2 ? generator.between(0.02, 0.06) : generator.between(0.05, 0.1)
    browHeight = 0.315 + 0.022 * generator.bell()
    browArch = clamp(0.05 + 0.018 * generator.bell() + (gender == 1 ? 0.01 : -0.01), 0.01, 0.1)
    browThickness = clamp((gender == 0 ? 0.066 : 0.05) + 0.009 * generator.bell(), 0.03, 0.09)
    noseWidth = 0.185 + 0.015 * generator.bell() + (group == 1 ? 0.035 : 0)
    noseLength = 0.6 + 0.035 * generator.bell()
    noseHeight = clamp(0.34 + 0.04 * generator.bell() - (group == 0 ? 0 : 0.05), 0.22, 0.45)
    mouthWidth = 0.375 + 0.022 * generator.bell()
    mouthHeight = 1.03 + 0.025 * generator.bell()
    upperLip = clamp(0.068 + 0.014 * generator.bell() + (group == 1 ? 0.03 : 0), 0.04, 0.13)
    lowerLip = clamp(0.096 + 0.015 * generator.bell() + (group == 1 ? 0.03 : 0), 0.06, 0.16)
    restCurve = 0.008 * generator.bell()
  }

  private mutating func drawColours(_ generator: inout SeededGenerator) {
    let melanin: Float =
      switch group {
      case 1: generator.between(0.55, 0.95)
      case 2: generator.between(0.12, 0.45)
      default: generator.between(0, 0.4)
      }
    let warmth = generator.between(-1, 1)
    skin = Palette.skin(melanin: melanin, warmth: warmth)
    lip = skin * Vector3(0.82, 0.5, 0.52)
    if gender == 1, generator.chance(0.4) {
      let stick = Vector3(generator.between(0.3, 0.6), 0.05, generator.between(0.06, 0.16))
      lip = mix(lip, stick, generator.between(0.4, 0.9))
      liner = generator.between(0.2, 1)
    }
    iris = Palette.iris(&generator, dark: group != 0)
    hair = Palette.hair(&generator, dark: group != 0, age: age)
    brow = mix(hair, Vector3(0.024, 0.016, 0.011), 0.72)
    cloth = Vector3(generator.between(0.02, 0.7), generator.between(0.02, 0.6), 0)
    cloth.z = generator.between(0.02, 0.7)
    freckles = group == 0 && generator.chance(0.25) ? generator.between(0.3, 1) : 0
  }

  private mutating func drawStyle(_ generator: inout SeededGenerator) {
    hairStyle =
      gender == 0
      ? generator.pick([.bald, .cropped, .cropped, .short, .short, .parted, .fringe, .curly])
      : generator.pick([.short, .parted, .fringe, .long, .long, .longParted, .longParted, .curly])
    if gender == 0, age > 0.15, generator.chance(0.45) {
      beard = generator.pick([.stubble, .stubble, .moustache, .goatee, .full])
    }
    wearsGlasses = generator.chance(0.18)
    roundGlasses = generator.chance(0.4)
    let dark = generator.between(0.01, 0.12)
    frame = Vector3(dark, dark * generator.between(0.5, 1), dark * generator.between(0.3, 1))
  }
}

/// Colours of skin, eyes and hair, in linear RGB.
enum Palette {
  private static let palest = Vector3(0.78, 0.50, 0.39)
  private static let darkest = Vector3(0.085, 0.042, 0.026)

  /// Melanin in 0...1 mixes in square-root space, near to how the eye steps; warmth in -1...1.
  static func skin(melanin: Float, warmth: Float) -> Vector3 {
    let root = mix(palest.squareRoot(), darkest.squareRoot(), melanin)
    return root * root * Vector3(1 + 0.04 * warmth, 1, 1 - 0.1 * warmth)
  }

  static func iris(_ generator: inout SeededGenerator, dark: Bool) -> Vector3 {
    let brown = Vector3(0.10, 0.05, 0.022)
    if dark { return brown * generator.between(0.35, 1) }
    let choices = [
      brown, Vector3(0.18, 0.10, 0.04), Vector3(0.10, 0.20, 0.34), Vector3(0.14, 0.20, 0.10),
      Vector3(0.2, 0.25, 0.29),
    ]
    return generator.pick(choices) * generator.between(0.8, 1.3)
  }

  static func hair(_ generator: inout SeededGenerator, dark: Bool, age: Float) -> Vector3 {
    let black = Vector3(0.014, 0.011, 0.010)
    let choices = [
      black, Vector3(0.05, 0.028, 0.014), Vector3(0.11, 0.06, 0.028), Vector3(0.34, 0.22, 0.10),
      Vector3(0.25, 0.08, 0.025),
    ]
    let natural = dark ? black * generator.between(0.8, 2) : generator.pick(choices)
    let grey = Vector3(0.42, 0.41, 0.40)
    return mix(natural, grey, age > 0.6 ? generator.between(0, (age - 0.6) * 2.4) : 0)
  }
}
