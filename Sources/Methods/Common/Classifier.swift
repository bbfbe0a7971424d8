import Artifacts
import Imaging
import Networks
import Neural
import Platform
import Samples
import Tensors

/// A trained model that turns aligned faces into class probabilities.
///
/// ```swift
/// let classifier = try Classifier("artifacts/train/model")
/// let probabilities = try classifier.probabilities(count: shards.count) { shards.pixels($0) }
/// ```
/// One thread at a time: the layers keep what they computed last.
public final class Classifier {
  public let description: ModelDescription
  public var classes: ClassList { description.classes }
  private let encoder: VisualEncoder
  private let head: any Predictor
  private let plan: AugmentationPlan

  /// Pictures that go through the encoder together; fixed, so that bits do not depend on the caller.
  static let batchSize = 64

  /// Opens a model artifact, or its safetensors file.
  ///
  /// - Throws: `Fault` naming what the model lacks.
  public init(
    _ path: String, encoders: EncoderCatalogue = .standard, methods: MethodCatalogue = .standard
  ) throws {
    let file = try ModelFile(path)
    description = file.description
    encoder = try encoders.make(
      description.encoder,
      EncoderOptions(
        width: description.width, imageSize: description.preprocessing.imageSize))
    for named in encoder.layer.state { try file.load(named.name, into: named.tensor) }
    head = try methods.kind(of: description, at: file.tensors.path).load(file, encoder.width)
    plan = description.preprocessing.plan
  }

  /// A classifier of layers that are being trained.
  public init(
    description: ModelDescription, encoder: VisualEncoder, head: any Predictor
  ) {
    self.description = description
    self.encoder = encoder
    self.head = head
    plan = description.preprocessing.plan
  }

  /// The probabilities of every class for `count` faces, `[N, K]` row-major.
  ///
  /// - Parameters:
  ///   - pixels: the face at an index: `[S, S, 3]` interleaved 8-bit sRGB; another S than the
  ///     model's image size is resized.
  ///   - progress: called with the number of faces done.
  /// - Throws: `Fault` where a face is no square picture; what `pixels` and `progress` throw.
  public func probabilities(
    count: Int, progress: (Int) throws -> Void = { _ in },
    pixels: (Int) throws -> UnsafeBufferPointer<UInt8>
  ) throws -> [Float] {
    let logits = try logits(count: count, progress: progress, pixels: pixels)
    return LabelCrossEntropy.softmax(logits, classCount: classes.count).map { Float($0) }
  }

  /// The logits `[N, K]` before the softmax.
  public func logits(
    count: Int, progress: (Int) throws -> Void = { _ in },
    pixels: (Int) throws -> UnsafeBufferPointer<UInt8>
  ) throws -> [Double] {
    var logits: [Double] = []
    logits.reserveCapacity(count * classes.count)
    for start in stride(from: 0, to: count, by: Self.batchSize) {
      let rows = start..<min(start + Self.batchSize, count)
      logits += head.logits(try features(rows, pixels: pixels))
      try progress(rows.upperBound)
    }
    return logits
  }

  /// d, the width of the encoder's vectors.
  public var featureWidth: Int { encoder.width }

  /// The logits `[N, K]` of the encoder's vectors `[N, d]`.
  public func logits(of features: Tensor) -> [Double] { head.logits(features) }

  /// The encoder's vectors `[N, d]` of some faces.
  public func features(
    _ rows: Range<Int>, pixels: (Int) throws -> UnsafeBufferPointer<UInt8>
  ) throws -> Tensor {
    let size = description.preprocessing.imageSize
    let input = Tensor([rows.count, 3, size, size])
    var generator = SeededGenerator(seed: 0)
    for row in rows {
      let face = try pixels(row)
      plan.apply(
        to: face, size: try Self.side(of: face), generator: &generator,
        into: input.pointer + (row - rows.lowerBound) * 3 * size * size)
    }
    return encoder.layer.forward(input, training: false)
  }

  private static func side(of face: UnsafeBufferPointer<UInt8>) throws -> Int {
    let side = Int(Double(face.count / 3).squareRoot())
    guard side > 0, 3 * side * side == face.count else {
      throw Fault(
        .badInput, "a face has \(face.count) bytes, which is no square picture in colour",
        remedy: "align and shard the faces first")
    }
    return side
  }
}
