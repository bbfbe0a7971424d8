/// Rows of tokens on a grid, joined four by four or averaged.
public enum TokenGrid {
  /// Rows [N H W, width] of grids to [N (H/2) (W/2), 4 width]: the tokens of each square of four one
  /// behind the other, the upper left, lower left, upper right and lower right one.
  public static func merge(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let merged = Tensor([x.shape[0] / 4, 4 * x.shape[1]])
    let length = x.shape[1]
    eachQuarter(x.shape[0], height, width) { from, to in
      (merged.pointer + to * length).update(from: x.pointer + from * length, count: length)
    }
    return merged
  }

  /// The gradient of `merge`.
  public static func split(_ merged: Tensor, height: Int, width: Int) -> Tensor {
    let length = merged.shape[1] / 4
    let x = Tensor([merged.shape[0] * 4, length])
    eachQuarter(x.shape[0], height, width) { from, to in
      (x.pointer + from * length).update(from: merged.pointer + to * length, count: length)
    }
    return x
  }

  private static func eachQuarter(
    _ rows: Int, _ height: Int, _ width: Int, _ body: @Sendable (Int, Int) -> Void
  ) {
    precondition(height % 2 == 0 && width % 2 == 0 && rows % (height * width) == 0)
    ThreadPool.forEach(rows / width / 2) { pair in
      for left in 0..<width / 2 {
        for quarter in 0..<4 {
          let from = (2 * pair + quarter % 2) * width + 2 * left + quarter / 2
          body(from, (pair * (width / 2) + left) * 4 + quarter)
        }
      }
    }
  }

  /// The mean of each image's rows: [N rows, width] to [N, width].
  public static func mean(_ x: Tensor, images: Int) -> Tensor {
    let (rows, width) = (x.shape[0] / images, x.shape[1])
    let y = Tensor.zeros([images, width])
    ThreadPool.forEach(images) { image in
      for row in 0..<rows {
        for i in 0..<width {
          y.pointer[image * width + i] += x.pointer[(image * rows + row) * width + i]
        }
      }
      for i in 0..<width { y.pointer[image * width + i] /= Float(rows) }
    }
    return y
  }

  /// The gradient of `mean`.
  public static func meanBackward(_ dy: Tensor, rows: Int) -> Tensor {
    let width = dy.shape[1]
    let dx = Tensor([dy.shape[0] * rows, width])
    ThreadPool.forEach(dy.shape[0]) { image in
      for row in 0..<rows {
        for i in 0..<width {
          dx.pointer[(image * rows + row) * width + i] = dy.pointer[image * width + i] / Float(rows)
        }
      }
    }
    return dx
  }
}
