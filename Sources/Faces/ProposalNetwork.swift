import CKernels
import Glibc
import Imaging

/// The first network, P-Net: a score and a box for every second pixel of a level of the pyramid.
///
/// Equation: Zhang et al. (2016), figure 2, with PReLU and pooling of 2 px.
final class ProposalNetwork: Sendable {
  /// Side of the picture that one output sees.
  static let window = 12
  private let conv1: CascadeLayer
  private let conv2: CascadeLayer
  private let conv3: CascadeLayer
  private let head: CascadeLayer

  init(_ weights: CascadeWeights) throws {
    conv1 = try weights.convolution(
      "pnet", "conv1", prelu: "prelu1", .init(inputs: 3, outputs: 10, kernel: 3))
    conv2 = try weights.convolution(
      "pnet", "conv2", prelu: "prelu2", .init(inputs: 10, outputs: 16, kernel: 3))
    conv3 = try weights.convolution(
      "pnet", "conv3", prelu: "prelu3", .init(inputs: 16, outputs: 32, kernel: 3))
    head = try weights.heads("pnet", ["conv4_1", "conv4_2"], inputs: 32)
  }

  /// A level of the pyramid: the picture times `scale`, in whole px.
  struct Level: Sendable {
    var scale: Double
    var width: Int
    var height: Int

    var pooledWidth: Int { pooledSide(width - 2, size: 2) }
    var pooledHeight: Int { pooledSide(height - 2, size: 2) }
    var outputWidth: Int { pooledWidth - 4 }
    var outputHeight: Int { pooledHeight - 4 }
  }

  /// The boxes that score at least `threshold` in a run of the output's rows.
  ///
  /// Rows pass through all layers as they come; what is held is a few rows of each.
  func propose(
    _ level: Level, rows: Range<Int>, from sampler: AreaSampler, threshold: Float
  ) -> [CandidateBox] {
    var boxes: [CandidateBox] = []
    let buffers = RowBuffers(
      level, first: conv1.width,
      pooled: conv2.transformedCount(level.pooledWidth - 2, pixel: conv1.width),
      second: conv3.transformedCount(level.outputWidth, pixel: conv2.width), third: conv3.width,
      output: head.width)
    withExtendedLifetime(buffers) {
      var next = 2 * rows.lowerBound
      for pooled in rows.lowerBound..<rows.upperBound + 4 {
        while next < min(level.height, 2 * pooled + 4) {
          sampler.read(row: next, to: buffers.picture(next))
          next += 1
        }
        pool(pooled, level, buffers)
        guard pooled >= rows.lowerBound + 2 else { continue }
        convolve(
          conv2, pooled - 2, rows: buffers.pooled, pixel: conv1.width,
          count: level.pooledWidth - 2, to: buffers.plain)
        conv3.transform(
          buffers.plain, width: level.pooledWidth - 2, pixel: conv2.width,
          count: level.outputWidth, to: buffers.second(pooled - 2))
        guard pooled >= rows.lowerBound + 4 else { continue }
        let row = pooled - 4
        convolve(
          conv3, row, rows: buffers.second, pixel: conv2.width, count: level.outputWidth,
          to: buffers.third)
        var line: CascadeLayer.Row = UnsafePointer(buffers.third)
        head.apply(
          &line, pixel: conv3.width, step: conv3.width, count: level.outputWidth,
          to: buffers.output, every: head.width)
        scan(buffers.output, row, level, threshold, into: &boxes)
      }
    }
    return boxes
  }

