import Neural
import Platform
import Tensors

/// Window attention with a learned bias for each relative position, and its projections (Liu et al.
/// 2021, equation 4).
final class SwinAttention {
  private let attention: WindowAttention
  private let heads: Int
  private let table: Parameter
  private let qkv: Projection
  private let output: Projection
  /// The table's row for each pair of a window's tokens.
  private let pairs: [Int]
  private var saved: (qkv: Tensor, bias: Tensor)?

  init(
    _ name: String, width: Int, heads: Int, attention: WindowAttention, from source: ParameterSource
  )
    throws
  {
    self.attention = attention
    self.heads = heads
    let (side, standardDeviation) = (attention.side, SwinTransformer.freshDeviation)
    let span = 2 * side - 1
    table = try source.parameter(
      "\(name).relative_position_bias_table", [span * span, heads], .normal(standardDeviation))
    qkv = try Projection(
      "\(name).qkv.weight", "\(name).qkv.bias", inputs: width, outputs: 3 * width,
      standardDeviation: standardDeviation, from: source)
    output = try Projection(
      "\(name).proj.weight", "\(name).proj.bias", inputs: width, outputs: width,
      standardDeviation: standardDeviation, from: source)
    let tokens = 0..<side * side
    pairs = tokens.flatMap { i in
      tokens.map { j in
        (i / side - j / side + side - 1) * span + i % side - j % side + side - 1
      }
    }
  }

  var parameters: [Parameter] { [table] + qkv.parameters + output.parameters }

  /// The table spread over pairs: [heads, tokens, tokens].
  private func spread() -> Tensor {
    let tokens = attention.side * attention.side
    let bias = Tensor([heads, tokens, tokens])
    for head in 0..<heads {
      for (pair, row) in pairs.enumerated() {
        bias.pointer[head * pairs.count + pair] = table.value.pointer[row * heads + head]
      }
    }
    return bias
  }

  /// Rows [images height width, width] to the same.
  func forward(_ x: Tensor, images: Int, adding residual: Tensor?, training: Bool) -> Tensor {
    let bias = spread()
    let projected = qkv.forward(x, training: training)
      .reshaped([images, x.shape[0] / images, 3 * x.shape[1]])
    let context = attention.forward(projected, bias: bias).reshaped(x.shape)
    saved = training && Recomputation.keeps ? (projected, bias) : nil
    return output.forward(context, adding: residual, training: training)
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let (projected, bias) = saved.take(),
      let context = output.backward(dy, inputGradient: true)
    else { preconditionFailure("backward needs a training forward") }
    let slopes = Tensor.zeros(bias.shape)
    let gradient = attention.backward(context, qkv: projected, bias: bias, biasGradient: slopes)
    table.addGradient { accumulate, sum in
      if !accumulate { sum.fill(0) }
      for head in 0..<heads {
        for (pair, row) in pairs.enumerated() {
          sum.pointer[row * heads + head] += slopes.pointer[head * pairs.count + pair]
        }
      }
    }
    let rows = projected.shape[0] * projected.shape[1]
    return qkv.backward(
      gradient.reshaped([rows, projected.shape[2]]), inputGradient: inputGradient)
  }
}

/// One block: window attention and a feed-forward part, each behind a normalisation and beside a
/// shortcut (Liu et al. 2021, equation 3).
final class SwinBlock {
  private let attentionNorm: LayerNorm
  private let attention: SwinAttention
  private let feedForwardNorm: LayerNorm
  private let feedForward: FeedForward
  private let depth: (attention: StochasticDepth, feedForward: StochasticDepth)
  private let tokens: Int
  let recomputation = Recomputation()

  init(
    _ name: String, width: Int, heads: Int, attention: WindowAttention,
    depth: (attention: StochasticDepth, feedForward: StochasticDepth), from source: ParameterSource
  ) throws {
    attentionNorm = try LayerNorm("\(name).norm1", width: width, from: source)
    self.attention = try SwinAttention(
      "\(name).attn", width: width, heads: heads, attention: attention, from: source)
    feedForwardNorm = try LayerNorm("\(name).norm2", width: width, from: source)
    let standardDeviation = SwinTransformer.freshDeviation
    feedForward = try FeedForward(
      up: "\(name).mlp.fc1", down: "\(name).mlp.fc2", width: width, hidden: 4 * width,
      activation: .gelu, standardDeviation: (standardDeviation, standardDeviation), from: source)
    self.depth = depth
    tokens = attention.height * attention.width
  }

  var parameters: [Parameter] {
    attentionNorm.parameters + attention.parameters + feedForwardNorm.parameters
      + feedForward.parameters
  }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    recomputation.forward(x, training: training) { pass($0, training: training) }
  }

  private func pass(_ x: Tensor, training: Bool) -> Tensor {
    let images = x.shape[0] / tokens
    let middle = depth.attention.forward(x, images: images, training: training) {
      attention.forward(
        attentionNorm.forward(x, training: training), images: images, adding: $0,
        training: training)
    }
    return depth.feedForward.forward(middle, images: images, training: training) {
      feedForward.forward(
        feedForwardNorm.forward(middle, training: training), adding: $0, training: training)
    }
  }

  /// `dy` may be overwritten.
  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    recomputation.restore { pass($0, training: true) }
    guard let inner = feedForward.backward(depth.feedForward.backward(dy), inputGradient: true)
    else { return nil }
    feedForwardNorm.backward(inner, addingTo: dy)
    guard let outer = attention.backward(depth.attention.backward(dy), inputGradient: true) else {
      return nil
    }
    guard inputGradient else {
      _ = attentionNorm.backward(outer, inputGradient: false)
      return nil
    }
    attentionNorm.backward(outer, addingTo: dy)
    return dy
  }
}
