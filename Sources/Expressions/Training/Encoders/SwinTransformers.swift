import Neural

extension EncoderCatalogue {
  /// Swin-T under timm's names: with patches of 4 for 224 px, and the variant used for faces with
  /// patches of 2 for 112 px and features of 512 (METHODS, section 1).
  static let swinTransformers = [
    swinTransformer("swin-t") { .tiny(imageSize: $0) },
    swinTransformer("swin-t-face") { .face(imageSize: $0) },
  ]

  private static func swinTransformer(
    _ name: String, _ shape: @escaping @Sendable (_ imageSize: Int) -> SwinShape
  ) -> EncoderKind {
    EncoderKind(name) { options, generator in
      var shape = shape(options.imageSize)
      // A multiple of the first stage's heads, so that all stages' heads share their channels.
      let heads = shape.heads[0]
      let share = (Double(shape.width / heads) * options.width).rounded()
      shape.width = max(1, Int(share)) * heads
      shape.faceFeatures = shape.faceFeatures.map {
        max(1, Int((Double($0) * options.width).rounded()))
      }
      let layer = try SwinTransformer(shape, prefix: prefix, generator: &generator)
      return VisualEncoder(layer: layer, width: layer.featureCount)
    }
  }
}
