import CKernels

/// Activations of transformers.
public enum Activation: Int32, Sendable, CaseIterable {
  /// x Phi(x) (Hendrycks and Gimpel 2016).
  case gelu = 0
  /// x / (1 + exp(-1.702 x)), which OpenAI's CLIP uses.
  case quickGELU = 1

  /// activation(x + bias) in place; returns x + bias where it is kept for the backward pass.
  public func apply(_ x: Tensor, bias: Tensor?, keeping: Bool) -> Tensor? {
    let sum = keeping ? Tensor(x.shape) : nil
    ferry_activate(
      rawValue, x.pointer, bias?.pointer, x.shape[0], x.shape[1], sum?.pointer, x.pointer)
    return sum
  }

  /// activation(sum) as a new tensor.
  public func value(at sum: Tensor) -> Tensor {
    let y = Tensor(sum.shape)
    ferry_activate(rawValue, sum.pointer, nil, sum.shape[0], sum.shape[1], nil, y.pointer)
    return y
  }

  /// dy activation'(sum), in place of dy.
  public func backward(_ dy: Tensor, sum: Tensor) {
    ferry_activate_backward(
      rawValue, sum.pointer, dy.pointer, dy.shape[0], dy.shape[1], dy.pointer)
  }
}

/// Operations on the rows of plain matrices.
public enum Rows {
  /// x += bias + residual.
  public static func add(_ bias: Tensor?, _ residual: Tensor? = nil, to x: Tensor) {
    guard bias != nil || residual != nil else { return }
    precondition(bias?.count ?? x.shape[1] == x.shape[1] && residual?.shape ?? x.shape == x.shape)
    ferry_add_bias(
      x.pointer, bias?.pointer, residual?.pointer, x.shape[0], x.shape[1], x.pointer)
  }

  /// sums (+)= the sum of the rows.
  public static func sum(_ x: Tensor, accumulate: Bool, into sums: Tensor) {
    precondition(sums.count == x.shape[1])
    ferry_column_sums(x.pointer, x.shape[0], x.shape[1], accumulate ? 1 : 0, sums.pointer)
  }

  /// The rows of a table by number.
  public static func gather(_ table: Tensor, _ rows: [Int]) -> Tensor {
    let width = table.shape[1]
    let result = Tensor([rows.count, width])
    for (index, row) in rows.enumerated() {
      precondition(row >= 0 && row < table.shape[0], "no row \(row)")
      (result.pointer + index * width).update(from: table.pointer + row * width, count: width)
    }
    return result
  }

  /// table[rows[i]] += x[i], in the order of i.
  public static func scatterAdd(_ x: Tensor, _ rows: [Int], to table: Tensor) {
    let width = table.shape[1]
    for (index, row) in rows.enumerated() {
      precondition(row >= 0 && row < table.shape[0], "no row \(row)")
      let (from, to) = (x.pointer + index * width, table.pointer + row * width)
      for i in 0..<width { to[i] += from[i] }
    }
  }
}

/// Normalisation of each row by its own mean and deviation (Ba et al. 2016).
public enum LayerNormalisation {
  /// The values of a forward pass that the backward pass needs.
  public struct Saved {
    public var x: Tensor
    var mean: Tensor
    var inverse: Tensor
  }

  /// (x - mean) / sqrt(variance + epsilon) gamma + beta.
  public static func forward(
    _ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float, keeping: Bool
  ) -> (y: Tensor, saved: Saved?) {
    let (rows, width) = (x.shape[0], x.shape[1])
    precondition(gamma.count == width && beta.count == width, "the row's width differs")
    let y = Tensor(x.shape)
    let saved = keeping ? Saved(x: x, mean: Tensor([rows]), inverse: Tensor([rows])) : nil
    ferry_layer_norm(
      x.pointer, gamma.pointer, beta.pointer, epsilon, rows, width, y.pointer,
      saved?.mean.pointer, saved?.inverse.pointer)
    return (y, saved)
  }

  /// dx (+)= the gradient of the input.
  public static func backward(
    _ dy: Tensor, saved: Saved, gamma: Tensor, accumulate: Bool, into dx: Tensor
  ) {
    ferry_layer_norm_backward(
      saved.x.pointer, dy.pointer, gamma.pointer, saved.mean.pointer, saved.inverse.pointer,
      dy.shape[0], dy.shape[1], accumulate ? 1 : 0, dx.pointer)
  }

  /// The gradients of gamma and beta; a nil one is not wanted.
  public static func gradients(
    _ dy: Tensor, saved: Saved, gamma: (accumulate: Bool, tensor: Tensor)?,
    beta: (accumulate: Bool, tensor: Tensor)?
  ) {
    ferry_layer_norm_gradients(
      saved.x.pointer, dy.pointer, saved.mean.pointer, saved.inverse.pointer, dy.shape[0],
      dy.shape[1], gamma?.accumulate == true ? 1 : 0, gamma?.tensor.pointer,
      beta?.accumulate == true ? 1 : 0, beta?.tensor.pointer)
  }
}
