/// The facial actions that the renderer knows, after the Facial Action Coding System.
///
/// Sides are the person's own: the right corner of the mouth lies on the picture's left.
public enum ActionUnit: Int, CaseIterable, Sendable {
  case innerBrowRaiser, outerBrowRaiser, browLowerer, upperLidRaiser, cheekRaiser, lidTightener
  case noseWrinkler, lipCornerPuller, rightLipCornerPuller, rightDimpler, lipCornerDepressor
  case lowerLipDepressor, lipStretcher, lipTightener, jawDrop

  /// The unit's number in the coding system.
  public var number: Int {
    switch self {
    case .innerBrowRaiser: 1
    case .outerBrowRaiser: 2
    case .browLowerer: 4
    case .upperLidRaiser: 5
    case .cheekRaiser: 6
    case .lidTightener: 7
    case .noseWrinkler: 9
    case .lipCornerPuller, .rightLipCornerPuller: 12
    case .rightDimpler: 14
    case .lipCornerDepressor: 15
    case .lowerLipDepressor: 16
    case .lipStretcher: 20
    case .lipTightener: 23
    case .jawDrop: 26
    }
  }

  /// The unit's code: `12`, or `R12` where only the person's right side acts.
  public var code: String {
    self == .rightLipCornerPuller || self == .rightDimpler ? "R\(number)" : "\(number)"
  }
}

/// An intensity in 0...1 for each action unit: all the renderer knows of an expression.
public struct ActionUnits: Sendable, Equatable {
  private var values = [Float](repeating: 0, count: ActionUnit.allCases.count)

  /// The face at rest.
  public init() {}

  public init(_ intensities: [ActionUnit: Float]) {
    for (unit, value) in intensities { self[unit] = value }
  }

  /// A unit's intensity, held to 0...1.
  public subscript(unit: ActionUnit) -> Float {
    get { values[unit.rawValue] }
    set { values[unit.rawValue] = clamp(newValue) }
  }

  /// The units that act with at least `threshold`, in the coding system's order.
  public func active(above threshold: Float = 0) -> [ActionUnit] {
    ActionUnit.allCases.filter { self[$0] > threshold }
  }

  /// All intensities times `factor`: the same expression, weaker.
  public func scaled(by factor: Float) -> ActionUnits {
    var copy = self
    for unit in ActionUnit.allCases { copy[unit] = self[unit] * factor }
    return copy
  }
}

/// The expressions, each with the action units that make it (EMFACS), in the canonical order.
public enum Prototype: String, CaseIterable, Sendable {
  case surprise, fear, disgust, happiness, sadness, anger, neutral, contempt

  public var units: [ActionUnit] {
    switch self {
    case .surprise: [.innerBrowRaiser, .outerBrowRaiser, .upperLidRaiser, .jawDrop]
    case .fear:
      [
        .innerBrowRaiser, .outerBrowRaiser, .browLowerer, .upperLidRaiser, .lidTightener,
        .lipStretcher, .jawDrop,
      ]
    case .disgust: [.noseWrinkler, .lipCornerDepressor, .lowerLipDepressor]
    case .happiness: [.cheekRaiser, .lipCornerPuller]
    case .sadness: [.innerBrowRaiser, .browLowerer, .lipCornerDepressor]
    case .anger: [.browLowerer, .upperLidRaiser, .lidTightener, .lipTightener]
    case .neutral: []
    case .contempt: [.rightLipCornerPuller, .rightDimpler]
    }
  }
}
