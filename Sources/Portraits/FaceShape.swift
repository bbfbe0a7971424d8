/// The outlines of a face's features, frontal and undistorted, as identity and action units set them.
///
/// Units: half face widths; x to the picture's right, y down, the origin midway between the eyes.
/// Index 0 of a pair is the feature on the picture's left (the person's right).
struct FaceShape {
  var eyes: [EyeShape]
  var brows: [BrowShape]
  var nose: NoseShape
  var mouth: MouthShape
  /// How far the chin hangs below its place at rest.
  var jawDrop: Float
  /// Strengths in 0...1 of what the skin does beside the features.
  var folds: SkinFolds

  init(_ identity: Identity, _ units: ActionUnits) {
    jawDrop = 0.3 * units[.jawDrop]
    eyes = [-1, 1].map { EyeShape(identity, units, side: $0) }
    brows = [-1, 1].map { BrowShape(identity, units, side: $0) }
    nose = NoseShape(identity, units)
    mouth = MouthShape(identity, units)
    folds = SkinFolds(identity, units)
  }
}

/// One eye: two lid curves between the corners, and the iris behind them.
struct EyeShape {
  /// -1 for the eye on the picture's left.
  var side: Float
  var centre: Vector2
  var halfWidth: Float
  /// Heights of the lids' peaks above and below the line of the corners.
  var upper: Float
  var lower: Float
  var tilt: Float
  var crease: Float
  var irisRadius: Float = 0.098

  init(_ identity: Identity, _ units: ActionUnits, side: Float) {
    self.side = side
    centre = Vector2(side * identity.eyeSpacing, side * identity.asymmetry)
    halfWidth = identity.eyeWidth
    let raise = 0.062 * units[.upperLidRaiser]
    let tighten = 0.036 * units[.lidTightener] + 0.022 * units[.cheekRaiser]
    let squint = 0.02 * units[.noseWrinkler] + 0.012 * units[.browLowerer]
    let smile = 0.02 * units[.cheekRaiser] * units[.lipCornerPuller]
    upper = max(0.02, 0.088 * identity.eyeOpening + raise - 0.5 * tighten - squint - smile)
    lower =
      0.062 * identity.eyeOpening - 0.75 * tighten - 0.5 * squint - smile
      + 0.012 * units[.upperLidRaiser]
    lower = max(0.008, lower)
    tilt = identity.eyeTilt
    crease = identity.lidCrease * (1 - 0.55 * units[.upperLidRaiser])
  }

  /// The position along the eye, -1 at the inner corner and 1 at the outer.
  @inline(__always) func along(_ x: Float) -> Float { side * (x - centre.x) / halfWidth }

  @inline(__always) func axis(_ s: Float) -> Float { centre.y - tilt * s }

  @inline(__always) func upperLid(_ s: Float) -> Float {
    let q = max(0, 1 - s * s)
    return axis(s) - upper * (0.45 * q + 0.55 * q.squareRoot()) * (1 - 0.14 * s)
  }

  @inline(__always) func lowerLid(_ s: Float) -> Float {
    let q = max(0, 1 - s * s)
    return axis(s) + lower * (0.7 * q + 0.3 * q.squareRoot()) * (1 + 0.16 * s)
  }

  func point(_ s: Float, upper isUpper: Bool) -> Vector2 {
    Vector2(centre.x + side * s * halfWidth, isUpper ? upperLid(s) : lowerLid(s))
  }
}

/// One eyebrow: a centre line from the inner end (s = 0) to the outer (s = 1), and a thickness.
struct BrowShape {
  var side: Float
  var inner: Vector2
  var outer: Vector2
  /// How far the middle stands above the straight line between the ends.
  var arch: Float
  var thickness: Float

  init(_ identity: Identity, _ units: ActionUnits, side: Float) {
    self.side = side
    let innerRaise = units[.innerBrowRaiser]
    let outerRaise = units[.outerBrowRaiser]
    let lower = units[.browLowerer]
    let nose = units[.noseWrinkler]
    let x = identity.eyeSpacing - 0.265 - 0.05 * lower
    let outerX = identity.eyeSpacing + 0.3
    let height = -identity.browHeight
    // A brow that is both raised and lowered (fear, sadness) rises and draws together.
    let y =
      height + 0.055 - 0.135 * innerRaise - 0.03 * outerRaise
      + 0.105 * lower * (1 - 0.6 * innerRaise) + 0.05 * nose
    let outerY =
      height + 0.05 - 0.115 * outerRaise + 0.02 * lower + 0.012 * innerRaise + 0.012 * nose
    inner = Vector2(side * x, y + side * identity.asymmetry)
    outer = Vector2(side * outerX, outerY + side * identity.asymmetry)
    arch =
      identity.browArch + 0.045 * outerRaise - 0.02 * lower - 0.045 * innerRaise * (1 - outerRaise)
    thickness = identity.browThickness * (1 + 0.12 * lower)
  }

  @inline(__always) func along(_ x: Float) -> Float { (x - inner.x) / (outer.x - inner.x) }

  /// The centre line's height; the arch peaks two thirds outward.
  @inline(__always) func centre(_ s: Float) -> Float {
    let rise = 4 * s * (1 - s) * (0.75 + 0.5 * s)
    return mix(inner.y, outer.y, s) - arch * rise
  }

  @inline(__always) func halfThickness(_ s: Float) -> Float {
    let tail = 1 - smoothStep(0.45, 1.05, s) * 0.8
    return 0.5 * thickness * tail * smoothStep(-0.1, 0.12, s)
  }

  func point(_ s: Float) -> Vector2 {
    Vector2(mix(inner.x, outer.x, s), centre(s))
  }
}

/// The nose: tip, wings and the wrinkles of its root.
struct NoseShape {
  var width: Float
  var length: Float
  var height: Float
  /// How far the wings are drawn up and apart (AU9).
  var raise: Float
  var bridgeTop: Float = -0.16

  init(_ identity: Identity, _ units: ActionUnits) {
    let wrinkle = units[.noseWrinkler]
    raise = 0.055 * wrinkle
    width = identity.noseWidth * (1 + 0.1 * wrinkle + 0.05 * units[.lipCornerPuller])
    length = identity.noseLength - 0.02 * wrinkle
    height = identity.noseHeight
  }

  var tip: Vector2 { Vector2(0, length) }
  func wing(_ side: Float) -> Vector2 { Vector2(side * width, length + 0.05 - raise) }
  func nostril(_ side: Float) -> Vector2 {
    Vector2(side * width * 0.5, length + 0.105 - 0.6 * raise)
  }
  var base: Vector2 { Vector2(0, length + 0.135) }
}
