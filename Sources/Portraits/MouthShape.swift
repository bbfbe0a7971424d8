/// The mouth: two lips around an opening, as curves over s from -1 (the left corner) to 1.
struct MouthShape {
  var left: Vector2
  var right: Vector2
  /// Height of the closed lips' line at its middle.
  var middle: Float
  /// Thickness of the red of each lip at its thickest.
  var upperLip: Float
  var lowerLip: Float
  /// How far each lip's inner edge stands from the line of closed lips, at the middle.
  var upperRaise: Float
  var lowerDrop: Float
  /// The whole upper lip is drawn up (disgust) without the corners.
  var lift: Float

  init(_ identity: Identity, _ units: ActionUnits) {
    let jaw = units[.jawDrop]
    let stretch = units[.lipStretcher]
    let tight = units[.lipTightener]
    let pull = [
      max(units[.lipCornerPuller], units[.rightLipCornerPuller]), units[.lipCornerPuller],
    ]
    let dimple = [units[.rightDimpler], 0]
    let depress = units[.lipCornerDepressor]
    let corners = (0..<2).map { index -> Vector2 in
      let x =
        identity.mouthWidth + 0.12 * pull[index] + 0.115 * stretch + 0.035 * dimple[index]
        - 0.045 * tight - 0.075 * jaw * (1 - stretch) + 0.012 * depress
      let y =
        identity.mouthHeight - identity.restCurve - 0.165 * pull[index] - 0.03 * dimple[index]
        + 0.105 * depress + 0.03 * stretch + 0.11 * jaw
      return Vector2(index == 0 ? -x : x, y)
    }
    left = corners[0]
    right = corners[1]
    let smile = 0.5 * (pull[0] + pull[1])
    middle = identity.mouthHeight - 0.01 * smile + 0.012 * stretch + 0.045 * jaw - 0.02 * depress
    lift = 0.075 * units[.noseWrinkler]
    let thin = (1 - 0.55 * tight) * (1 - 0.2 * smile) * (1 - 0.22 * stretch)
    upperLip = identity.upperLip * thin * (1 - 0.15 * jaw)
    lowerLip = identity.lowerLip * thin * (1 + 0.12 * units[.lowerLipDepressor])
    // A strong smile and a strong stretch draw the lips off the teeth.
    let parting = 0.18 * max(0, units[.lipCornerPuller] - 0.4) + 0.1 * max(0, stretch - 0.3)
    upperRaise = 0.5 * parting + 0.02 * jaw + 0.55 * lift
    lowerDrop =
      0.75 * parting + 0.3 * jaw + 0.115 * units[.lowerLipDepressor] + 0.012 * units[.noseWrinkler]
  }

  var centreX: Float { 0.5 * (left.x + right.x) }
  var halfWidth: Float { 0.5 * (right.x - left.x) }

  @inline(__always) func along(_ x: Float) -> Float { (x - centreX) / halfWidth }

  /// The line on which closed lips would meet.
  @inline(__always) func line(_ s: Float) -> Float {
    let q = max(0, 1 - s * s)
    let sag = middle - 0.5 * (left.y + right.y)
    return mix(left.y, right.y, 0.5 * (s + 1)) + sag * (0.65 * q + 0.35 * (1 - s * s * s * s))
  }

  @inline(__always) private func opening(_ s: Float) -> Float {
    let q = max(0, 1 - s * s)
    return 0.5 * q + 0.5 * q.squareRoot()
  }

  @inline(__always) func upperInner(_ s: Float) -> Float { line(s) - upperRaise * opening(s) }

  @inline(__always) func lowerInner(_ s: Float) -> Float { line(s) + lowerDrop * opening(s) }

  /// The upper edge with Cupid's bow.
  @inline(__always) func upperOuter(_ s: Float) -> Float {
    let q = max(0, 1 - s * s)
    let body = 0.55 * q + 0.3 * q.squareRoot()
    let peaks = 0.22 * (bump((s - 0.24) * (s - 0.24) / 0.16) + bump((s + 0.24) * (s + 0.24) / 0.16))
    let notch = 0.12 * bump(s * s / 0.03)
    return upperInner(s) - upperLip * (body + peaks - notch) - 0.5 * lift * q
  }

  @inline(__always) func lowerOuter(_ s: Float) -> Float {
    let q = max(0, 1 - s * s)
    return lowerInner(s) + lowerLip * (0.6 * q + 0.4 * q.squareRoot())
  }

  func point(_ s: Float, _ curve: (Float) -> Float) -> Vector2 {
    Vector2(centreX + s * halfWidth, curve(s))
  }
}

/// How strongly the skin folds and bulges beside the features, 0...1 each.
struct SkinFolds {
  var foreheadMiddle: Float
  var foreheadSides: Float
  var glabella: Float
  var noseRoot: Float
  var crowsFeet: Float
  var underEye: Float
  var cheek: Float
  /// Left and right in the picture.
  var nasolabial: [Float]
  var dimple: Float
  var cornerDown: Float
  var chin: Float
  var tight: Float

  init(_ identity: Identity, _ units: ActionUnits) {
    let old = identity.age * identity.age
    foreheadMiddle = 0.25 * old + units[.innerBrowRaiser] * (0.6 + 0.4 * identity.age)
    foreheadSides = 0.22 * old + units[.outerBrowRaiser] * (0.5 + 0.4 * identity.age)
    glabella = 0.22 * old + 0.95 * units[.browLowerer]
    noseRoot = units[.noseWrinkler]
    crowsFeet = 0.3 * old + units[.cheekRaiser] * (0.45 + 0.5 * identity.age)
    underEye = 0.25 * old + 0.8 * units[.cheekRaiser] + 0.6 * units[.lidTightener]
    cheek = max(units[.cheekRaiser], 0.7 * units[.lipCornerPuller])
    let pull = units[.lipCornerPuller]
    let right = max(pull, 0.8 * units[.rightLipCornerPuller])
    nasolabial = [right, pull].map {
      0.15 + 0.3 * old + 0.8 * $0 + 0.75 * units[.noseWrinkler] + 0.25 * units[.lipStretcher]
    }
    dimple = units[.rightDimpler]
    cornerDown = 0.2 * old + units[.lipCornerDepressor]
    chin = 0.6 * units[.lipCornerDepressor]
    tight = units[.lipTightener]
  }
}
