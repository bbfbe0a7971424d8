import Artifacts
import Neural
import Platform
import Weights

/// The encoders that models are made of, by name.
public struct EncoderCatalogue: Sendable {
  public let kinds: [EncoderKind]

  public init(_ kinds: [EncoderKind]) { self.kinds = kinds }

  /// Every encoder of this room: a family is a folder of it, and a term here.
  public static let standard = EncoderCatalogue(
    ResidualNetworks.kinds + SwinTransformers.kinds + VisionTransformers.kinds)

  public var names: [String] { kinds.map(\.name) }

  public subscript(name: String) -> EncoderKind? { kinds.first { $0.name == name } }

  /// - Throws: `Fault` for an unknown name.
  public func kind(_ name: String) throws -> EncoderKind {
    if let kind = self[name] { return kind }
    let near = nearestWord(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw Fault(
      .badInput, "there is no encoder '\(name)'",
      remedy: near + "there are \(names.joined(separator: ", "))")
  }

  /// Makes an encoder with fresh weights, its tensors named as the ecosystem does after `encoder.`.
  ///
  /// - Throws: `Fault` for an unknown name, or options that the encoder cannot have.
  public func make(
    _ name: String, _ options: EncoderOptions, generator: inout SeededGenerator
  ) throws -> VisualEncoder {
    try kind(name).make(options, &generator)
  }

  /// Makes an encoder of zeros, all of which a file is about to fill.
  ///
  /// - Throws: `Fault` for an unknown name, or options that the encoder cannot have.
  public func make(_ name: String, _ options: EncoderOptions) throws -> VisualEncoder {
    var generator = SeededGenerator(seed: 0)
    return try Initialisation.$isDrawn.withValue(false) {
      try make(name, options, generator: &generator)
    }
  }

  /// The name that reports use for an encoder; an unknown one's own.
  public func title(_ name: String) -> String { self[name]?.title ?? name }

  /// How an encoder is written for other programs.
  ///
  /// - Throws: `Fault` for an encoder that cannot be.
  public func export(_ name: String, at path: String) throws -> any EncoderExport {
    if let export = self[name]?.export { return export }
    throw Fault(
      .badInput, "the encoder '\(name)' cannot be exported yet", at: .init(path),
      remedy: "these can: \(kinds.filter { $0.export != nil }.map(\.name).joined(separator: ", "))")
  }
}

extension Architecture {
  /// Everything that can be imported.
  public static let all = withoutEncoders + EncoderCatalogue.standard.kinds.map(\.architecture)

  public static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }
}

extension KnownWeights {
  /// All weights that Ferry knows: those that it fetches, then those to obtain by hand.
  public static let catalogue: [KnownWeights] = {
    let all = EncoderCatalogue.standard.kinds.flatMap(\.published) + withoutEncoders
    return all.filter { $0.how == nil } + all.filter { $0.how != nil }
  }()

  /// - Throws: `Fault` for a name that is not in the catalogue.
  public static func named(_ name: String) throws -> KnownWeights {
    if let known = catalogue.first(where: { $0.name == name }) { return known }
    let near = nearestWord(to: name, among: catalogue.map(\.name))
    throw Fault(
      .usage, "there are no known weights '\(name)'",
      remedy: (near.map { "did you mean '\($0)'? " } ?? "") + "ferry-fetch list has them all")
  }

  /// The entry that has a file with this digest.
  public static func holding(_ digest: Digest) -> KnownWeights? {
    catalogue.first { $0.files.contains { $0.sha256 == digest.hex } }
  }
}
