import Artifacts
import Metrics
import Platform

/// The files of a features artifact.
struct FeatureFiles {
  private let faces: EncodedFaces
  private let analysis: FeatureAnalysis
  private let directory: String

  init(_ faces: EncodedFaces, _ analysis: FeatureAnalysis, directory: String) {
    self.faces = faces
    self.analysis = analysis
    self.directory = directory
  }

  /// - Parameter table: whether the vectors are written as CSV too.
  func write(table: Bool) throws {
    try writeTensors()
    let index = try RowCollectionWriter(directory)
    for row in rows { try index.append(row.json) }
    try index.finish()
    let header =
      FeatureSet.mapColumns + (analysis.tsne == nil ? [] : FeatureSet.neighbourColumns)
    try write("map.csv", [header] + rows.map(\.cells))
    try write("classes.csv", classTable)
    try write("neighbours.csv", neighbourTable)
    if table { try write("features.csv", vectorTable) }
  }

  private func write(_ name: String, _ lines: [[String]]) throws {
    try Files.write(lines.map(CSV.line).joined(), to: Files.join(directory, name))
  }

  private var rows: [FeatureSet.Row] {
    faces.facts.enumerated().map { row, face in
      FeatureSet.Row(
        id: face.id, split: face.split, label: face.label,
        prediction: faces.predictions.map { analysis.classes[$0[row]] } ?? "",
        subject: face.subject,
        principal: Array(analysis.principal[row]),
        neighbour: analysis.tsne.map { Array($0.map[row]) }
      )
    }
  }

  private func writeTensors() throws {
    let count = faces.facts.count
    var tensors: [(name: String, type: ElementType, shape: [Int])] = [
      ("label", .int64, [count]), ("features", .float32, [count, faces.width]),
      ("pca", .float32, [count, 2]),
    ]
    if analysis.tsne != nil { tensors.append(("tsne", .float32, [count, 2])) }
    if faces.predictions != nil { tensors.append(("prediction", .int64, [count])) }
    let writer = try SafetensorsWriter(
      Files.join(directory, FeatureSet.featuresName), tensors: tensors,
      metadata: ["classes": analysis.classes.json.canonical])
    try writer.append(analysis.labels)
    try writer.append(faces.vectors)
    try writer.append(analysis.principal.values.map { Float($0) })
    if let tsne = analysis.tsne { try writer.append(tsne.map.values.map { Float($0) }) }
    if let predictions = faces.predictions { try writer.append(predictions) }
    try writer.finish()
  }

  private var classTable: [[String]] {
    let geometry = analysis.geometry
    let text = { (value: Double?) in value.map(\.description) ?? "" }
    let header = [
      "class", "n", "variance", "distance_from_neutral", "cosine_with_neutral", "nearest_class",
      "distance_of_nearest",
    ]
    return [header]
      + analysis.classes.names.enumerated().map { index, name in
        let others = geometry.distances[index].enumerated()
          .filter { $0.offset != index && $0.element != nil }
        let nearest = others.min { ($0.element ?? 0) < ($1.element ?? 0) }
        return [
          name, String(geometry.counts[index]), text(geometry.variances[index]),
          text(analysis.neutral.flatMap { geometry.distances[index][$0] }),
          text(analysis.neutral.flatMap { geometry.cosines[index][$0] }),
          nearest.map { analysis.classes[$0.offset] } ?? "", text(nearest?.element),
        ]
      }
  }

  private var neighbourTable: [[String]] {
    let header = ["id", "label", "rank", "neighbour", "neighbour_label", "distance"]
    return [header]
      + analysis.neighbours.enumerated().flatMap { row, own in
        own.enumerated().map { rank, neighbour in
          let other = faces.facts[neighbour.row]
          return [
            faces.facts[row].id, faces.facts[row].label ?? "", String(rank + 1), other.id,
            other.label ?? "", neighbour.squaredDistance.squareRoot().description,
          ]
        }
      }
  }

  private var vectorTable: [[String]] {
    let header = ["id", "label"] + (0..<faces.width).map { "f\($0)" }
    return [header]
      + faces.facts.enumerated().map { row, face in
        [face.id, face.label ?? ""]
          + faces.vectors[row * faces.width..<(row + 1) * faces.width].map(\.description)
      }
  }
}
