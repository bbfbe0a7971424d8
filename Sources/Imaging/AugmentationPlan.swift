import Platform

/// The processing of a picture on its way into the network: random changes, normalisation, erasing.
public struct AugmentationPlan: Sendable, Equatable {
  /// The side of the square that the network sees.
  public let size: Int
  public let steps: [Augmentation]
  public let normalisation: Normalisation
  public let erasing: RandomErasing?

  public init(
    size: Int, steps: [Augmentation] = [], normalisation: Normalisation = .imageNet,
    erasing: RandomErasing? = nil
  ) {
    precondition(size > 0)
    self.size = size
    self.steps = steps
    self.normalisation = normalisation
    self.erasing = erasing
  }

  /// The same with another normalisation.
  public func with(_ normalisation: Normalisation) -> AugmentationPlan {
    AugmentationPlan(size: size, steps: steps, normalisation: normalisation, erasing: erasing)
  }

  /// The names that `preset` knows.
  public static let presetNames = ["ke-code", "ke-text", "cliper", "none"]

  /// A published recipe by name.
  ///
  /// `ke-code`: with probability 0.5 a random crop after padding 4 pixels at size 112 (scaled with
  /// the size), flip 0.5, ImageNet statistics, erasing 0.5 of area 0.02 ... 0.25 and aspect
  /// 0.3 ... 3.3 to 0. `ke-text`: the same with a turn of up to 6 degrees, probability 0.5, after
  /// the flip. `cliper`: colour jitter (brightness 0.4, hue 0.3), flip 0.5, resized crop of area
  /// 0.15 ... 1 and aspect 0.3 ... 3.3, CLIP's statistics. `none`: ImageNet statistics only.
  /// - Throws: `Fault` of code `usage` for another name.
  public static func preset(_ name: String, size: Int) throws -> AugmentationPlan {
    let crop = Augmentation.randomCrop(padding: padding(size), probability: 0.5)
    let flip = Augmentation.horizontalFlip(probability: 0.5)
    switch name {
    case "ke-code":
      return AugmentationPlan(size: size, steps: [crop, flip], erasing: RandomErasing())
    case "ke-text":
      let turn = Augmentation.rotation(degrees: 6, probability: 0.5)
      return AugmentationPlan(size: size, steps: [crop, flip, turn], erasing: RandomErasing())
    case "cliper":
      let jitter = Augmentation.colourJitter(
        brightness: 0.4, contrast: 0, saturation: 0, hue: 0.3)
      let window = Augmentation.resizedCrop(area: 0.15...1, aspect: 0.3...3.3)
      return AugmentationPlan(size: size, steps: [jitter, flip, window], normalisation: .clip)
    case "none":
      return AugmentationPlan(size: size)
    default:
      throw unknown(name, among: presetNames, what: "augmentation")
    }
  }

  /// The names that `init(listed:size:)` knows.
  public static let stepNames = [
    "random-crop", "resized-crop", "flip", "rotation", "colour-jitter", "greyscale", "noise",
    "erasing",
  ]

