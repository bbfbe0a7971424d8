import Artifacts
import Imaging
import Methods
import Networks
import Neural
import Platform
import Tensors

/// What turns faces into vectors: a trained model, or an imported encoder that knows no classes.
struct FaceEncoder {
  /// d.
  let width: Int
  /// Nil for an imported encoder.
  let description: ModelDescription?
  private let encode: (Range<Int>, (Int) throws -> UnsafeBufferPointer<UInt8>) throws -> Tensor
  private let score: (Tensor) -> [Double]?

  /// Opens a model artifact of either kind.
  ///
  /// - Parameter size: the faces' side, which an imported encoder takes as it is.
  static func open(_ path: String, size: Int) throws -> FaceEncoder {
    guard Files.isDirectory(path),
      let name = try Artifact.open(path).metadata["architecture"]?.string
    else { return trained(try Classifier(path)) }
    return try imported(name, path, size: size)
  }

  private static func trained(_ classifier: Classifier) -> FaceEncoder {
    FaceEncoder(
      width: classifier.featureWidth, description: classifier.description,
      encode: { try classifier.features($0, pixels: $1) }, score: { classifier.logits(of: $0) })
  }

  private static func imported(_ name: String, _ path: String, size: Int) throws -> FaceEncoder {
    let kind = try EncoderCatalogue.standard.kind(name)
    let description = try Artifact.open(path).metadata
    let configuration = description["configuration"] ?? .null
    let encoder = try EncoderCatalogue.standard.make(
      name, EncoderOptions(width: kind.width(configuration), imageSize: size))
    try Checkpoint.load(Files.join(path, ModelFile.fileName), into: encoder.layer.state)
    let plan = AugmentationPlan(size: size, normalisation: kind.normalisation(description))
    return FaceEncoder(
      width: encoder.width, description: nil,
      encode: { rows, pixels in
        let input = Tensor([rows.count, 3, size, size])
        var generator = SeededGenerator(seed: 0)
        for row in rows {
          plan.apply(
            to: try pixels(row), size: size, generator: &generator,
            into: input.pointer + (row - rows.lowerBound) * 3 * size * size)
        }
        return encoder.layer.forward(input, training: false)
      }, score: { _ in nil })
  }

  /// The vectors `[N, d]` of some faces.
  func features(
    _ rows: Range<Int>, pixels: (Int) throws -> UnsafeBufferPointer<UInt8>
  ) throws -> Tensor { try encode(rows, pixels) }

  /// The logits `[N, K]` of vectors; nil for an imported encoder.
  func logits(of features: Tensor) -> [Double]? { score(features) }
}
