import Artifacts
import Neural
import Platform
import Tensors

/// A frozen text encoder with its tokeniser, built from files.
public final class TextEncoder {
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

  /// Texts that go through the network at once.
  private static let batch = 64

  public let kind: TextEncoderKind
  /// The embeddings' width.
  public let width: Int
  private let tokeniser: any Tokeniser
  private let network: any TextNetwork

  /// - Parameters:
  ///   - path: a safetensors file, or a folder (also a model artifact) with one.
  ///   - vocabulary: its vocabulary, or a folder with one; nil looks beside the weights.
  /// - Throws: `Fault` that says which file or tensor is wanted.
  public init(
    _ kind: TextEncoderKind, weights path: String, vocabulary: String? = nil,
    options: Options = Options()
  ) throws {
    self.kind = kind
    let files = try TextEncoderFiles(kind, weights: path, vocabulary: vocabulary)
    let parts = try kind.load(files, options)
    (network, tokeniser) = (parts.network, parts.tokeniser)
    width = network.width
    let (tokens, rows) = (tokeniser.vocabularySize, network.vocabulary)
    guard parts.vocabularyIsExact ? tokens == rows : tokens <= rows else {
      throw Fault(
        .badInput, "the vocabulary has \(tokens) tokens, the weights have \(rows)",
        at: .init(files.vocabulary), remedy: "take the vocabulary that belongs to the weights")
    }
  }

  /// Embeds texts.
  /// - Throws: `Fault` where a text is far too long to be a prompt.
  public func embed(_ texts: [String]) throws -> Result {
    var result = Result(embeddings: Tensor([texts.count, width]), cut: [])
    for first in stride(from: 0, to: texts.count, by: Self.batch) {
      let range = first..<min(first + Self.batch, texts.count)
      let sequences = try texts[range].map { try tokeniser.sequence($0, limit: network.positions) }
      for (text, sequence) in zip(texts[range], sequences) where sequence.dropped > 0 {
        result.cut.append((text, sequence.dropped))
      }
      result.embeddings.rows(range).copy(from: network.embed(sequences.map(\.ids)))
    }
    return result
  }
}
