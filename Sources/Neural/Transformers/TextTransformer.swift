import Artifacts
import Platform
import Tensors

/// The text tower of CLIP (Radford et al. 2021), names as OpenAI's.
///
/// Texts are packed one after another without padding: attention is causal, so what stands behind
/// the end of a text changes nothing before it, and is not computed.
/// Shapes: token rows [R, width] to one embedding a text [N, outputs].
public final class TextTransformer {
  /// The widths of a text tower.
  public struct Configuration: Sendable, Equatable {
    public var vocabulary: Int
    public var positions: Int
    public var shape: TransformerShape
    public var outputs: Int

    public init(vocabulary: Int, positions: Int, shape: TransformerShape, outputs: Int) {
      self.vocabulary = vocabulary
      self.positions = positions
      self.shape = shape
      self.outputs = outputs
    }

    private static func clip(width: Int) -> Configuration {
      Configuration(
        vocabulary: 49408, positions: 77,
        shape: TransformerShape(
          width: width, heads: width / 64, layers: 12, activation: .quickGELU),
        outputs: width)
    }

    /// The text towers of CLIP B/32 and B/16, and of L/14.
    public static let base = clip(width: 512)
    public static let large = clip(width: 768)

    /// The configuration that the shapes in a file of weights say.
    /// - Throws: `Fault` that names the tensor which is missing or does not fit.
    public init(
      _ weights: SafetensorsFile, prefix: String, activation: Activation = .quickGELU,
      heads: Int? = nil
    ) throws {
      func shape(_ name: String) throws -> [Int] {
        let type = weights[prefix + name]?.type ?? .float32
        return try weights.require(prefix + name, type, shape: [nil, nil]).shape
      }
      let table = try shape("token_embedding.weight")
      self.init(
        vocabulary: table[0], positions: try shape("positional_embedding")[0],
        shape: try TransformerLayers.shape(
          width: table[1], heads: heads,
          layers: TransformerLayers.count(weights, prefix + "transformer.resblocks."),
          hidden: try shape("transformer.resblocks.0.mlp.c_fc.weight")[0],
          activation: activation, file: weights.path),
        outputs: try shape("text_projection")[1])
    }
  }

  public let configuration: Configuration
  private let tokens: Parameter
  private let positions: Parameter
  private let stack: TransformerStack
  private let norm: LayerNorm
  private let projection: Projection
  private var saved: (ids: [Int]?, places: [Int])?

  public init(_ configuration: Configuration, from source: ParameterSource) throws {
    self.configuration = configuration
    let (shape, width) = (configuration.shape, configuration.shape.width)
    tokens = try source.parameter(
      "token_embedding.weight", [configuration.vocabulary, width], .normal(0.02))
    positions = try source.parameter(
      "positional_embedding", [configuration.positions, width], .normal(0.01))
    stack = TransformerStack(
      try (0..<shape.layers).map {
        try PreNormBlock("transformer.resblocks.\($0)", shape, causal: true, from: source)
      })
    norm = try LayerNorm("ln_final", width: width, from: source)
    projection = try Projection(
      "text_projection", nil, inputs: width, outputs: configuration.outputs, transposed: true,
      standardDeviation: 1 / Double(width).squareRoot(), from: source)
  }

  public var parameters: [Parameter] {
    [positions] + stack.parameters + [tokens] + norm.parameters + projection.parameters
  }

  /// The table's rows for some tokens: what `forward(rows:)` takes.
  public func rows(of ids: [Int]) -> Tensor { Rows.gather(tokens.value, ids) }

  /// The embeddings of texts, each a list of token ids from start to end.
  public func forward(_ texts: [[Int]], training: Bool) -> Tensor {
    let ids = texts.flatMap { $0 }
    let y = forward(
      rows: rows(of: ids), Sequences(lengths: texts.map(\.count)), training: training)
    saved?.ids = ids
    return y
  }

  /// The same from token rows, which may be learnt: the last row of each sequence is the text's end.
  public func forward(rows: Tensor, _ sequences: Sequences, training: Bool) -> Tensor {
    precondition(rows.shape == [sequences.rows, configuration.shape.width], "one row a token")
    var places: [Int] = []
    for index in 0..<sequences.count {
      precondition(
        (1...configuration.positions).contains(sequences[index].count), "a text does not fit")
      places += 0..<sequences[index].count
    }
    let x = Rows.gather(positions.value, places)
    Elementwise.add(rows, to: x)
    saved = training ? (nil, places) : nil
    let ends = (0..<sequences.count).map { sequences[$0].upperBound - 1 }
    let y = stack.forward(x, sequences, at: ends, training: training)
    return projection.forward(norm.forward(y, training: training), training: training)
  }

  /// Adds the gradients; returns that of the token rows where it is asked for.
  public func backward(_ dy: Tensor, rowGradient: Bool) -> Tensor? {
    guard let (ids, places) = saved.take() else {
      preconditionFailure("backward needs a training forward")
    }
    let wantsRows = rowGradient || positions.isTrainable || (ids != nil && tokens.isTrainable)
    let inner = wantsRows || stack.parameters.contains(where: \.isTrainable)
    guard
      let pooled = projection.backward(
        dy, inputGradient: inner || norm.parameters.contains(where: \.isTrainable)),
      let ends = norm.backward(pooled, inputGradient: inner), inner,
      let rows = stack.backward(ends, inputGradient: wantsRows)
    else { return nil }
    positions.addRows(rows, places)
    if let ids { tokens.addRows(rows, ids) }
    return rowGradient ? rows : nil
  }
}

extension Parameter {
  /// Adds rows to the gradient of a table.
  func addRows(_ rows: Tensor, _ numbers: [Int]) {
    addGradient { accumulate, gradient in
      if !accumulate { gradient.fill(0) }
      Rows.scatterAdd(rows, numbers, to: gradient)
    }
  }
}
