import Platform

/// Networks that people hand to Ferry and that it does not run, recognised by their tensors' names.
enum ForeignNetworks {
  /// A network, and endings of names that all of its files have.
  private struct Sign {
    let network: String
    let endings: [String]
  }

  private static let signs = [
    Sign(
      network: "a residual network with a stem of three convolutions (timm's ResNet-D)",
      endings: ["conv1.0.weight", "conv1.6.weight", "layer1.0.conv1.weight"]),
    Sign(
      network: "a squeeze-and-excitation residual network",
      endings: ["layer1.0.conv1.weight", "layer1.0.se.fc1.weight"]),
    Sign(
      network: "torchvision's Swin Transformer",
      endings: ["features.0.0.weight", "features.1.0.attn.relative_position_bias_table"]),
    Sign(
      network: "a Vision Transformer under timm's names",
      endings: ["cls_token", "pos_embed", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"]),
    Sign(
      network: "torchvision's Vision Transformer",
      endings: ["class_token", "conv_proj.weight", "encoder.pos_embedding"]),
    Sign(
      network: "a Vision Transformer under Hugging Face's names",
      endings: [
        "embeddings.cls_token", "embeddings.patch_embeddings.projection.weight",
        "encoder.layer.0.attention.attention.query.weight",
      ]),
    Sign(
      network: "a Swin Transformer under Hugging Face's names",
      endings: [
        "embeddings.patch_embeddings.projection.weight",
        "encoder.layers.0.blocks.0.attention.self.query.weight",
      ]),
    Sign(
      network: "an improved residual network for faces (IR, as ArcFace has it)",
      endings: ["input_layer.0.weight", "body.0.res_layer.1.weight"]),
    Sign(
      network: "an Inception-ResNet for faces (FaceNet)",
      endings: ["conv2d_1a.conv.weight", "repeat_1.0.branch0.conv.weight"]),
    Sign(
      network: "torchvision's MobileNetV2",
      endings: ["features.0.0.weight", "features.1.conv.0.0.weight"]),
    Sign(
      network: "torchvision's EfficientNet or MobileNetV3",
      endings: ["features.0.0.weight", "features.1.0.block.0.0.weight"]),
    Sign(
      network: "an EfficientNet or MobileNet under timm's names",
      endings: ["conv_stem.weight", "blocks.0.0.bn1.weight"]),
    Sign(
      network: "a DenseNet", endings: ["features.denseblock1.denselayer1.conv1.weight"]),
    Sign(network: "a VGG network", endings: ["features.0.weight", "classifier.6.weight"]),
  ]

  /// The refusal of a file that holds another network, in one line; nil where none is recognised.
  static func fault(_ file: WeightFile, _ architecture: Architecture) -> Fault? {
    let names = file.tensors.map(\.name)
    func has(_ ending: String) -> Bool {
      names.contains { $0 == ending || $0.hasSuffix("." + ending) }
    }
    guard let sign = signs.first(where: { $0.endings.allSatisfy(has) }) else { return nil }
    return Fault(
      .badInput, "the file holds \(sign.network), not \(architecture.name)", at: .init(file.path),
      remedy: "Ferry does not run this network: take weights of \(architecture.name)")
  }
}
