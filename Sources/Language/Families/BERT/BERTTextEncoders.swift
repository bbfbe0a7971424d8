import Artifacts
import Neural
import Platform
import Tensors

/// Text encoders made of a BERT: ALIGN's and BLIP's text towers, and sentence encoders.
enum BERTTextEncoders {
  static let kinds = [
    kind(
      "align", summary: "a vision-language model's text tower",
      weightsWanted: "ALIGN, as kakaobrain/align-base on Hugging Face"
    ) { try load($0, $1, pooling: .first, isProjected: true) },
    kind(
      "blip", summary: "a vision-language model's text tower",
      weightsWanted: "BLIP for retrieval, as Salesforce/blip-itm-base-coco on Hugging Face"
    ) { try load($0, $1, pooling: .first, isProjected: true) },
    kind(
      "sentence", summary: "a BERT with mean pooling", alsoReads: ["bert"],
      weightsWanted: "a BERT sentence encoder, as all-MiniLM-L6-v2 of sentence-transformers"
    ) { try load($0, $1, pooling: .mean, isProjected: false) },
  ]

  private static func kind(
    _ name: String, summary: String, alsoReads: [String] = [], weightsWanted: String,
    load: @escaping @Sendable (TextEncoderFiles, TextEncoder.Options) throws -> TextEncoderParts
  ) -> TextEncoderKind {
    TextEncoderKind(
      name, summary: summary, alsoReads: alsoReads, weightsWanted: weightsWanted,
      vocabularyNames: ["vocab.txt"], vocabularyWanted: "vocab.txt from the model's own page",
      load: load)
  }

  private static func load(
    _ files: TextEncoderFiles, _ options: TextEncoder.Options, pooling: BERT.Pooling,
    isProjected: Bool
  ) throws -> TextEncoderParts {
    let prefix = try files.prefix(of: "embeddings.word_embeddings.weight")
    let heads = options.heads ?? files.configuration?["num_attention_heads"]?.integer
    let configuration = try BERT.Configuration(files.file, prefix: prefix, heads: heads)
    let bert = try BERT(
      configuration, pooling: pooling, from: ParameterSource(files.file, filePrefix: prefix))
    let projection =
      isProjected ? try BERTProjection(files.file, inputs: configuration.shape.width) : nil
    return TextEncoderParts(
      network: BERTTextNetwork(
        bert: bert, projection: projection,
        width: projection?.weight.value.shape[0] ?? configuration.shape.width,
        positions: configuration.positions, vocabulary: configuration.vocabulary),
      tokeniser: try WordPieceTokeniser(file: files.vocabulary))
  }
}

/// The linear layer after the pooled vector, from the BERT's width to the joint space's.
private struct BERTProjection {
  let weight: Parameter
  let bias: Parameter?

  init(_ file: SafetensorsFile, inputs: Int) throws {
    let names = ["text_projection", "text_proj"]
    guard let name = names.first(where: { file["\($0).weight"] != nil }) else {
      throw Fault(
        .badInput, "the weights have no tensor 'text_projection.weight'", at: .init(file.path),
        remedy: "a text encoder without its projection is a sentence encoder: encoder=sentence")
    }
    let outputs = file["\(name).weight"]?.shape.first ?? 0
    let source = ParameterSource(file)
    weight = try source.parameter("\(name).weight", [outputs, inputs], .zeros)
    bias =
      file["\(name).bias"] == nil ? nil : try source.parameter("\(name).bias", [outputs], .zeros)
  }
}

private struct BERTTextNetwork: TextNetwork {
  let bert: BERT
  let projection: BERTProjection?
  let width: Int
  let positions: Int
  let vocabulary: Int

  func embed(_ ids: [[Int]]) -> Tensor {
    let y = bert.forward(ids, training: false)
    guard let projection else { return y }
    let projected = Matrix.product(y, projection.weight.value, transposeB: true)
    Rows.add(projection.bias?.value, to: projected)
    return projected
  }
}
