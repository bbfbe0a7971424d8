import Artifacts
import Methods

/// A label that the method replaced, with the epoch whose end it happened at.
struct RecordedEdit: Equatable {
  var epoch: Int
  var row: Int
  var from: Int
  var to: Int
  var reason: String

  var json: JSONValue {
    [.integer(epoch), .integer(row), .integer(from), .integer(to), .string(reason)]
  }
}

extension RecordedEdit {
  init?(json: JSONValue) {
    guard let cells = json.array, cells.count == 5, let epoch = cells[0].integer,
      let row = cells[1].integer, let from = cells[2].integer, let to = cells[3].integer,
      let reason = cells[4].string
    else { return nil }
    self.init(epoch: epoch, row: row, from: from, to: to, reason: reason)
  }
}

/// The training labels with the method's edits: a row that was edited has its new class alone,
/// whatever distribution it had.
package struct EditedLabels {
  package private(set) var labels: [Int]
  private var edited: Set<Int> = []

  init(_ labels: [Int], _ edits: [RecordedEdit] = []) {
    self.labels = labels
    for edit in edits { apply(row: edit.row, label: edit.to) }
  }

  mutating func apply(row: Int, label: Int) {
    labels[row] = label
    edited.insert(row)
  }

  /// The targets of a batch.
  func targets(_ rows: [Int], of faces: LabelledFaces, smoothing: Double) -> Targets {
    let given = faces.targets(rows, smoothing: smoothing)
    guard rows.contains(where: edited.contains) else { return given }
    let hard = Targets(
      labels: rows.map { labels[$0] }, classCount: faces.classCount, smoothing: smoothing)
    let count = faces.classCount
    let distribution = rows.indices.flatMap { place in
      let source = edited.contains(rows[place]) ? hard : given
      return source.distribution[place * count..<(place + 1) * count]
    }
    return Targets(distribution: distribution, classCount: count)
  }
}
