import CKernels

/// Runs of rows, one a sequence, in a tensor that holds sequences one after another.
public struct Sequences: Sendable, Equatable {
  /// The first row of each sequence, and the number of all rows at the end.
  public let starts: [Int32]

  /// Sequences of the given lengths.
  public init(lengths: some Sequence<Int>) {
    var starts: [Int32] = [0]
    for length in lengths { starts.append(starts[starts.count - 1] + Int32(length)) }
    self.starts = starts
  }

  /// `count` sequences of one length.
  public init(count: Int, length: Int) {
    self.init(lengths: repeatElement(length, count: count))
  }

  /// The number of sequences.
  public var count: Int { starts.count - 1 }
  /// The number of rows of all sequences.
  public var rows: Int { Int(starts[starts.count - 1]) }

  /// The rows of one sequence.
  public subscript(index: Int) -> Range<Int> { Int(starts[index])..<Int(starts[index + 1]) }
}

/// Softmax attention over packed sequences (Vaswani et al. 2017, equation 1).
///
/// Sequences lie one after another without padding, so none is computed and no padding mask is
/// needed.
/// Shapes: q [query rows, heads d], k and v [key rows, heads d], views whose rows may lie apart.
public struct Attention: Sendable {
  public let heads: Int
  /// Whether a position sees only those before it; the last query stands at the last key.
  public var causal = false
  /// The factor of the products; 1 / sqrt(d) unless given.
  public var scale: Float?

  public init(heads: Int) { self.heads = heads }

  /// What is added to the scaled products; both need sequences of one length L.
  public struct Additions {
    /// [heads, L, L], as a relative position bias.
    public var bias: Tensor?
    /// [masks, L, L]: sequence s has the mask s modulo masks, as shifted windows need.
    public var mask: Tensor?

    public init(bias: Tensor? = nil, mask: Tensor? = nil) {
      self.bias = bias
      self.mask = mask
    }
  }

  /// softmax(scale q k^T + bias + mask) v.
  public func forward(
    q: MatrixView, k: MatrixView, v: MatrixView, queries: Sequences, keys: Sequences,
    adding additions: Additions = Additions(), into y: MatrixView
  ) {
    withKernel(q, k, v, queries, keys, additions) { kernel in
      ferry_attention_forward(&kernel, y.pointer, y.stride)
    }
  }

  /// The gradients of q, k and v for a gradient of the output, and of the bias, which is added to.
  public func backward(
    _ dy: MatrixView, q: MatrixView, k: MatrixView, v: MatrixView, sequences: Sequences,
    adding additions: Additions = Additions(), dq: MatrixView, dk: MatrixView, dv: MatrixView,
    dbias: Tensor? = nil
  ) {
    precondition(dq.stride == q.stride && dk.stride == k.stride && dv.stride == v.stride)
    withKernel(q, k, v, sequences, sequences, additions) { kernel in
      ferry_attention_backward(
        &kernel, dy.pointer, dy.stride, dq.pointer, dk.pointer, dv.pointer, dbias?.pointer)
    }
  }

  private func withKernel(
    _ q: MatrixView, _ k: MatrixView, _ v: MatrixView, _ queries: Sequences, _ keys: Sequences,
    _ additions: Additions, _ body: (inout ferry_attention) -> Void
  ) {
    precondition(queries.count == keys.count, "as many sequences of queries as of keys")
    precondition(q.rows == queries.rows && k.rows == keys.rows, "rows differ from the sequences'")
    precondition(k.stride == v.stride, "keys and values lie alike")
    let width = q.columns / heads
    queries.starts.withUnsafeBufferPointer { queryStarts in
      keys.starts.withUnsafeBufferPointer { keyStarts in
        var kernel = ferry_attention(
          q: q.pointer, k: k.pointer, v: v.pointer, query_stride: q.stride, key_stride: k.stride,
          query_starts: queryStarts.baseAddress, key_starts: keyStarts.baseAddress,
          sequences: queries.count, heads: heads, width: width,
          scale: scale ?? 1 / Float(width).squareRoot(), causal: causal ? 1 : 0,
          bias: additions.bias.map { UnsafePointer($0.pointer) },
          mask: additions.mask.map { UnsafePointer($0.pointer) },
          masks: additions.mask?.shape[0] ?? 1)
        withExtendedLifetime(additions) { body(&kernel) }
      }
    }
  }
}
