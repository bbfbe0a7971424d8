import Artifacts
import Methods
import Platform
import Samples

/// The facts that users of the exported files must know.
struct ExportCard {
  let json: JSONValue
  let summary: String

  /// - Parameter head: the classifier, whose summary and rows for each class the card states.
  init(_ description: ModelDescription, head: HeadExport) {
    let dataset = DatasetCard(json: description.data["dataset"] ?? .null)
    var members: [String: JSONValue] = [
      "classes": description.classes.json, "encoder": .string(description.encoder),
      "width": .number(description.width), "method": .string(description.method),
      "temperature": .number(description.temperature), "head": .string(head.summary),
      "preprocessing": description.preprocessing.json,
      "input": "pixels: float32 [N, 3, S, S], RGB, (value / 255 - mean) / std",
      "trained_on": .string(dataset.label), "terms": .string(dataset.terms),
      "citation": .string(dataset.citation), "selection": .string(description.selection),
    ]
    if head.promptsPerClass > 1 {
      members["prompts_per_class"] = .integer(head.promptsPerClass)
    }
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
