import ONNX
import Platform

/// How an encoder is written for other programs.
public protocol EncoderExport: Sendable {
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
  public func ecosystemName(_ name: String) -> String { name }
  public func ecosystemShape(_ name: String, _ shape: [Int]) -> [Int] { shape }
  public var foldsProjection: String? { nil }
}
