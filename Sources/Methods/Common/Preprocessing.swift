import Artifacts
import Imaging
import Platform

/// How 8-bit pictures become the numbers that an encoder reads; it travels inside the model.
public struct Preprocessing: Sendable, Equatable {
  /// Width and height of the input, px.
  public var imageSize: Int
  /// The channels' means and deviations.
  public var normalisation: Normalisation
  /// How the faces were found, aligned and cropped, as the shards say it.
  public var alignment: JSONValue

  public init(
    imageSize: Int, normalisation: Normalisation = .imageNet, alignment: JSONValue = .null
  ) {
    self.imageSize = imageSize
    self.normalisation = normalisation
    self.alignment = alignment
  }

  /// The input without anything random.
  var plan: AugmentationPlan { AugmentationPlan(size: imageSize, normalisation: normalisation) }

  public var json: JSONValue {
    [
      "image_size": .integer(imageSize), "mean": Self.decimals(normalisation.mean),
      "std": Self.decimals(normalisation.standardDeviation), "alignment": alignment,
    ]
  }

  /// The shortest decimals that read back as the same single-precision numbers.
  private static func decimals(_ values: [Float]) -> JSONValue {
    JSONValue(values.map { Double($0.description) ?? Double($0) })
  }

  public init(json: JSONValue?, at place: Fault.Place) throws {
    guard let size = json?["image_size"]?.integer, (1...4096).contains(size),
      let mean = json?["mean"]?.numbers, mean.count == 3,
      let standardDeviation = json?["std"]?.numbers, standardDeviation.count == 3,
      standardDeviation.allSatisfy({ $0 > 0 })
    else {
      throw Fault(
        .badInput, "the model's preprocessing lacks image_size, mean or std", at: place)
    }
    self.init(
      imageSize: size,
      normalisation: Normalisation(
        mean: mean.map { Float($0) }, standardDeviation: standardDeviation.map { Float($0) }),
      alignment: json?["alignment"] ?? .null)
  }
}
