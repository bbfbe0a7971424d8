import Artifacts
import Expressions
import ONNX
import Platform

/// A model's tensors, read one at a time.
struct ExportSource {
  let file: ModelFile
  var description: ModelDescription { file.description }

  init(_ file: ModelFile) { self.file = file }

  func has(_ name: String) -> Bool { file.tensors[name] != nil }

  /// A tensor's shape and values.
  ///
  /// - Throws: `Fault` where it is missing or not finite.
  func tensor(_ name: String) throws -> (shape: [Int], values: [Float]) {
    guard let entry = file.tensors[name] else {
      throw Fault(
        .badInput, "the model has no tensor '\(name)'", at: .init(file.tensors.path),
        remedy: "train or import the model again")
    }
    let values = try file.tensors.floats(entry)
    guard values.allSatisfy({ $0.isFinite }) else {
      throw Fault(
        .badInput, "the tensor '\(name)' holds numbers that are not finite",
        at: .init(file.tensors.path))
    }
    return (entry.shape, values)
  }

  /// Stores an encoder's tensor in the graph under its ecosystem name.
  func weight(_ name: String, into graph: inout ONNXGraph) throws -> String {
    let (shape, values) = try tensor("encoder.\(name)")
    return graph.weight(name, shape, values)
  }

  /// Writes the encoder's tensors under their ecosystem names, and the classifier's.
  func write(
    _ classifier: [(name: String, shape: [Int], values: [Float])],
    _ encoder: any EncoderExport, metadata: [(key: String, value: String)], to path: String
  ) throws {
    let prefix = "encoder."
    let own = file.tensors.entries.filter {
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

/// What readers of the exported files must know.
struct ExportCard {
  let json: JSONValue
  let summary: String

  /// - Parameter promptsPerClass: rows of the classifier a class, of which the largest counts.
  init(_ description: ModelDescription, promptsPerClass: Int) {
    let dataset = DatasetCard(json: description.data["dataset"] ?? .null)
    let head =
      description.method == "discrete"
      ? "a dense layer"
      : "cosines of feature and class embedding over the temperature; in model.safetensors the "
        + "classifier's rows are the embeddings' directions over the temperature, for features of "
        + "length 1"
    var members: [String: JSONValue] = [
      "classes": description.classes.json, "encoder": .string(description.encoder),
      "width": .number(description.width), "method": .string(description.method),
      "temperature": .number(description.temperature), "head": .string(head),
      "preprocessing": description.preprocessing.json,
      "input": "pixels: float32 [N, 3, S, S], RGB, (value / 255 - mean) / std",
      "trained_on": .string(dataset.label), "terms": .string(dataset.terms),
      "citation": .string(dataset.citation), "selection": .string(description.selection),
    ]
    if promptsPerClass > 1 { members["prompts_per_class"] = .integer(promptsPerClass) }
    json = .object(members)
    summary =
      "Facial expression recognition: \(description.classes.names.joined(separator: ", ")). "
      + "Trained on \(dataset.label)."
  }

  /// The members as strings, for formats whose metadata hold nothing else.
  var entries: [(key: String, value: String)] {
    (json.object ?? [:]).sorted { $0.key < $1.key }.map {
      ($0.key, $0.value.string ?? $0.value.canonical)
    }
  }
}