  /// A plan of named steps, in the order given; `erasing` always comes last.
  ///
  /// random-crop, flip and erasing as in `ke-code`; rotation as in `ke-text`; resized-crop of area
  /// 0.5 ... 1 and aspect 3/4 ... 4/3; colour-jitter of 0.4 and hue 0.1; greyscale with probability
  /// 0.1; noise of deviation 0.05 with probability 0.5.
  /// - Throws: `Fault` of code `usage` for an unknown name.
  public init(listed names: [String], size: Int, normalisation: Normalisation = .imageNet) throws {
    var steps: [Augmentation] = []
    for name in names where name != "erasing" {
      switch name {
      case "random-crop":
        steps.append(.randomCrop(padding: Self.padding(size), probability: 0.5))
      case "resized-crop": steps.append(.resizedCrop(area: 0.5...1, aspect: 0.75...4.0 / 3))
      case "flip": steps.append(.horizontalFlip(probability: 0.5))
      case "rotation": steps.append(.rotation(degrees: 6, probability: 0.5))
      case "colour-jitter":
        steps.append(.colourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1))
      case "greyscale": steps.append(.greyscale(probability: 0.1))
      case "noise": steps.append(.gaussianNoise(standardDeviation: 0.05, probability: 0.5))
      default: throw Self.unknown(name, among: Self.stepNames, what: "augmentation step")
      }
    }
    self.init(
      size: size, steps: steps, normalisation: normalisation,
      erasing: names.contains("erasing") ? RandomErasing() : nil)
  }

  /// The same input without anything random, for validation and test.
  public var plain: AugmentationPlan { AugmentationPlan(size: size, normalisation: normalisation) }

  /// Draws the changes for one picture, applies them and writes the network's input.
  ///
  /// Shapes: `source` [side, side, 3 or 1] -> `target` [3, size, size].
  /// A source of another side than `size` is resized first, or by a leading resized crop.
  /// - Complexity: O(side^2 + size^2); crop and flip cost nothing beyond the normalisation.
  public func apply(
    to source: UnsafeBufferPointer<UInt8>, size side: Int, generator: inout SeededGenerator,
    into target: UnsafeMutablePointer<Float>
  ) {
    precondition(source.count == side * side * 3 || source.count == side * side)
    var windowed = SourceWindow()
    var image: Image?
    if side != size, !resizesByItself {
      image = Image(square: source, side: side).resized(width: size, height: size)
    }
    for step in steps {
      let (width, height) = (image?.width ?? side, image?.height ?? side)
      for operation in step.draw(width: width, height: height, using: &generator) {
        if image == nil, windowed.take(operation) { continue }
        let current = image ?? windowed.image(Image(square: source, side: side))
        image = current.applying(operation, side: size)
      }
    }
    if let image {
      image.pixels.withUnsafeBufferPointer {
        normalisation.write($0, side: size, window: size, into: target)
      }
    } else {
      normalisation.write(
        source, side: side, window: size, left: windowed.x, top: windowed.y,
        mirrored: windowed.mirrored, into: target)
    }
    if let erasing, let rectangle = erasing.draw(side: size, using: &generator) {
      erasing.erase(rectangle, of: target, side: size)
    }
  }

  private var resizesByItself: Bool {
    steps.contains { if case .resizedCrop = $0 { true } else { false } }
  }

  private static func padding(_ size: Int) -> Int {
    max(1, Int((4 * Double(size) / 112).rounded()))
  }

  private static func unknown(_ name: String, among names: [String], what: String) -> Fault {
    let near = nearestWord(to: name, among: names).map { ", did you mean '\($0)'?" } ?? ""
    return Fault(
      .usage, "unknown \(what) '\(name)'\(near)",
      remedy: "one of \(names.joined(separator: ", "))")
  }
}

/// Crops and flips that were drawn and not yet applied: a window of the source.
private struct SourceWindow {
  var x = 0
  var y = 0
  var mirrored = false
  private var isCropped = false

  /// Takes the operation up if a window can express it after the ones before.
  mutating func take(_ operation: ImageOperation) -> Bool {
    switch operation {
    case .mirror:
      mirrored.toggle()
      return true
    case .crop(let left, let top, _, _) where !isCropped && !mirrored:
      (x, y, isCropped) = (left, top, true)
      return true
    default:
      return false
    }
  }

  func image(_ source: Image) -> Image {
    let window =
      isCropped
      ? source.cropped(x: x, y: y, width: source.width, height: source.height) : source
    return mirrored ? window.mirrored() : window
  }
}

extension Image {
  fileprivate init(square source: UnsafeBufferPointer<UInt8>, side: Int) {
    self.init(
      width: side, height: side, channels: source.count / (side * side), pixels: Array(source))
  }
}
