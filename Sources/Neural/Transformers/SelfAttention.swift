import Tensors

/// Attention of sequences to themselves, with its projections (Vaswani et al. 2017, section 3.2.2).
///
/// Shapes: rows [R, width] of all sequences, one after another.
package final class SelfAttention {
  /// How the state dictionary names the three projections of the input.
  package enum Names {
    /// One matrix [3 width, width]: CLIP's `attn.in_proj_weight`.
    case packed(weight: String, bias: String)
    /// Three matrices [width, width]: BERT's `attention.self.query.weight` and so on.
    case separate([String])
  }

  private let width: Int
  private let attention: Attention
  /// Weights and biases as given: of one projection or of three.
  private let weights: [Parameter]
  private let biases: [Parameter]
  private let output: Projection
  private var saved: (x: Tensor, qkv: Tensor, sequences: Sequences)?

  package init(
    _ names: Names, output: String, width: Int, heads: Int, causal: Bool,
    standardDeviation: (input: Double, output: Double), from source: ParameterSource
  ) throws {
    precondition(width % heads == 0, "the heads share the width evenly")
    self.width = width
    var attention = Attention(heads: heads)
    attention.causal = causal
    self.attention = attention
    switch names {
    case .packed(let weight, let bias):
      weights = [
        try source.parameter(weight, [3 * width, width], .normal(standardDeviation.input))
      ]
      biases = [try source.parameter(bias, [3 * width], .zeros)]
    case .separate(let parts):
      weights = try parts.map {
        try source.parameter("\($0).weight", [width, width], .normal(standardDeviation.input))
      }
      biases = try parts.map { try source.parameter("\($0).bias", [width], .zeros) }
    }
    self.output = try Projection(
      "\(output).weight", "\(output).bias", inputs: width, outputs: width,
      standardDeviation: standardDeviation.output, from: source)
  }

  package var parameters: [Parameter] {
    zip(weights, biases).flatMap { [$0, $1] } + output.parameters
  }

  /// The weights of q (0), k (1) or v (2).
  private func weight(_ part: Int) -> Tensor {
    weights.count == 3
      ? weights[part].value : weights[0].value.rows(part * width..<(part + 1) * width)
  }

  private var bias: Tensor {
    if biases.count == 1 { return biases[0].value }
    let all = Tensor([3 * width])
    for (part, bias) in biases.enumerated() {
      (all.pointer + part * width).update(from: bias.value.pointer, count: width)
    }
    return all
  }

  private func columns(_ part: Int, of qkv: Tensor) -> MatrixView {
    MatrixView(qkv).columns(part * width..<(part + 1) * width)
  }

  package func forward(
    _ x: Tensor, _ sequences: Sequences, adding residual: Tensor?, training: Bool
  ) -> Tensor {
    let qkv = Tensor([x.shape[0], 3 * width])
    let step = 3 * width / weights.count
    for (part, weight) in weights.enumerated() {
      Matrix.multiply(
        MatrixView(x), MatrixView(weight.value), transposeB: true,
        epilogue: ProductEpilogue(bias: biases[part].value),
        into: MatrixView(qkv).columns(part * step..<(part + 1) * step))
    }
    let context = Tensor(x.shape)
    attention.forward(
      q: columns(0, of: qkv), k: columns(1, of: qkv), v: columns(2, of: qkv), queries: sequences,
      keys: sequences, into: MatrixView(context))
    saved = training && Recomputation.keeps ? (x, qkv, sequences) : nil
    return output.forward(context, adding: residual, training: training)
  }

  /// The result at one row of each sequence, for inference; a causal mask asks for the last rows.
  func forward(
    _ x: Tensor, _ sequences: Sequences, at rows: [Int], adding residual: Tensor?
  ) -> Tensor {
    let bias = bias
    let q = Matrix.product(
      Rows.gather(x, rows), weight(0), transposeB: true,
      epilogue: ProductEpilogue(bias: bias.rows(0..<width)))
    let kv = Tensor([x.shape[0], 2 * width])
    for part in 0..<2 {
      Matrix.multiply(
        MatrixView(x), MatrixView(weight(part + 1)), transposeB: true,
        epilogue: ProductEpilogue(bias: bias.rows((part + 1) * width..<(part + 2) * width)),
        into: columns(part, of: kv))
    }
    let context = Tensor([rows.count, width])
    attention.forward(
      q: MatrixView(q), k: columns(0, of: kv), v: columns(1, of: kv),
      queries: Sequences(count: rows.count, length: 1), keys: sequences, into: MatrixView(context))
    return output.forward(context, adding: residual, training: false)
  }

  package func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let (x, qkv, sequences) = saved.take(),
      let dcontext = output.backward(dy, inputGradient: true)
    else { preconditionFailure("backward needs a training forward") }
    let dqkv = Tensor(qkv.shape)
    attention.backward(
      MatrixView(dcontext), q: columns(0, of: qkv), k: columns(1, of: qkv), v: columns(2, of: qkv),
      sequences: sequences, dq: columns(0, of: dqkv), dk: columns(1, of: dqkv),
      dv: columns(2, of: dqkv))
    let dx = inputGradient ? Tensor(x.shape) : nil
    let step = 3 * width / weights.count
    for (part, weight) in weights.enumerated() {
      let columns = MatrixView(dqkv).columns(part * step..<(part + 1) * step)
      weight.addGradient { accumulate, gradient in
        Matrix.multiply(
          columns, transposeA: true, MatrixView(x), accumulate: accumulate,
          into: MatrixView(gradient))
      }
      if let dx {
        Matrix.multiply(
          columns, MatrixView(weight.value), accumulate: part > 0, into: MatrixView(dx))
      }
    }
    addBiasGradients(dqkv)
    return dx
  }

  private func addBiasGradients(_ dqkv: Tensor) {
    guard biases.contains(where: \.isTrainable) else { return }
    let sums = Tensor([3 * width])
    Rows.sum(dqkv, accumulate: false, into: sums)
    let step = 3 * width / biases.count
    for (part, bias) in biases.enumerated() {
      bias.addGradient { sums.pointer[part * step + $0] }
    }
  }
}
