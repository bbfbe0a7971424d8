import Artifacts
import Samples

/// A predicted face as a row.
struct PredictionRow {
  let face: PredictedFace
  let classes: ClassList

  static func columns(_ classes: ClassList) -> [String] {
    ["id", "source", "face", "x0", "y0", "x1", "y1", "score", "prediction", "probability"]
      + classes.names
  }

  private var id: String { "\(face.source)#\(face.number)" }

  var cells: [String] {
    [id, face.source, String(face.number)]
      + face.face.box.map { ($0 * 10).rounded() / 10 }.map(\.description)
      + [
        face.face.score?.description ?? "", classes[face.best],
        face.probabilities[face.best].description,
      ] + face.probabilities.map(\.description)
  }

  var json: JSONValue {
    let numbers = face.probabilities.map { Double($0.description) ?? Double($0) }
    return [
      "id": .string(id), "source": .string(face.source), "face": .integer(face.number),
      "box": JSONValue(face.face.box.map { ($0 * 10).rounded() / 10 }),
      "score": face.face.score.map { .number($0) } ?? .null,
      "prediction": .string(classes[face.best]), "probability": .number(numbers[face.best]),
      "probabilities": .object(
        Dictionary(
          zip(classes.names, numbers.map { JSONValue.number($0) }), uniquingKeysWith: { $1 })),
    ]
  }
}
