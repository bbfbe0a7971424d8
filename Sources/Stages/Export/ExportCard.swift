import Artifacts
import Methods
import Platform
import Samples

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
