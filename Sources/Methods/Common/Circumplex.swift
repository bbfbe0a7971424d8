import Platform

/// A deterministic knowledge vector for each expression, made from published numbers.
///
/// It stands in for a vision-language text encoder where no weights are at hand: like text
/// embeddings it says which expressions are near each other, but it knows nothing of language.
///
/// Sources:
/// * pleasure, arousal and dominance: Russell and Mehrabian, *Evidence for a three-factor theory of
///   emotions*, J. Research in Personality 11 (1977) 273-294;
/// * neutral at the centre of the circle: Russell, *A circumplex model of affect*, JPSP 39 (1980);
/// * action units: the EMFACS prototypes (Ekman and Friesen);
/// * contempt has no agreed place in the first source: (-0.45, 0.10, 0.35) is **ours**, between
///   disgust and anger in displeasure, near neutral in arousal, and dominant.
///
/// Construction. The vector of a class is the normalised sum of
/// 1. a shared component of length `sharedLength`, which all classes have and which alone makes
///    up neutral, so that neutral is no zero vector and lies at the centre of the others;
/// 2. (pleasure, arousal, dominance) on three axes;
/// 3. its action units on one axis each, scaled to length `actionUnitLength`; a unit shown on one
///    side of the face (contempt's R12, R14) counts half on its axis and once on an axis of
///    one-sidedness.
/// All axes are rows of the d x d Hadamard matrix (Sylvester's) over sqrt(d): exactly orthonormal,
/// dense like a text embedding, and the same bits on every machine. Lengths and cosines do not
/// depend on d, so a narrow encoder can have vectors of its own width instead of a trained layer
/// between the two.
public enum Circumplex {
  /// The usual width d, that of CLIP's text embeddings.
  public static let width = 512
  /// The widths that there are: powers of two with room for all axes.
  public static let widths = [128, 256, 512, 1024]
  /// Length of the shared component, chosen so that all pairwise cosines lie in -0.2 ..< 0.9.
  public static let sharedLength = 0.8
  /// Length of the action-unit component.
  public static let actionUnitLength = 1.0

  /// The published measurements of one expression.
  public struct Entry: Sendable {
    /// The class name.
    public let name: String
    /// Pleasure, arousal, dominance, each in -1 ... 1.
    public let affect: [Double]
    /// FACS action units of the prototype.
    public let actionUnits: [Int]
    /// Whether the action units are shown on one side of the face only.
    public let isOneSided: Bool
  }

  /// All expressions that have a vector, in the canonical class order.
  public static let entries: [Entry] = [
    entry("surprise", 0.40, 0.67, -0.13, units: [1, 2, 5, 26]),
    entry("fear", -0.64, 0.60, -0.43, units: [1, 2, 4, 5, 7, 20, 26]),
    entry("disgust", -0.60, 0.35, 0.11, units: [9, 15, 16]),
    entry("happiness", 0.81, 0.51, 0.46, units: [6, 12]),
    entry("sadness", -0.63, -0.27, -0.33, units: [1, 4, 15]),
    entry("anger", -0.51, 0.59, 0.25, units: [4, 5, 7, 23]),
    entry("neutral", 0, 0, 0, units: []),
    entry("contempt", -0.45, 0.10, 0.35, units: [12, 14], oneSided: true),
  ]

  private static func entry(
    _ name: String, _ pleasure: Double, _ arousal: Double, _ dominance: Double, units: [Int],
    oneSided: Bool = false
  ) -> Entry {
    Entry(
      name: name, affect: [pleasure, arousal, dominance], actionUnits: units, isOneSided: oneSided)
  }

  /// Returns the vector of one class.
  ///
  /// Shape: `[width]`, norm 1.
  /// - Throws: `Fault` for a class without a published place, or a width that is not of `widths`.
  public static func embedding(of name: String, width: Int = Self.width) throws -> [Float] {
    guard widths.contains(width) else {
      throw Fault(
        .usage, "the circumplex has no vectors of width \(width)",
        remedy: "it has \(widths.map(String.init).joined(separator: ", "))")
    }
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw Fault(
        .badInput, "the circumplex has no vector for the class '\(name)'",
        remedy: "it knows \(entries.map(\.name).joined(separator: ", ")); use encoder: file for "
          + "other classes")
    }
    return embedding(of: entry, width: width)
  }

  private static func embedding(of entry: Entry, width: Int) -> [Float] {
    let scale = 1 / Double(width).squareRoot()
    /// The entry of Sylvester's matrix over sqrt(width).
    func hadamard(_ row: Int, _ column: Int) -> Double {
      (row & column).nonzeroBitCount.isMultiple(of: 2) ? scale : -scale
    }
    var sum = [Double](repeating: 0, count: width)
    func add(_ length: Double, along axis: Int) {
      for column in 0..<width { sum[column] += length * hadamard(axis, column) }
    }
    add(sharedLength, along: Axis.shared)
    for (index, value) in entry.affect.enumerated() { add(value, along: Axis.affect + index) }
    let weight = entry.isOneSided ? 0.5 : 1.0
    let squares = Double(entry.actionUnits.count) * weight * weight + (entry.isOneSided ? 1 : 0)
    if squares > 0 {
      let length = actionUnitLength / squares.squareRoot()
      for unit in entry.actionUnits { add(length * weight, along: Axis.actionUnits + unit) }
      if entry.isOneSided { add(length, along: Axis.oneSided) }
    }
    let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return sum.map { Float($0 / norm) }
  }

  /// Rows of the Hadamard matrix; row 0 is left out because it alone has a mean other than zero.
  private enum Axis {
    static let shared = 1
    static let affect = 2
    static let oneSided = 5
    /// Action unit u lies on row 64 + u; 26 is the greatest in use.
    static let actionUnits = 64
  }
}
