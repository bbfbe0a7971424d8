import Neural
import Platform
import Weights

/// CLIP's image towers with their projection, under OpenAI's names after `encoder.`.
///
/// Their position tables are those of 224 px; other sizes interpolate them.
enum VisionTransformers {
  static let kinds = [
    kind(
      "vit-b-32", "ViT-B/32", .b32, file: "ViT-B-32.pt",
      "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", size: 353_976_522),
    kind(
      "vit-b-16", "ViT-B/16", .b16, file: "ViT-B-16.pt",
      "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"),
    kind(
      "vit-l-14", "ViT-L/14", .l14, file: "ViT-L-14.pt",
      "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"),
  ]

  private static func kind(
    _ name: String, _ title: String, _ configuration: VisionTransformer.Configuration,
    file: String, _ digest: String, size: Int? = nil
  ) -> EncoderKind {
    let tower = CLIPNames.Tower(
      name: title, width: configuration.shape.width, layers: configuration.shape.layers,
      patch: configuration.patch, embedding: configuration.outputs)
    return EncoderKind(
      name, title: title, normalisation: .clip, names: CLIPNames(tower: tower),
      published: [openAI(name, file, digest, size)], export: VisionTransformerExport()
    ) { options, generator in
      guard options.imageSize >= configuration.patch else {
        throw Fault(
          .usage, "pictures of \(options.imageSize) px are smaller than a patch of \(name)",
          remedy: "set image_size to \(configuration.patch) or more, best 224")
      }
      let source = ParameterSource(prefix: options.prefix + "visual.", generator: generator)
      let layer = try VisionTransformer(configuration.scaled(options.width), from: source)
      generator = source.generator
      return VisualEncoder(layer: layer, width: layer.featureCount)
    }
  }

  private static func openAI(
    _ name: String, _ file: String, _ digest: String, _ size: Int?
  ) -> KnownWeights {
    KnownWeights(
      name: "clip-\(name)", summary: "CLIP \(file.dropLast(3)), both towers (TorchScript)",
      encoder: name, licence: "MIT (OpenAI); read its model card on what it is not meant for",
      files: [
        .init(
          url: "https://openaipublic.azureedge.net/clip/models/\(digest)/\(file)", sha256: digest,
          size: size)
      ])
  }
}
