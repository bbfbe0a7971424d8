import Tensors

/// The widths of a stack of transformer blocks.
public struct TransformerShape: Sendable, Equatable {
  public var width: Int
  public var heads: Int
  public var layers: Int
  /// The feed-forward part's inner width.
  public var hidden: Int
  public var activation: Activation

  public init(width: Int, heads: Int, layers: Int, hidden: Int? = nil, activation: Activation) {
    self.width = width
    self.heads = heads
    self.layers = layers
    self.hidden = hidden ?? 4 * width
    self.activation = activation
  }
}

/// One layer of a transformer.
package protocol TransformerBlock: AnyObject {
  var parameters: [Parameter] { get }
  func forward(_ x: Tensor, _ sequences: Sequences, training: Bool) -> Tensor
  /// The output at one row of each sequence only, for inference.
  func forward(_ x: Tensor, _ sequences: Sequences, at rows: [Int]) -> Tensor
  /// `dy` may be overwritten.
  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor?
}

/// Normalisation before each part, names as OpenAI's CLIP.
package final class PreNormBlock: TransformerBlock {
  private let attentionNorm: LayerNorm
  private let attention: SelfAttention
  private let feedForwardNorm: LayerNorm
  private let feedForward: FeedForward
  package let recomputation = Recomputation()
  private var sequences: Sequences?

  package init(
    _ name: String, _ shape: TransformerShape, causal: Bool, from source: ParameterSource
  ) throws {
    // Fresh weights as OpenAI's CLIP draws them.
    let inner = 1 / Double(shape.width).squareRoot()
    let last = inner / Double(2 * shape.layers).squareRoot()
    attentionNorm = try LayerNorm("\(name).ln_1", width: shape.width, from: source)
    attention = try SelfAttention(
      .packed(weight: "\(name).attn.in_proj_weight", bias: "\(name).attn.in_proj_bias"),
      output: "\(name).attn.out_proj", width: shape.width, heads: shape.heads, causal: causal,
      standardDeviation: (inner, last), from: source)
    feedForwardNorm = try LayerNorm("\(name).ln_2", width: shape.width, from: source)
    feedForward = try FeedForward(
      up: "\(name).mlp.c_fc", down: "\(name).mlp.c_proj", width: shape.width,
      hidden: shape.hidden, activation: shape.activation,
      standardDeviation: (inner / 2.0.squareRoot(), last), from: source)
  }

  package var parameters: [Parameter] {
    attention.parameters + attentionNorm.parameters + feedForward.parameters
      + feedForwardNorm.parameters
  }

  package func forward(_ x: Tensor, _ sequences: Sequences, training: Bool) -> Tensor {
    self.sequences = training ? sequences : nil
    return recomputation.forward(x, training: training) {
      pass($0, sequences, training: training)
    }
  }

  private func pass(_ x: Tensor, _ sequences: Sequences, training: Bool) -> Tensor {
    let middle = attention.forward(
      attentionNorm.forward(x, training: training), sequences, adding: x, training: training)
    return feedForward.forward(
      feedForwardNorm.forward(middle, training: training), adding: middle, training: training)
  }

  package func forward(_ x: Tensor, _ sequences: Sequences, at rows: [Int]) -> Tensor {
    let middle = attention.forward(
      attentionNorm.forward(x, training: false), sequences, at: rows, adding: Rows.gather(x, rows))
    return feedForward.forward(
      feedForwardNorm.forward(middle, training: false), adding: middle, training: false)
  }

  package func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    if let sequences = sequences.take() {
      recomputation.restore { pass($0, sequences, training: true) }
    }
    guard let inner = feedForward.backward(dy, inputGradient: true) else { return nil }
    feedForwardNorm.backward(inner, addingTo: dy)
    guard let outer = attention.backward(dy, inputGradient: true) else { return nil }
    if !inputGradient {
      _ = attentionNorm.backward(outer, inputGradient: false)
      return nil
    }
    attentionNorm.backward(outer, addingTo: dy)
    return dy
  }
}

/// Normalisation after each part, names as Hugging Face's BERT.
final class PostNormBlock: TransformerBlock {
  private let attention: SelfAttention
  private let attentionNorm: LayerNorm
  private let feedForward: FeedForward
  private let feedForwardNorm: LayerNorm

  init(_ name: String, _ shape: TransformerShape, epsilon: Float, from source: ParameterSource)
    throws
  {
    let standardDeviation = 0.02
    attention = try SelfAttention(
      .separate(["query", "key", "value"].map { "\(name).attention.self.\($0)" }),
      output: "\(name).attention.output.dense", width: shape.width, heads: shape.heads,
      causal: false, standardDeviation: (standardDeviation, standardDeviation), from: source)
    attentionNorm = try LayerNorm(
      "\(name).attention.output.LayerNorm", width: shape.width, epsilon: epsilon, from: source)
    feedForward = try FeedForward(
      up: "\(name).intermediate.dense", down: "\(name).output.dense", width: shape.width,
      hidden: shape.hidden, activation: shape.activation,
      standardDeviation: (standardDeviation, standardDeviation),
      from: source)
    feedForwardNorm = try LayerNorm(
      "\(name).output.LayerNorm", width: shape.width, epsilon: epsilon, from: source)
  }

  package var parameters: [Parameter] {
    attention.parameters + attentionNorm.parameters + feedForward.parameters
      + feedForwardNorm.parameters
  }

  package func forward(_ x: Tensor, _ sequences: Sequences, training: Bool) -> Tensor {
    let middle = attentionNorm.forward(
      attention.forward(x, sequences, adding: x, training: training), training: training)
    return feedForwardNorm.forward(
      feedForward.forward(middle, adding: middle, training: training), training: training)
  }

  package func forward(_ x: Tensor, _ sequences: Sequences, at rows: [Int]) -> Tensor {
    let middle = attentionNorm.forward(
      attention.forward(x, sequences, at: rows, adding: Rows.gather(x, rows)), training: false)
    return feedForwardNorm.forward(
      feedForward.forward(middle, adding: middle, training: false), training: false)
  }

  package func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let outer = feedForwardNorm.backward(dy, inputGradient: true),
      let through = feedForward.backward(outer, inputGradient: true)
    else { return nil }
    Elementwise.add(through, to: outer)
    guard let inner = attentionNorm.backward(outer, inputGradient: true) else { return nil }
    guard let dx = attention.backward(inner, inputGradient: inputGradient) else { return nil }
    Elementwise.add(inner, to: dx)
    return dx
  }
}
