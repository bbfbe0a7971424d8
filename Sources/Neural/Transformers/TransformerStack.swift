import Tensors

/// Blocks one after another over packed sequences.
package final class TransformerStack {
  package let blocks: [any TransformerBlock]
  private var selected: (rows: [Int], shape: [Int])?

  package init(_ blocks: [any TransformerBlock]) { self.blocks = blocks }

  package var parameters: [Parameter] { blocks.flatMap(\.parameters) }

  /// - Parameter rows: one row of each sequence whose output is wanted; nil wants all rows. In
  ///   inference the last block computes no others.
  package func forward(_ x: Tensor, _ sequences: Sequences, at rows: [Int]? = nil, training: Bool)
    -> Tensor
  {
    var x = x
    for block in blocks.dropLast() { x = block.forward(x, sequences, training: training) }
    guard let last = blocks.last else { return rows.map { Rows.gather(x, $0) } ?? x }
    guard let rows else { return last.forward(x, sequences, training: training) }
    if !training { return last.forward(x, sequences, at: rows) }
    selected = (rows, x.shape)
    return Rows.gather(last.forward(x, sequences, training: true), rows)
  }

  /// Goes back only as far as something is trainable or the input's gradient is wanted.
  package func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    var gradient = dy
    if let (rows, shape) = selected.take() {
      gradient = .zeros(shape)
      Rows.scatterAdd(dy, rows, to: gradient)
    }
    for (index, block) in blocks.enumerated().reversed() {
      let before = blocks[..<index].contains { $0.parameters.contains(where: \.isTrainable) }
      let isNeeded = inputGradient || before
      if !isNeeded, !block.parameters.contains(where: \.isTrainable) { return nil }
      guard let next = block.backward(gradient, inputGradient: isNeeded) else { return nil }
      gradient = next
    }
    return gradient
  }
}
