import Platform
import Projection

/// Faces after the encoder.
struct EncodedFaces {
  let facts: [FaceFacts]
  /// d.
  let width: Int
  /// **Shape**: [N, d].
  let vectors: [Float]
  /// The most probable class's index; nil for an encoder that knows no classes.
  let predictions: [Int]?

  /// Sends faces through the encoder.
  ///
  /// - Parameter progress: called with the number of faces done.
  init(
    _ encoder: FaceEncoder, _ source: FaceSource, rows: [Int],
    progress: (Int) throws -> Void
  ) throws {
    var vectors: [Float] = []
    var predictions: [Int]?
    let held = HeldPicture()
    // As many faces as the classifier takes together when it tests.
    for start in stride(from: 0, to: rows.count, by: 64) {
      let part = start..<min(start + 64, rows.count)
      let features = try encoder.features(part) { held.hold(try source.pixels(rows[$0])) }
      vectors += features.values
      if let logits = encoder.logits(of: features) {
        predictions = (predictions ?? []) + Self.best(logits, count: part.count)
      }
      try progress(part.upperBound)
    }
    facts = rows.map { source.facts[$0] }
    width = encoder.width
    self.vectors = vectors
    self.predictions = predictions
  }

  /// The index of each row's largest logit.
  private static func best(_ logits: [Double], count: Int) -> [Int] {
    let k = logits.count / count
    return (0..<count).map { row in
      let own = logits[row * k..<(row + 1) * k]
      return (own.indices.max { own[$0] < own[$1] } ?? own.startIndex) - row * k
    }
  }

  var points: PointSet { PointSet(vectors.map(Double.init), width: width) }
}

/// Keeps one picture's pixels in place while the encoder reads them.
private final class HeldPicture {
  private var buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 0)

  func hold(_ pixels: [UInt8]) -> UnsafeBufferPointer<UInt8> {
    if buffer.count != pixels.count {
      buffer.deallocate()
      buffer = .allocate(capacity: pixels.count)
    }
    _ = buffer.initialize(from: pixels)
    return UnsafeBufferPointer(buffer)
  }

  deinit { buffer.deallocate() }
}
