import CCodecs
import Platform

/// How 8-bit samples become the network's input.
///
/// Equation: y = (x / 255 - mean) / deviation, a channel.
public struct Normalisation: Sendable, Equatable {
  public let mean: [Float]
  public let standardDeviation: [Float]
  /// The value of each sample, [3, 256]: a table is exact and faster than arithmetic.
  private let table: [Float]

  public init(mean: [Float], standardDeviation: [Float]) {
    precondition(mean.count == 3 && standardDeviation.count == 3)
    self.mean = mean
    self.standardDeviation = standardDeviation
    table = (0..<3 * 256).map {
      (Float($0 & 255) / 255 - mean[$0 >> 8]) / standardDeviation[$0 >> 8]
    }
  }

  /// ImageNet's statistics, as torchvision's models expect them.
  public static let imageNet = Normalisation(
    mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])

  /// The statistics of CLIP's training pictures.
  public static let clip = Normalisation(
    mean: [0.48145466, 0.4578275, 0.40821073],
    standardDeviation: [0.26862954, 0.26130258, 0.27577711])

  /// Values 0 ... 1.
  public static let unit = Normalisation(mean: [0, 0, 0], standardDeviation: [1, 1, 1])

  /// Writes a square window of a picture as floats.
  ///
  /// Shapes: `source` [side, side, 3 or 1] -> `target` [3, size, size]; grey fills all planes.
  /// - Parameter left: the window's left column in the source; beyond it a sample counts as 0.
  func write(
    _ source: UnsafeBufferPointer<UInt8>, side: Int, window size: Int, left: Int = 0, top: Int = 0,
    mirrored: Bool = false, into target: UnsafeMutablePointer<Float>
  ) {
    table.withUnsafeBufferPointer {
      ferry_normalise_window(
        source.baseAddress, Int32(side), Int32(side), Int32(source.count / (side * side)),
        Int32(left), Int32(top), mirrored ? 1 : 0, $0.baseAddress, target, Int32(size))
    }
  }
}

/// Blanks a rectangle of the normalised picture (Zhong et al. 2020).
public struct RandomErasing: Sendable, Equatable {
  public var probability: Double
  /// Share of the picture's area.
  public var area: ClosedRange<Double>
  /// Height over width.
  public var aspect: ClosedRange<Double>
  public var value: Float

  public init(
    probability: Double = 0.5, area: ClosedRange<Double> = 0.02...0.25,
    aspect: ClosedRange<Double> = 0.3...3.3, value: Float = 0
  ) {
    self.probability = probability
    self.area = area
    self.aspect = aspect
    self.value = value
  }

  /// A rectangle of the picture.
  public struct Rectangle: Sendable, Equatable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
      self.x = x
      self.y = y
      self.width = width
      self.height = height
    }
  }

  /// Draws the rectangle, or nil for none; ten tries, as torchvision makes.
  public func draw(side: Int, using generator: inout SeededGenerator) -> Rectangle? {
    guard generator.chance(probability) else { return nil }
    for _ in 0..<10 {
      let target = Double(side * side) * generator.uniform(area.lowerBound, area.upperBound)
      let ratio = drawLogUniform(aspect, &generator)
      let height = Int((target * ratio).squareRoot().rounded(.toNearestOrEven))
      let width = Int((target / ratio).squareRoot().rounded(.toNearestOrEven))
      if width > 0, height > 0, width < side, height < side {
        let y = generator.below(side - height + 1)
        let x = generator.below(side - width + 1)
        return Rectangle(x: x, y: y, width: width, height: height)
      }
    }
    return nil
  }

  /// Shapes: `target` [3, side, side].
  public func erase(
    _ rectangle: Rectangle, of target: UnsafeMutablePointer<Float>, side: Int
  ) {
    for c in 0..<3 {
      for y in rectangle.y..<rectangle.y + rectangle.height {
        let row = target + (c * side + y) * side + rectangle.x
        row.update(repeating: value, count: rectangle.width)
      }
    }
  }
}
