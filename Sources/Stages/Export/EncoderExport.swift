import ONNX
import Platform

/// How an encoder is written for other programs.
protocol EncoderExport: Sendable {
  /// The names of the encoders that this describes.
  var names: [String] { get }
  /// The name of the classifier that the ecosystem puts on the encoder, `fc`.
  var classifierName: String { get }
  /// The ecosystem's name of a tensor, without `encoder.`.
  func ecosystemName(_ name: String) -> String
  /// The shape that the ecosystem gives it.
  func ecosystemShape(_ name: String, _ shape: [Int]) -> [Int]
  /// A matrix `[w, d]` at the encoder's end that the ecosystem's classifier takes in; nil without.
  var foldsProjection: String? { get }
  /// Adds the operators from pixels `[N, 3, S, S]` to features `[N, d]`; returns the features' name.
  func build(
    _ source: ExportSource, _ pixels: String, into graph: inout ONNXGraph
  ) throws -> String
}

extension EncoderExport {
  func ecosystemName(_ name: String) -> String { name }
  func ecosystemShape(_ name: String, _ shape: [Int]) -> [Int] { shape }
  var foldsProjection: String? { nil }
}

/// The encoders that can be exported; an encoder is a file of this folder and a line here.
enum EncoderExports {
  static let all: [any EncoderExport] = [
    ResNetExport(), SwinExport(isFace: false), SwinExport(isFace: true), VisionTransformerExport(),
  ]

  /// - Throws: `Fault` for an encoder that has no line.
  static func named(_ name: String, at path: String) throws -> any EncoderExport {
    guard let found = all.first(where: { $0.names.contains(name) }) else {
      throw Fault(
        .badInput, "the encoder '\(name)' cannot be exported yet", at: .init(path),
        remedy: "these can: \(all.flatMap(\.names).joined(separator: ", "))")
    }
    return found
  }
}
