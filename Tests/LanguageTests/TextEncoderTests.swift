import Artifacts
import Language
import Neural
import Platform
import Tensors
import Testing

/// Encoders as folders hold them, with the small vocabularies beside random weights.
@Suite struct TextEncoderTests {
  private let folder: TemporaryDirectory
  private static let shape = TransformerShape(
    width: 16, heads: 2, layers: 2, activation: .quickGELU)

  init() throws { folder = try TemporaryDirectory("ferry-language") }

  private static func kind(_ name: String) throws -> TextEncoderKind {
    try TextEncoderCatalogue.standard.kind(name)
  }

  private func place(_ vocabulary: String, as name: String) throws {
    try Files.write(try Files.read(TokeniserTests.golden(vocabulary)), to: folder(name))
  }

  private func clip(vocabulary: Int = 764) throws -> TextTransformer {
    let tower = try TextTransformer(
      .init(vocabulary: vocabulary, positions: 12, shape: Self.shape, outputs: 6),
      from: ParameterSource(generator: SeededGenerator(seed: 1)))
    try Checkpoint.save(
      tower.parameters.map { NamedTensor($0.name, $0.value) }, to: folder("model.safetensors"))
    return tower
  }

  @Test func clipFromAFolder() throws {
    let tower = try clip()
    try place("bpe.txt", as: "bpe_simple_vocab_16e6.txt")
    let encoder = try TextEncoder(Self.kind("clip"), weights: folder.path, options: .init(heads: 2))
    #expect(encoder.width == 6)
    let texts = ["a photo", "happiness", "", "a <|endoftext|> b"]
    let result = try encoder.embed(texts)
    #expect(result.cut.isEmpty)
    let tokeniser = BytePairTokeniser(
      try BytePairVocabulary(file: TokeniserTests.golden("bpe.txt")))
    var ids = try texts.map { try tokeniser.sequence($0, limit: 12).ids }
    ids[3] = Array(ids[3].prefix { $0 != tokeniser.vocabulary.end }) + [tokeniser.vocabulary.end]
    #expect(result.embeddings.values == tower.forward(ids, training: false).values)
  }

  @Test func cutTextsAreReported() throws {
    _ = try clip()
    try place("bpe.txt", as: "bpe_simple_vocab_16e6.txt")
    let encoder = try TextEncoder(Self.kind("clip"), weights: folder.path, options: .init(heads: 2))
    let result = try encoder.embed(["short", String(repeating: "q ", count: 30)])
    #expect(result.cut.map(\.dropped) == [20])
    #expect(result.embeddings.values.allSatisfy { $0.isFinite })
  }

  @Test func sentenceAndProjection() throws {
    var shape = Self.shape
    shape.activation = .gelu
    let bert = try BERT(
      .init(vocabulary: 400, positions: 20, shape: shape), pooling: .mean,
      from: ParameterSource(prefix: "text_model.", generator: SeededGenerator(seed: 2)))
    let projection = Tensor([5, 16], values: (0..<80).map { Float($0 % 7) - 3 })
    try Checkpoint.save(
      bert.parameters.map { NamedTensor($0.name, $0.value) }
        + [NamedTensor("text_projection.weight", projection)], to: folder("model.safetensors"))
    try place("vocab.txt", as: "vocab.txt")
    try Files.write(#"{"num_attention_heads": 2}"#, to: folder("config.json"))
    let sentence = try TextEncoder(Self.kind("sentence"), weights: folder.path)
    let tokeniser = try WordPieceTokeniser(file: folder("vocab.txt"))
    let texts = ["a person", "happiness, anger"]
    let ids = try texts.map { try tokeniser.sequence($0, limit: 20).ids }
    let embedded = try sentence.embed(texts).embeddings.values
    #expect(embedded == bert.forward(ids, training: false).values)
    for name in ["align", "blip"] {
      let encoder = try TextEncoder(Self.kind(name), weights: folder.path)
      #expect(encoder.width == 5)
      let shape = try encoder.embed(texts).embeddings.shape
      #expect(shape == [2, 5])
    }
  }

  private func refusal(_ kind: String, _ path: String) -> String {
    do {
      _ = try TextEncoder(Self.kind(kind), weights: path)
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    #expect(refusal("clip", folder("nothing")).contains("ViT-B-16.pt"))
    #expect(refusal("clip", folder("nothing")).contains("encoder=circumplex works offline"))
    #expect(refusal("clip", folder.path).contains("holds no model.safetensors"))
    _ = try clip(vocabulary: 700)
    #expect(refusal("clip", folder.path).contains("bpe_simple_vocab_16e6.txt.gz"))
    #expect(refusal("clip", folder("model.safetensors")).contains("--in vocabulary=PATH"))
    try place("bpe.txt", as: "bpe_simple_vocab_16e6.txt")
    #expect(refusal("clip", folder.path).contains("764 tokens, the weights have 700"))
    try place("vocab.txt", as: "vocab.txt")
    #expect(refusal("blip", folder.path).contains("embeddings.word_embeddings.weight"))
    try Files.write("PK", to: folder("ViT-B-16.pt"))
    #expect(refusal("clip", folder("ViT-B-16.pt")).contains("ferry-import run"))
  }
}
