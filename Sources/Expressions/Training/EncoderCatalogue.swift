import Neural
import Platform

/// A visual encoder (equation 1): pictures `[N, 3, S, S]` to vectors `[N, d]`.
public struct VisualEncoder {
  public let layer: any Layer
  /// d.
  public let width: Int
}

/// The encoders that models are made of, by name.
public enum EncoderCatalogue {
  /// One line an encoder.
  public static let names = ["resnet18"]

  /// Makes an encoder with fresh weights, its tensors named as the ecosystem does after `encoder.`.
  ///
  /// - Throws: `Fault` for an unknown name or a width that leaves no channels.
  public static func make(
    _ name: String, width: Double, generator: inout SeededGenerator
  ) throws -> VisualEncoder {
    switch name {
    case "resnet18":
      let layer = ResNet.resnet18(width: width, prefix: "encoder.", generator: &generator)
      return VisualEncoder(layer: layer, width: layer.featureCount)
    default:
      let near = nearestWord(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw Fault(
        .badInput, "there is no encoder '\(name)'",
        remedy: near + "there are \(names.joined(separator: ", "))")
    }
  }
}