  private func pool(_ row: Int, _ level: Level, _ buffers: RowBuffers) {
    let width = level.width - 2
    let count = min(2, level.height - 2 - 2 * row)
    withUnsafeTemporaryAllocation(of: CascadeLayer.Row.self, capacity: 3) { lines in
      guard let base = lines.baseAddress else { return }
      for j in 0..<count {
        for k in 0..<3 { lines[k] = UnsafePointer(buffers.picture(2 * row + j + k)) }
        conv1.apply(base, pixel: 3, step: 3, count: width, to: buffers.first(j), every: conv1.width)
      }
      for j in 0..<count { lines[j] = UnsafePointer(buffers.first(j)) }
      ferry_line_max_pool(
        base, count, width, 2, conv1.width, level.pooledWidth, buffers.plain)
    }
    conv2.transform(
      buffers.plain, width: level.pooledWidth, pixel: conv1.width, count: level.pooledWidth - 2,
      to: buffers.pooled(row))
  }

  private func convolve(
    _ layer: CascadeLayer, _ row: Int, rows: (Int) -> UnsafeMutablePointer<Float>, pixel: Int,
    count: Int, to y: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: CascadeLayer.Row.self, capacity: 3) { lines in
      guard let base = lines.baseAddress else { return }
      for j in 0..<3 { lines[j] = UnsafePointer(rows(row + j)) }
      layer.apply(transformed: base, pixel: pixel, count: count, to: y)
    }
  }

  private func scan(
    _ output: UnsafeMutablePointer<Float>, _ row: Int, _ level: Level, _ threshold: Float,
    into boxes: inout [CandidateBox]
  ) {
    let scale = Float(level.scale)
    // A margin below the threshold, so that rounding decides nothing here.
    let least =
      threshold > 0 ? logf(threshold / (1 - min(threshold, 0.999_999))) - 0.01 : -.infinity
    for column in 0..<level.outputWidth {
      let values = output + column * head.width
      guard values[1] - values[0] >= least else { continue }
      let score = faceProbability(values)
      guard score >= threshold else { continue }
      func place(_ index: Int, _ offset: Int) -> Float {
        (Float(2 * index + offset) / scale).rounded(.down)
      }
      boxes.append(
        CandidateBox(
          corners: SIMD4(
            place(column, 1), place(row, 1), place(column, Self.window), place(row, Self.window)),
          score: score, correction: SIMD4(values[2], values[3], values[4], values[5])))
    }
  }
}

/// The second of two logits as a probability, computed as softmax does.
func faceProbability(_ logits: UnsafePointer<Float>) -> Float {
  let most = max(logits[0], logits[1])
  let (first, second) = (expf(logits[0] - most), expf(logits[1] - most))
  return second / (first + second)
}

/// The rows that pass between the layers: each layer's newest few, in rings.
private final class RowBuffers {
  private let memory: UnsafeMutablePointer<Float>
  private let starts: [Int]
  private let lengths: [Int]

  init(
    _ level: ProposalNetwork.Level, first: Int, pooled: Int, second: Int, third: Int, output: Int
  ) {
    lengths = [
      3 * level.width, (level.width - 2) * first, level.pooledWidth * first, pooled, second,
      level.outputWidth * third, level.outputWidth * output,
    ].map { ($0 + 31) / 16 * 16 }
    var total = 0
    var starts: [Int] = []
    for (length, rows) in zip(lengths, [4, 2, 1, 3, 3, 1, 1]) {
      starts.append(total)
      total += length * rows
    }
    self.starts = starts
    memory = .allocate(capacity: total)
  }

  deinit { memory.deallocate() }

  private func row(_ buffer: Int, _ index: Int) -> UnsafeMutablePointer<Float> {
    memory + starts[buffer] + index * lengths[buffer]
  }

  func picture(_ index: Int) -> UnsafeMutablePointer<Float> { row(0, index % 4) }
  func first(_ index: Int) -> UnsafeMutablePointer<Float> { row(1, index % 2) }
  /// A row before it is transformed.
  var plain: UnsafeMutablePointer<Float> { row(2, 0) }
  func pooled(_ index: Int) -> UnsafeMutablePointer<Float> { row(3, index % 3) }
  func second(_ index: Int) -> UnsafeMutablePointer<Float> { row(4, index % 3) }
  var third: UnsafeMutablePointer<Float> { row(5, 0) }
  var output: UnsafeMutablePointer<Float> { row(6, 0) }
}
