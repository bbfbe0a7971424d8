import Artifacts
import ONNX
import Platform

/// A model's tensors, read one at a time.
public struct ExportSource {
  public let tensors: SafetensorsFile
  /// Side of the model's input, px.
  public let imageSize: Int

  public init(_ tensors: SafetensorsFile, imageSize: Int) {
    self.tensors = tensors
    self.imageSize = imageSize
  }

  public func has(_ name: String) -> Bool { tensors[name] != nil }

  /// A tensor's shape and values.
  ///
  /// - Throws: `Fault` where it is missing or not finite.
  public func tensor(_ name: String) throws -> (shape: [Int], values: [Float]) {
    guard let entry = tensors[name] else {
      throw Fault(
        .badInput, "the model has no tensor '\(name)'", at: .init(tensors.path),
        remedy: "train or import the model again")
    }
    let values = try tensors.floats(entry)
    guard values.allSatisfy({ $0.isFinite }) else {
      throw Fault(
        .badInput, "the tensor '\(name)' holds numbers that are not finite",
        at: .init(tensors.path))
    }
    return (entry.shape, values)
  }

  /// Stores an encoder's tensor in the graph under its ecosystem name.
  public func weight(_ name: String, into graph: inout ONNXGraph) throws -> String {
    let (shape, values) = try tensor(EncoderKind.prefix + name)
    return graph.weight(name, shape, values)
  }

  /// Writes the encoder's tensors under their ecosystem names, and the classifier's.
  public func write(
    _ classifier: [(name: String, shape: [Int], values: [Float])],
    _ encoder: any EncoderExport, metadata: [(key: String, value: String)], to path: String
  ) throws {
    let prefix = EncoderKind.prefix
    let own = tensors.entries.filter {
      $0.name.hasPrefix(prefix) && $0.name != encoder.foldsProjection
    }
    let bare = own.map { String($0.name.dropFirst(prefix.count)) }
    let writer = try SafetensorsWriter(
      path,
      tensors: zip(bare, own).map {
        (encoder.ecosystemName($0), .float32, encoder.ecosystemShape($0, $1.shape))
      }
        + classifier.map { ($0.name, .float32, $0.shape) },
      metadata: Dictionary(metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
    for entry in own { try writer.append(try tensor(entry.name).values) }
    for tensor in classifier { try writer.append(tensor.values) }
    try writer.finish()
  }
}
