import Tensors

/// Square patches of images as rows, projected: a convolution whose stride is its kernel.
package final class PatchEmbedding {
  private let weight: Parameter
  private let patch: Int
  private var saved: (rows: Tensor, input: [Int])?

  /// - Parameter standardDeviation: of fresh weights; one over the root of the inputs where it is nil.
  package init(
    _ name: String, width: Int, patch: Int, standardDeviation: Double? = nil,
    from source: ParameterSource
  ) throws {
    self.patch = patch
    let usual = 1 / Double(3 * patch * patch).squareRoot()
    weight = try source.parameter(
      name, [width, 3, patch, patch], .normal(standardDeviation ?? usual))
  }

  package var parameters: [Parameter] { [weight] }

  private var matrix: Tensor { weight.value.reshaped([weight.value.shape[0], 3 * patch * patch]) }

  /// Rows of all images' patches and the grid of one image.
  package func forward(_ x: Tensor, training: Bool) -> (y: Tensor, grid: (rows: Int, columns: Int))
  {
    precondition(x.shape.count == 4 && x.shape[1] == 3, "images have three channels")
    let grid = (rows: x.shape[2] / patch, columns: x.shape[3] / patch)
    precondition(grid.rows > 0 && grid.columns > 0, "an image is smaller than a patch")
    let rows = Tensor([x.shape[0] * grid.rows * grid.columns, 3 * patch * patch])
    let length = patch
    forEachLine(x.shape) { image, row in
      (rows.pointer + row).update(from: x.pointer + image, count: length)
    }
    saved = training ? (rows, x.shape) : nil
    return (Matrix.product(rows, matrix, transposeB: true), grid)
  }

  package func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let (rows, shape) = saved.take() else {
      preconditionFailure("backward needs a training forward")
    }
    weight.addGradient { accumulate, gradient in
      Matrix.multiply(
        dy, transposeA: true, rows, accumulate: accumulate,
        into: gradient.reshaped([gradient.shape[0], 3 * patch * patch]))
    }
    guard inputGradient else { return nil }
    let length = patch
    let (dx, drows) = (Tensor.zeros(shape), Matrix.product(dy, matrix))
    forEachLine(shape) { image, row in
      (dx.pointer + image).update(from: drows.pointer + row, count: length)
    }
    return dx
  }

  /// Calls `body` with the offsets of each line of a patch in the images and in the rows.
  private func forEachLine(_ shape: [Int], _ body: @Sendable (_ image: Int, _ row: Int) -> Void) {
    let (height, width, patch) = (shape[2], shape[3], patch)
    let (rows, columns) = (height / patch, width / patch)
    ThreadPool.forEach(shape[0]) { image in
      for cell in 0..<rows * columns {
        let (top, left) = (cell / columns * patch, cell % columns * patch)
        var line = (image * rows * columns + cell) * 3 * patch * patch
        for channel in 0..<3 {
          for y in 0..<patch {
            body(((image * 3 + channel) * height + top + y) * width + left, line)
            line += patch
          }
        }
      }
    }
  }
}
