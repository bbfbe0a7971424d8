import CKernels

/// A convolution or dense layer of the detector with its bias and PReLU, packed for the kernels.
///
/// Its outputs are padded with zeros to whole blocks of sixteen channels.
final class CascadeLayer: @unchecked Sendable {
  /// A layer's extents.
  struct Shape {
    var inputs: Int
    var outputs: Int
    var kernel = 1
  }

  let shape: Shape
  /// Floats that an output pixel takes.
  let width: Int
  /// Whether its rows are transformed first, which halves the multiplications.
  let isTransformed: Bool
  private let memory: UnsafeMutablePointer<Float>
  private let line: ferry_line

  /// - Parameters:
  ///   - weights: [outputs, inputs, kernel, kernel].
  ///   - slope: of the PReLU; nil where the layer is linear.
  init(_ shape: Shape, weights: [Float], bias: [Float], slope: [Float]?) {
    let (k, c, size) = (shape.outputs, shape.inputs, shape.kernel)
    precondition(weights.count == k * c * size * size && bias.count == k)
    precondition(slope.map { $0.count == k } ?? true)
    self.shape = shape
    width = (k + 15) / 16 * 16
    isTransformed = size == 3 && c > 3 && slope != nil
    let packed =
      isTransformed
      ? ferry_wide_packed_count(k, c, size) : ferry_line_packed_count(k, c, size, size)
    memory = .allocate(capacity: packed + 2 * width)
    memory.initialize(repeating: 0, count: packed + 2 * width)
    if isTransformed {
      ferry_wide_pack(weights, k, c, size, memory)
    } else {
      ferry_line_pack(weights, k, c, size, size, memory)
    }
    for index in 0..<k {
      memory[packed + index] = bias[index]
      memory[packed + width + index] = slope?[index] ?? 1
    }
    line = ferry_line(
      c: c, blocks: width / 16, r: size, s: size, weights: memory, bias: memory + packed,
      slope: slope == nil ? nil : UnsafePointer(memory + packed + width))
  }

  deinit { memory.deallocate() }

  typealias Row = UnsafePointer<Float>?

  /// One line of outputs: output i reads from `rows[j] + i * step` on, in each kernel row j.
  /// - Parameter pixel: floats between neighbouring input pixels.
  func apply(
    _ rows: UnsafePointer<Row>, pixel: Int, step: Int, count: Int,
    to y: UnsafeMutablePointer<Float>,
    every yStep: Int
  ) {
    withUnsafePointer(to: line) { ferry_line_forward($0, rows, pixel, step, count, y, yStep) }
  }

  /// Floats of a transformed row of input for `count` outputs.
  func transformedCount(_ count: Int, pixel: Int) -> Int { ferry_wide_row_count(count, pixel) }

  func transform(
    _ row: UnsafePointer<Float>, width: Int, pixel: Int, count: Int,
    to y: UnsafeMutablePointer<Float>
  ) {
    ferry_wide_transform(row, width, pixel, count, y)
  }

  /// One line of outputs from three transformed rows.
  func apply(
    transformed rows: UnsafePointer<Row>, pixel: Int, count: Int, to y: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: line) { ferry_wide_forward($0, rows, pixel, count, y, width) }
  }

  /// All lines of a feature map of side `side`, channels last.
  /// - Returns: the side of the output.
  func apply(
    map x: UnsafePointer<Float>, side: Int, pixel: Int, to y: UnsafeMutablePointer<Float>
  ) -> Int {
    let out = side - shape.kernel + 1
    if isTransformed {
      applyTransformed(map: x, side: side, pixel: pixel, to: y)
      return out
    }
    withUnsafeTemporaryAllocation(of: Row.self, capacity: shape.kernel) { rows in
      guard let base = rows.baseAddress else { return }
      for top in 0..<out {
        for j in 0..<shape.kernel { rows[j] = x + (top + j) * side * pixel }
        apply(base, pixel: pixel, step: pixel, count: out, to: y + top * out * width, every: width)
      }
    }
    return out
  }

  private func applyTransformed(
    map x: UnsafePointer<Float>, side: Int, pixel: Int, to y: UnsafeMutablePointer<Float>
  ) {
    let out = side - 2
    let length = transformedCount(out, pixel: pixel)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * length) { ring in
      withUnsafeTemporaryAllocation(of: Row.self, capacity: 3) { rows in
        guard let base = ring.baseAddress, let lines = rows.baseAddress else { return }
        for row in 0..<side {
          transform(
            x + row * side * pixel, width: side, pixel: pixel, count: out,
            to: base + row % 3 * length)
          guard row >= 2 else { continue }
          for j in 0..<3 { lines[j] = UnsafePointer(base + (row - 2 + j) % 3 * length) }
          apply(
            transformed: lines, pixel: pixel, count: out, to: y + (row - 2) * out * width)
        }
      }
    }
  }

  /// The same layer on many small maps at once, one position of all maps a line.
  func apply(
    maps x: UnsafePointer<Float>, count: Int, stride: Int, side: Int, pixel: Int,
    to y: UnsafeMutablePointer<Float>
  ) {
    let out = side - shape.kernel + 1
    withUnsafeTemporaryAllocation(of: Row.self, capacity: shape.kernel) { rows in
      guard let base = rows.baseAddress else { return }
      for place in 0..<out * out {
        let (top, left) = (place / out, place % out)
        for j in 0..<shape.kernel { rows[j] = x + ((top + j) * side + left) * pixel }
        apply(
          base, pixel: pixel, step: stride, count: count, to: y + place * width,
          every: out * out * width)
      }
    }
  }
}

/// Max pooling of a square, channels-last map with stride 2; a window may reach over the edge.
/// - Returns: the side of the output.
@discardableResult
func maxPool(
  _ x: UnsafePointer<Float>, side: Int, channels: Int, size: Int, to y: UnsafeMutablePointer<Float>
) -> Int {
  let out = pooledSide(side, size: size)
  withUnsafeTemporaryAllocation(of: CascadeLayer.Row.self, capacity: size) { rows in
    for top in 0..<out {
      let count = min(size, side - 2 * top)
      for j in 0..<count { rows[j] = x + (2 * top + j) * side * channels }
      ferry_line_max_pool(
        rows.baseAddress, count, side, size, channels, out, y + top * out * channels)
    }
  }
  return out
}

/// Windows of `size` with stride 2 that start inside `side` pixels, the last one perhaps partial.
func pooledSide(_ side: Int, size: Int) -> Int { (max(0, side - size) + 1) / 2 + 1 }
