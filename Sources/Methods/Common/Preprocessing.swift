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
  /// How shard resized the aligned faces; nil where it did not, or where one bilinear step to
  /// `imageSize` gives the same pixels.
  public var resizing: Resizing?

  /// A step between alignment and the encoder's input.
  public struct Resizing: Sendable, Equatable {
    /// The side of the faces after it, px.
    public var size: Int
    public var filter: Image.Filter

    public init(size: Int, filter: Image.Filter) {
      self.size = size
      self.filter = filter
    }
  }

  public init(
    imageSize: Int, normalisation: Normalisation = .imageNet, alignment: JSONValue = .null,
    resizing: Resizing? = nil
  ) {
    self.imageSize = imageSize
    self.normalisation = normalisation
    self.alignment = alignment
    self.resizing = resizing
  }

  /// The resizing that shards had, from what they say of their preprocessing.
  ///
  /// - Throws: `Fault` for a filter that is not known.
  public static func resizing(
    ofShards preprocessing: JSONValue?, imageSize: Int, at place: Fault.Place
  ) throws -> Resizing? {
    guard let size = preprocessing?["size"]?.integer, let name = preprocessing?["filter"]?.string,
      size != preprocessing?["alignment"]?["size"]?.integer
    else { return nil }
    guard let filter = Image.Filter(rawValue: name) else {
      throw Fault(
        .badInput, "the shards were resized by the filter '\(name)', which is not known here",
        at: place, remedy: "use the version of Ferry that made them, or shard again")
    }
    return filter == .bilinear && size == imageSize ? nil : Resizing(size: size, filter: filter)
  }

  /// The input without anything random.
  var plan: AugmentationPlan { AugmentationPlan(size: imageSize, normalisation: normalisation) }

  public var json: JSONValue {
    var json: JSONValue = [
      "image_size": .integer(imageSize), "mean": Self.decimals(normalisation.mean),
      "std": Self.decimals(normalisation.standardDeviation), "alignment": alignment,
    ]
    if let resizing {
      json["resized"] = [
        "size": .integer(resizing.size), "filter": .string(resizing.filter.rawValue),
      ]
    }
    return json
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
    guard let resized = json?["resized"], !resized.isNull else { return }
    guard let side = resized["size"]?.integer, (1...8192).contains(side),
      let filter = Image.Filter(rawValue: resized["filter"]?.string ?? "")
    else {
      throw Fault(
        .badInput, "the model's preprocessing resizes by \(resized.canonical)", at: place,
        remedy: "use the version of Ferry that trained the model")
    }
    resizing = Resizing(size: side, filter: filter)
  }
}
