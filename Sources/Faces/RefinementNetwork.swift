import Imaging

/// The second and third networks, R-Net and O-Net: whether a square shows a face, and where.
///
/// Equation: Zhang et al. (2016), figure 2, with PReLU.
final class RefinementNetwork: @unchecked Sendable {
  /// A convolution and the pooling after it, 0 where there is none.
  struct Step {
    var layer: CascadeLayer
    var pool: Int
  }

  /// Side of the picture it takes.
  let side: Int
  private let steps: [Step]
  /// The last convolution; many maps pass it together, since each is tiny.
  private let last: CascadeLayer
  private let dense: CascadeLayer
  private let head: CascadeLayer
  /// Floats that the largest map between the steps takes, before and after pooling.
  private let largest: (wide: Int, pooled: Int)
  private let lastSide: Int

  /// The network's output for one square.
  struct Judgement {
    var score: Float
    var correction: SIMD4<Float>
    /// Five points in parts of the square's sides; empty for R-Net.
    var points: [SIMD2<Float>]
  }

  static func refinement(_ weights: CascadeWeights) throws -> RefinementNetwork {
    func layer(_ n: Int, _ inputs: Int, _ outputs: Int, _ kernel: Int) throws -> CascadeLayer {
      try weights.convolution(
        "rnet", "conv\(n)", prelu: "prelu\(n)",
        .init(inputs: inputs, outputs: outputs, kernel: kernel))
    }
    return RefinementNetwork(
      side: 24,
      steps: [
        Step(layer: try layer(1, 3, 28, 3), pool: 3), Step(layer: try layer(2, 28, 48, 3), pool: 3),
      ],
      last: try layer(3, 48, 64, 2),
      dense: try weights.dense(
        "rnet", "dense4", prelu: "prelu4", side: 3, channels: 64, outputs: 128),
      head: try weights.heads("rnet", ["dense5_1", "dense5_2"], inputs: 128))
  }

  static func output(_ weights: CascadeWeights) throws -> RefinementNetwork {
    func layer(_ n: Int, _ inputs: Int, _ outputs: Int, _ kernel: Int) throws -> CascadeLayer {
      try weights.convolution(
        "onet", "conv\(n)", prelu: "prelu\(n)",
        .init(inputs: inputs, outputs: outputs, kernel: kernel))
    }
    return RefinementNetwork(
      side: 48,
      steps: [
        Step(layer: try layer(1, 3, 32, 3), pool: 3), Step(layer: try layer(2, 32, 64, 3), pool: 3),
        Step(layer: try layer(3, 64, 64, 3), pool: 2),
      ],
      last: try layer(4, 64, 128, 2),
      dense: try weights.dense(
        "onet", "dense5", prelu: "prelu5", side: 3, channels: 128, outputs: 256),
      head: try weights.heads(
        "onet", ["dense6_1", "dense6_2", "dense6_3"], inputs: 256))
  }

  private init(
    side: Int, steps: [Step], last: CascadeLayer, dense: CascadeLayer, head: CascadeLayer
  ) {
    self.side = side
    self.steps = steps
    self.last = last
    self.dense = dense
    self.head = head
    var (now, wide, pooled) = (side, 0, side * side * 3)
    for step in steps {
      now -= step.layer.shape.kernel - 1
      wide = max(wide, now * now * step.layer.width)
      now = pooledSide(now, size: step.pool)
      pooled = max(pooled, now * now * step.layer.width)
    }
    largest = (wide, pooled)
    lastSide = now
  }

  /// Judges squares that `read` writes, [side][side][3] each.
  func judge(_ count: Int, read: (Int, UnsafeMutablePointer<Float>) -> Void) -> [Judgement] {
    let (before, after) = (lastSide * lastSide * last.shape.inputs, dense.shape.inputs)
    let sizes =
      [largest.wide, largest.pooled, largest.pooled, count * before, count * after]
      + [count * dense.width, count * head.width]
    let total = sizes.reduce(0, +)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: total) { memory in
      guard let base = memory.baseAddress else { return [] }
      var at: [UnsafeMutablePointer<Float>] = [base]
      for size in sizes { at.append(at[at.count - 1] + size) }
      for index in 0..<count {
        read(index, at[1])
        convolve(at[1], wide: at[0], spare: at[2], to: at[3] + index * before)
      }
      last.apply(
        maps: at[3], count: count, stride: before, side: lastSide, pixel: last.shape.inputs,
        to: at[4])
      var row: CascadeLayer.Row = UnsafePointer(at[4])
      dense.apply(&row, pixel: after, step: after, count: count, to: at[5], every: dense.width)
      row = UnsafePointer(at[5])
      head.apply(
        &row, pixel: dense.width, step: dense.width, count: count, to: at[6], every: head.width)
      return (0..<count).map { judgement(at[6] + $0 * head.width) }
    }
  }

  /// Takes one square through all steps but the last convolution.
  private func convolve(
    _ picture: UnsafeMutablePointer<Float>, wide: UnsafeMutablePointer<Float>,
    spare: UnsafeMutablePointer<Float>, to result: UnsafeMutablePointer<Float>
  ) {
    var (from, to) = (picture, spare)
    var (now, pixel) = (side, 3)
    for (index, step) in steps.enumerated() {
      now = step.layer.apply(map: from, side: now, pixel: pixel, to: wide)
      pixel = step.layer.width
      let target = index == steps.count - 1 ? result : to
      now = maxPool(wide, side: now, channels: pixel, size: step.pool, to: target)
      (from, to) = (target, from)
    }
  }

  private func judgement(_ values: UnsafeMutablePointer<Float>) -> Judgement {
    let points =
      head.shape.outputs < 16
      ? [] : (0..<5).map { SIMD2(values[6 + $0], values[11 + $0]) }
    return Judgement(
      score: faceProbability(values),
      correction: SIMD4(values[2], values[3], values[4], values[5]), points: points)
  }
}
