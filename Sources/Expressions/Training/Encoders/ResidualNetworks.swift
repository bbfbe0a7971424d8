import Neural

extension EncoderCatalogue {
  /// torchvision's residual networks without their classifiers; they take pictures of any size.
  static let residualNetworks = [
    residualNetwork("resnet18", .resnet18), residualNetwork("resnet34", .resnet34),
    residualNetwork("resnet50", .resnet50),
  ]

  private static func residualNetwork(_ name: String, _ depth: ResNet.Depth) -> EncoderKind {
    EncoderKind(name) { options, generator in
      let layer = ResNet(depth, width: options.width, prefix: prefix, generator: &generator)
      return VisualEncoder(layer: layer, width: layer.featureCount)
    }
  }
}
