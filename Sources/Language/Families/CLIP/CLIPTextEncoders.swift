import Artifacts
import Neural
import Tensors

/// CLIP's text tower: byte pairs, causal attention, the vector at the end token, projected.
enum CLIPTextEncoders {
  static let kinds = [
    kind(
      "clip",
      weightsWanted: "OpenAI's ViT-B-32.pt, ViT-B-16.pt or ViT-L-14.pt, or open_clip's")
  ]

  private static func kind(_ name: String, weightsWanted: String) -> TextEncoderKind {
    TextEncoderKind(
      name, summary: "a vision-language model's text tower", takesActivation: true,
      weightsWanted: weightsWanted,
      vocabularyNames: ["bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "vocab.json"],
      vocabularyWanted: "bpe_simple_vocab_16e6.txt.gz from the repository openai/CLIP, or "
        + "vocab.json with merges.txt", load: load)
  }

  @Sendable private static func load(
    _ files: TextEncoderFiles, _ options: TextEncoder.Options
  ) throws -> TextEncoderParts {
    let prefix = try files.prefix(of: "token_embedding.weight")
    let configuration = try TextTransformer.Configuration(
      files.file, prefix: prefix, activation: options.activation ?? .quickGELU,
      heads: options.heads)
    let tower = try TextTransformer(
      configuration, from: ParameterSource(files.file, filePrefix: prefix))
    return TextEncoderParts(
      network: CLIPTextNetwork(
        tower: tower, width: configuration.outputs, positions: configuration.positions,
        vocabulary: configuration.vocabulary),
      tokeniser: BytePairTokeniser(try BytePairVocabulary(file: files.vocabulary)),
      vocabularyIsExact: true)
  }
}

private struct CLIPTextNetwork: TextNetwork {
  let tower: TextTransformer
  let width: Int
  let positions: Int
  let vocabulary: Int

  func embed(_ ids: [[Int]]) -> Tensor { tower.forward(ids.map(upToEnd), training: false) }

  /// CLIP pools at the first end token, also where a text spells one; attention is causal.
  private func upToEnd(_ ids: [Int]) -> [Int] {
    guard let end = ids.last, let first = ids.firstIndex(of: end) else { return ids }
    return Array(ids[...first])
  }
}
