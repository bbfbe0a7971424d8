import Artifacts
import Imaging
import Neural
import Platform
import Weights

/// A visual encoder (equation 1): pictures `[N, 3, S, S]` to vectors `[N, d]`.
public struct VisualEncoder {
  public let layer: any Layer
  /// d.
  public let width: Int

  public init(layer: any Layer, width: Int) {
    self.layer = layer
    self.width = width
  }
}

/// The sizes and the name prefix with which an encoder is made.
public struct EncoderOptions: Sendable, Equatable {
  /// Factor on the encoder's channels.
  public var width: Double
  /// Side of the input, px.
  public var imageSize: Int
  /// Put before every tensor's name.
  public var prefix: String

  public init(width: Double = 1, imageSize: Int, prefix: String = EncoderKind.prefix) {
    self.width = width
    self.imageSize = imageSize
    self.prefix = prefix
  }
}

/// A kind of encoder: everything that is its own, in one place.
///
/// Whatever lists, makes, trains, imports, exports or names encoders asks the catalogue of kinds, so
/// that a further network is a folder of this room and a line of `EncoderCatalogue`.
public struct EncoderKind: Sendable {
  /// The prefix of the names of a model's encoder tensors.
  public static let prefix = "encoder."

  /// The name in parameters and models: `resnet18`.
  public let name: String
  /// The name in reports: `ResNet-18`.
  public let title: String
  /// The side of the pictures that the published weights saw, px.
  public let imageSize: Int
  /// How samples become the input of the published weights.
  public let normalisation: Imaging.Normalisation
  /// Makes an encoder whose tensors are named as the ecosystem does, after the options' prefix.
  public let make: @Sendable (EncoderOptions, inout SeededGenerator) throws -> VisualEncoder
  /// The factor on the channels of imported weights, from what their import says of them.
  public let width: @Sendable (_ configuration: JSONValue) -> Double

  /// Its published names, for loading.
  package let names: any NameTable
  /// Its published weights.
  public let published: [KnownWeights]
  /// How other programs have it; nil where it cannot be exported yet.
  public let export: (any EncoderExport)?

  /// - Parameter channels: the member of an import's configuration that holds the channels which a
  ///   factor multiplies, and their number at a factor of 1; nil where there is one size only.
  package init(
    _ name: String, title: String, imageSize: Int = 224,
    normalisation: Imaging.Normalisation = .imageNet, channels: (key: String, count: Double)? = nil,
    names: any NameTable, published: [KnownWeights] = [],
    export: (any EncoderExport)? = nil,
    make: @escaping @Sendable (EncoderOptions, inout SeededGenerator) throws -> VisualEncoder
  ) {
    self.name = name
    self.title = title
    self.imageSize = imageSize
    self.normalisation = normalisation
    self.names = names
    self.published = published
    self.export = export
    self.make = make
    width = { configuration in
      guard let channels, let found = configuration[channels.key]?.number else { return 1 }
      return found / channels.count
    }
  }

  /// How samples become the input of imported weights: as the import says, or as for the encoder's
  /// other weights.
  ///
  /// - Parameter description: the import's own.
  public func normalisation(_ description: JSONValue) -> Imaging.Normalisation {
    Imaging.Normalisation(published: description) ?? normalisation
  }

  /// What `ferry-import` reads it as.
  public var architecture: Architecture {
    Architecture(name, publishedPrefix: Self.prefix, names)
  }
}

extension Imaging.Normalisation {
  /// The input (`PublishedInput`) that an import's description states; nil if it states none.
  public init?(published description: JSONValue) {
    guard let mean = description["input"]?["mean"]?.numbers, mean.count == 3,
      let standardDeviation = description["input"]?["std"]?.numbers, standardDeviation.count == 3,
      standardDeviation.allSatisfy({ $0 > 0 })
    else { return nil }
    self.init(mean: mean.map { Float($0) }, standardDeviation: standardDeviation.map { Float($0) })
  }
}
