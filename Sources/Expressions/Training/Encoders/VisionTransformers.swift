import Neural
import Platform

extension EncoderCatalogue {
  /// CLIP's image towers with their projection, under OpenAI's names after `encoder.`.
  ///
  /// Their position tables are those of 224 px; other sizes interpolate them.
  static let visionTransformers = [
    visionTransformer("vit-b-32", .b32), visionTransformer("vit-b-16", .b16),
    visionTransformer("vit-l-14", .l14),
  ]

  private static func visionTransformer(
    _ name: String, _ configuration: VisionTransformer.Configuration
  ) -> EncoderKind {
    EncoderKind(name) { options, generator in
      guard options.imageSize >= configuration.patch else {
        throw Fault(
          .usage, "pictures of \(options.imageSize) px are smaller than a patch of \(name)",
          remedy: "set image_size to \(configuration.patch) or more, best 224")
      }
      let source = ParameterSource(prefix: prefix + "visual.", generator: generator)
      let layer = try VisionTransformer(configuration.scaled(options.width), from: source)
      generator = source.generator
      return VisualEncoder(layer: layer, width: layer.featureCount)
    }
  }
}
