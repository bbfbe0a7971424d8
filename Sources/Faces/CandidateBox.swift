/// A box that the cascade still considers, in facenet's px: x0, y0, x1, y1.
struct CandidateBox: Sendable {
  var corners: SIMD4<Float>
  var score: Float
  /// The network's correction of the corners, in parts of the sides.
  var correction: SIMD4<Float> = .zero
  var points: [SIMD2<Float>] = []

  /// False where a network overflowed.
  var isFinite: Bool { corners.sum().isFinite && score.isFinite }

  /// Applies the correction to sides that are `extra` longer than the corners' distance.
  mutating func correct(extra: Float) {
    let width = corners.z - corners.x + extra
    let height = corners.w - corners.y + extra
    corners += correction * SIMD4(width, height, width, height)
  }

  /// Makes it the square of its longer side about the same centre.
  mutating func makeSquare() {
    let width = corners.z - corners.x
    let height = corners.w - corners.y
    let side = max(width, height)
    corners.x = corners.x + width * 0.5 - side * 0.5
    corners.y = corners.y + height * 0.5 - side * 0.5
    corners.z = corners.x + side
    corners.w = corners.y + side
  }

  /// The pixels it covers in a picture: corners cut to whole numbers, counted from 1, and to the
  /// picture. Nil where nothing is left.
  func pixels(width: Int, height: Int) -> (x: Range<Int>, y: Range<Int>)? {
    guard isFinite else { return nil }
    func whole(_ value: Float) -> Int { Int(min(max(value, -1e6), 1e6)) }
    let left = max(1, whole(corners.x)) - 1
    let top = max(1, whole(corners.y)) - 1
    let right = min(width, whole(corners.z))
    let bottom = min(height, whole(corners.w))
    return right > left && bottom > top ? (left..<right, top..<bottom) : nil
  }
}

/// Which share of two boxes' overlap makes the weaker one redundant.
enum OverlapMeasure {
  /// Of their union.
  case union
  /// Of the smaller one, sides counted in whole pixels (one more than the corners' distance).
  case smaller

  func share(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let extra: Float = self == .smaller ? 1 : 0
    let low = pointwiseMax(a, b)
    let high = pointwiseMin(a, b)
    let width = max(0, high.z - low.x + extra)
    let height = max(0, high.w - low.y + extra)
    let common = width * height
    let first = (a.z - a.x + extra) * (a.w - a.y + extra)
    let second = (b.z - b.x + extra) * (b.w - b.y + extra)
    return common / (self == .smaller ? min(first, second) : first + second - common)
  }
}

/// Keeps each box whose overlap with every better one is at most `threshold`, best first.
///
/// Equal scores keep the order given. Kept boxes are filed by cells as large as the largest box, so
/// that a box is compared with its neighbours only.
/// - Complexity: O(n log n) for boxes of like size.
func suppressed(
  _ boxes: [CandidateBox], above threshold: Float, by measure: OverlapMeasure
) -> [CandidateBox] {
  let order = boxes.indices.sorted {
    boxes[$0].score == boxes[$1].score ? $0 < $1 : boxes[$0].score > boxes[$1].score
  }
  let side = boxes.reduce(1) { max($0, $1.corners.z - $1.corners.x, $1.corners.w - $1.corners.y) }
  var cells: [SIMD2<Int32>: [SIMD4<Float>]] = [:]
  var kept: [CandidateBox] = []
  for index in order {
    let corners = boxes[index].corners
    let cell = SIMD2<Int32>(cellNumber(corners.x, side), cellNumber(corners.y, side))
    let redundant = (-1...1).contains { dy in
      (-1...1).contains { dx in
        cells[cell &+ SIMD2(Int32(dx), Int32(dy))]?.contains {
          measure.share(corners, $0) > threshold
        } ?? false
      }
    }
    if redundant { continue }
    cells[cell, default: []].append(corners)
    kept.append(boxes[index])
  }
  return kept
}

/// Boxes of one pixel more than their corners' distance still meet in neighbouring cells.
private func cellNumber(_ value: Float, _ side: Float) -> Int32 {
  value.isFinite ? Int32(min(max((value / (side + 1)).rounded(.down), -1e9), 1e9)) : 0
}
