import Neural
import Weights

/// Swin-T under timm's names: with patches of 4 for 224 px, and the variant used for faces with
/// patches of 2 for 112 px and features of 512 (METHODS, section 1).
enum SwinTransformers {
  static let kinds = [
    kind(
      "swin-t", imageSize: 224, isFace: false,
      published: KnownWeights(
        name: "swin-t-imagenet", summary: "Swin-T trained on ImageNet-1k", encoder: "swin-t",
        licence: "MIT (Microsoft)",
        how: "swin_tiny_patch4_window7_224.pth from the releases of microsoft/Swin-Transformer, or "
          + "timm/swin_tiny_patch4_window7_224.ms_in1k")
    ) { .tiny(imageSize: $0) },
    kind(
      "swin-t-face", imageSize: 112, isFace: true,
      published: KnownWeights(
        name: "swin-t-face", summary: "Swin-T trained on faces, patch 2, input 112",
        encoder: "swin-t-face", licence: "none stated for the weights",
        how: "the link in the README of the method's published code: a shared drive's page; the "
          + "file holds state_dict_backbone")
    ) { .face(imageSize: $0) },
  ]

  private static func kind(
    _ name: String, imageSize: Int, isFace: Bool, published: KnownWeights,
    _ shape: @escaping @Sendable (_ imageSize: Int) -> SwinShape
  ) -> EncoderKind {
    EncoderKind(
      name, title: "Swin-T", imageSize: imageSize, channels: ("width", 96),
      names: SwinNames(isFace: isFace), published: [published], export: SwinExport(isFace: isFace)
    ) { options, generator in
      var shape = shape(options.imageSize)
      // A multiple of the first stage's heads, so that all stages' heads share their channels.
      let heads = shape.heads[0]
      let share = (Double(shape.width / heads) * options.width).rounded()
      shape.width = max(1, Int(share)) * heads
      shape.faceFeatures = shape.faceFeatures.map {
        max(1, Int((Double($0) * options.width).rounded()))
      }
      let layer = try SwinTransformer(shape, prefix: options.prefix, generator: &generator)
      return VisualEncoder(layer: layer, width: layer.featureCount)
    }
  }
}
