import Artifacts
import Platform
import Tensors

/// A bidirectional text transformer (Devlin et al. 2019), names as Hugging Face's.
///
/// Texts are packed one after another without padding, which gives what padding and its mask give.
/// Shapes: token rows [R, width] to one vector a text [N, width].
public final class BERT {
  /// The widths of a BERT.
  public struct Configuration: Sendable, Equatable {
    public var vocabulary: Int
    public var positions: Int
    public var shape: TransformerShape
    /// Whether there is a table of segments, of which the first row is added everywhere.
    public var hasSegments: Bool
    public var epsilon: Float

    public init(
      vocabulary: Int, positions: Int, shape: TransformerShape, hasSegments: Bool = true,
      epsilon: Float = 1e-12
    ) {
      self.vocabulary = vocabulary
      self.positions = positions
      self.shape = shape
      self.hasSegments = hasSegments
      self.epsilon = epsilon
    }

    /// The configuration that the shapes in a file of weights say.
    ///
    /// - Parameter heads: nil for twelve at the widths 312 and 384 (the small published models), else
    ///   one a 64 of the width.
    /// - Throws: `Fault` that names the tensor which is missing or does not fit.
    public init(
      _ weights: SafetensorsFile, prefix: String, heads: Int? = nil, epsilon: Float = 1e-12
    ) throws {
      func shape(_ name: String) throws -> [Int] {
        let type = weights[prefix + name]?.type ?? .float32
        return try weights.require(prefix + name, type, shape: [nil, nil]).shape
      }
      let table = try shape("embeddings.word_embeddings.weight")
      let width = table[1]
      self.init(
        vocabulary: table[0], positions: try shape("embeddings.position_embeddings.weight")[0],
        shape: try TransformerLayers.shape(
          width: width, heads: heads ?? ([312, 384].contains(width) ? 12 : nil),
          layers: TransformerLayers.count(weights, prefix + "encoder.layer."),
          hidden: try shape("encoder.layer.0.intermediate.dense.weight")[0], activation: .gelu,
          file: weights.path),
        hasSegments: weights[prefix + "embeddings.token_type_embeddings.weight"] != nil,
        epsilon: epsilon)
    }
  }

  /// How a text's rows become one vector.
  public enum Pooling: Sendable, Equatable {
    /// The row of the start token.
    case first
    /// The mean of all rows.
    case mean
  }

  public let configuration: Configuration
  private let pooling: Pooling
  private let tokens: Parameter
  private let positions: Parameter
  private let segments: Parameter?
  private let norm: LayerNorm
  private let stack: TransformerStack
  private var saved: (ids: [Int], places: [Int], sequences: Sequences)?

  public init(_ configuration: Configuration, pooling: Pooling, from source: ParameterSource) throws
  {
    self.configuration = configuration
    self.pooling = pooling
    let (shape, width) = (configuration.shape, configuration.shape.width)
    func table(_ name: String, _ rows: Int) throws -> Parameter {
      try source.parameter("embeddings.\(name).weight", [rows, width], .normal(0.02))
    }
    tokens = try table("word_embeddings", configuration.vocabulary)
    positions = try table("position_embeddings", configuration.positions)
    segments = configuration.hasSegments ? try table("token_type_embeddings", 2) : nil
    norm = try LayerNorm(
      "embeddings.LayerNorm", width: width, epsilon: configuration.epsilon, from: source)
    stack = TransformerStack(
      try (0..<shape.layers).map {
        try PostNormBlock(
          "encoder.layer.\($0)", shape, epsilon: configuration.epsilon, from: source)
      })
  }

  public var parameters: [Parameter] {
    [tokens, positions] + (segments.map { [$0] } ?? []) + norm.parameters + stack.parameters
  }

  /// One vector a text; texts are token ids from start to end.
  public func forward(_ texts: [[Int]], training: Bool) -> Tensor {
    let sequences = Sequences(lengths: texts.map(\.count))
    let ids = texts.flatMap { $0 }
    let places = texts.flatMap { Array(0..<$0.count) }
    precondition(texts.allSatisfy { (1...configuration.positions).contains($0.count) })
    let x = Rows.gather(tokens.value, ids)
    let segment = segments.map { $0.value.rows(0..<1).reshaped([configuration.shape.width]) }
    Rows.add(segment, Rows.gather(positions.value, places), to: x)
    saved = training ? (ids, places, sequences) : nil
    let normed = norm.forward(x, training: training)
    let firsts = (0..<sequences.count).map { sequences[$0].lowerBound }
    let y = stack.forward(
      normed, sequences, at: pooling == .first ? firsts : nil, training: training)
    return pooling == .first ? y : Self.means(y, sequences)
  }

  private static func means(_ rows: Tensor, _ sequences: Sequences) -> Tensor {
    let width = rows.shape[1]
    let result = Tensor([sequences.count, width])
    for index in 0..<sequences.count {
      let own = rows.rows(sequences[index])
      let mean = result.rows(index..<index + 1).reshaped([width])
      Rows.sum(own, accumulate: false, into: mean)
      Elementwise.multiply(mean, by: 1 / Float(sequences[index].count))
    }
    return result
  }

  /// Adds the gradients.
  public func backward(_ dy: Tensor) {
    guard let (ids, places, sequences) = saved.take() else {
      preconditionFailure("backward needs a training forward")
    }
    var gradient = dy
    if pooling == .mean {
      gradient = Rows.gather(
        dy, (0..<sequences.count).flatMap { Array(repeating: $0, count: sequences[$0].count) })
      for index in 0..<sequences.count {
        Elementwise.multiply(
          gradient.rows(sequences[index]), by: 1 / Float(sequences[index].count))
      }
    }
    let tables = [tokens, positions] + (segments.map { [$0] } ?? [])
    let wantsRows = tables.contains(where: \.isTrainable)
    let inner = wantsRows || norm.parameters.contains(where: \.isTrainable)
    guard let normed = stack.backward(gradient, inputGradient: inner), inner,
      let rows = norm.backward(normed, inputGradient: wantsRows)
    else { return }
    tokens.addRows(rows, ids)
    positions.addRows(rows, places)
    segments?.addRows(rows, Array(repeating: 0, count: ids.count))
  }
}
