import Neural
import Platform

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

/// What an encoder is made for.
public struct EncoderOptions: Sendable, Equatable {
  /// Factor on the encoder's channels.
  public var width: Double
  /// Side of the input, px.
  public var imageSize: Int

  public init(width: Double = 1, imageSize: Int) {
    self.width = width
    self.imageSize = imageSize
  }
}

/// A kind of encoder: its name, and how one with fresh weights is made.
public struct EncoderKind: Sendable {
  public let name: String
  /// Makes an encoder whose tensors are named as the ecosystem does, after `encoder.`.
  public let make: @Sendable (EncoderOptions, inout SeededGenerator) throws -> VisualEncoder

  public init(
    _ name: String,
    make: @escaping @Sendable (EncoderOptions, inout SeededGenerator) throws -> VisualEncoder
  ) {
    self.name = name
    self.make = make
  }
}

/// The encoders that models are made of, by name.
///
/// A family of encoders is a file of this folder that lists its kinds, and a term of `kinds`.
public enum EncoderCatalogue {
  public static let kinds = residualNetworks + swinTransformers + visionTransformers

  public static let names = kinds.map(\.name)

  /// What every encoder's tensors are called first.
  static let prefix = "encoder."

  /// Makes an encoder with fresh weights, its tensors named as the ecosystem does after `encoder.`.
  ///
  /// - Throws: `Fault` for an unknown name, or options that the encoder cannot have.
  public static func make(
    _ name: String, _ options: EncoderOptions, generator: inout SeededGenerator
  ) throws -> VisualEncoder {
    if let kind = kinds.first(where: { $0.name == name }) {
      return try kind.make(options, &generator)
    }
    let near = nearestWord(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw Fault(
      .badInput, "there is no encoder '\(name)'",
      remedy: near + "there are \(names.joined(separator: ", "))")
  }

  /// Makes an encoder of zeros, all of which a file is about to fill.
  ///
  /// - Throws: `Fault` for an unknown name, or options that the encoder cannot have.
  public static func make(_ name: String, _ options: EncoderOptions) throws -> VisualEncoder {
    var generator = SeededGenerator(seed: 0)
    return try Initialisation.$isDrawn.withValue(false) {
      try make(name, options, generator: &generator)
    }
  }
}
