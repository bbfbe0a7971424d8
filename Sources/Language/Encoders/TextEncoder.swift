import Artifacts
import Neural
import Platform
import Tensors

/// A frozen text encoder with its tokeniser, built from files.
public final class TextEncoder {
  /// The families of encoders.
  public enum Kind: String, Sendable, CaseIterable {
    case clip, align, blip, sentence
  }

  /// What a file does not say by its shapes.
  public struct Options: Sendable {
    /// nil: QuickGELU, as in OpenAI's weights. LAION's take GELU.
    public var activation: Activation?
    /// nil: what `config.json` says, else one a 64 of the width, twelve in small BERTs.
    public var heads: Int?

    public init(activation: Activation? = nil, heads: Int? = nil) {
      self.activation = activation
      self.heads = heads
    }
  }

  /// Embeddings and what was cut.
  public struct Result {
    /// Raw, one row a text: [N, width].
    public var embeddings: Tensor
    /// Texts that had more tokens than the encoder has positions, and how many were dropped.
    public var cut: [(text: String, dropped: Int)]
  }

  private enum Network {
    case clip(TextTransformer)
    case bert(BERT, projection: Projected?)
  }

  /// A last linear layer.
  private struct Projected {
    var weight: Parameter
    var bias: Parameter?
  }

  /// Texts that go through the network at once.
  private static let batch = 64

  public let kind: Kind
  /// The embeddings' width.
  public let width: Int
  private let tokeniser: any Tokeniser
  private let positions: Int
  private let network: Network

  /// - Parameters:
  ///   - path: a safetensors file, or a folder (also a model artifact) with one.
  ///   - vocabulary: its vocabulary, or a folder with one; nil looks beside the weights.
  /// - Throws: `Fault` that says which file or tensor is wanted.
  public init(
    _ kind: Kind, weights path: String, vocabulary: String? = nil, options: Options = Options()
  ) throws {
    self.kind = kind
    let files = try TextWeights(kind, weights: path, vocabulary: vocabulary)
    let rows: Int
    switch kind {
    case .clip:
      let prefix = try files.prefix(of: "token_embedding.weight", kind)
      let configuration = try TextTransformer.Configuration(
        files.file, prefix: prefix, activation: options.activation ?? .quickGELU,
        heads: options.heads)
      let tower = try TextTransformer(
        configuration, from: ParameterSource(files.file, filePrefix: prefix))
      network = .clip(tower)
      (width, positions, rows) =
        (configuration.outputs, configuration.positions, configuration.vocabulary)
      tokeniser = BytePairTokeniser(try BytePairVocabulary(file: files.vocabulary))
    case .align, .blip, .sentence:
      let prefix = try files.prefix(of: "embeddings.word_embeddings.weight", kind)
      let heads = options.heads ?? files.configuration?["num_attention_heads"]?.integer
      let configuration = try BERT.Configuration(files.file, prefix: prefix, heads: heads)
      let bert = try BERT(
        configuration, pooling: kind == .sentence ? .mean : .first,
        from: ParameterSource(files.file, filePrefix: prefix))
      let projection =
        kind == .sentence ? nil : try Self.projection(files, inputs: configuration.shape.width)
      network = .bert(bert, projection: projection)
      width = projection?.weight.value.shape[0] ?? configuration.shape.width
      (positions, rows) = (configuration.positions, configuration.vocabulary)
      tokeniser = try WordPieceTokeniser(file: files.vocabulary)
    }
    guard tokeniser.vocabularySize <= rows, kind != .clip || tokeniser.vocabularySize == rows else {
      throw Fault(
        .badInput,
        "the vocabulary has \(tokeniser.vocabularySize) tokens, the weights have \(rows)",
        at: .init(files.vocabulary), remedy: "take the vocabulary that belongs to the weights")
    }
  }

  private static func projection(_ files: TextWeights, inputs: Int) throws -> Projected {
    let names = ["text_projection", "text_proj"]
    guard let name = names.first(where: { files.file["\($0).weight"] != nil }) else {
      throw Fault(
        .badInput, "the weights have no tensor 'text_projection.weight'",
        at: .init(files.file.path),
        remedy: "a text encoder without its projection is a sentence encoder: encoder=sentence")
    }
    let outputs = files.file["\(name).weight"]?.shape.first ?? 0
    let source = ParameterSource(files.file)
    return Projected(
      weight: try source.parameter("\(name).weight", [outputs, inputs], .zeros),
      bias: files.file["\(name).bias"] == nil
        ? nil : try source.parameter("\(name).bias", [outputs], .zeros))
  }

  /// Embeds texts.
  /// - Throws: `Fault` where a text is far too long to be a prompt.
  public func embed(_ texts: [String]) throws -> Result {
    var result = Result(embeddings: Tensor([texts.count, width]), cut: [])
    for first in stride(from: 0, to: texts.count, by: Self.batch) {
      let range = first..<min(first + Self.batch, texts.count)
      let sequences = try texts[range].map { try tokeniser.sequence($0, limit: positions) }
      for (text, sequence) in zip(texts[range], sequences) where sequence.dropped > 0 {
        result.cut.append((text, sequence.dropped))
      }
      result.embeddings.rows(range).copy(from: forward(sequences.map(\.ids)))
    }
    return result
  }

  private func forward(_ ids: [[Int]]) -> Tensor {
    switch network {
    case .clip(let tower): return tower.forward(ids.map(upToEnd), training: false)
    case .bert(let bert, let projection):
      let y = bert.forward(ids, training: false)
      guard let projection else { return y }
      let projected = Matrix.product(y, projection.weight.value, transposeB: true)
      Rows.add(projection.bias?.value, to: projected)
      return projected
    }
  }

  /// CLIP pools at the first end token, also where a text spells one; attention is causal.
  private func upToEnd(_ ids: [Int]) -> [Int] {
    guard let end = ids.last, let first = ids.firstIndex(of: end) else { return ids }
    return Array(ids[...first])
  }
}
