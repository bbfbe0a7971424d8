import Artifacts
import Platform

extension Evaluation {
  /// The name of the file of predictions.
  public static let predictionsName = "predictions.csv"

  private static let fixedColumns = ["id", "label", "prediction", "subject"]

  /// The content of `predictions.csv`:
  /// `id,label,prediction,subject,<attributes>,<one probability column a class>`.
  ///
  /// Cells that a spreadsheet would run as formulas are neutralised; a probability is the shortest
  /// decimal that reads back as the same number.
  public var predictionsCSV: String {
    let attributes = attributeNames
    var text = CSV.line(Self.fixedColumns + attributes + classes)
    for (index, sample) in samples.enumerated() {
      let start = index * scored.classCount
      var cells = [
        sample.id, classes[scored.labels[index]], classes[scored.predictions[index]],
        sample.subject ?? "",
      ]
      cells += attributes.map { sample.attributes[$0] ?? "" }
      cells += scored.probabilities[start..<start + scored.classCount].map(\.description)
      text += CSV.line(cells)
    }
    return text
  }

  /// Writes both files into an evaluation's directory.
  public func write(to directory: String) throws {
    try Files.write(metrics.pretty, to: Files.join(directory, Self.metricsName))
    try Files.write(predictionsCSV, to: Files.join(directory, Self.predictionsName))
  }

  /// Reads an evaluation's two files.
  /// - Throws: `Fault` with the place where a file is damaged or the two disagree.
  public init(directory: String) throws {
    let path = Files.join(directory, Self.metricsName)
    let metrics = try JSONValue.read(path)
    guard let protocolName = metrics["protocol"]?.string,
      let selection = metrics["selection"]?.string, let classes = metrics["classes"]?.strings,
      let count = metrics["n"]?.integer
    else {
      throw Fault(
        .badInput, "protocol, selection, classes or n is missing", at: .init(path),
        remedy: "give the directory that evaluate or cross-test made")
    }
    let file = Files.join(directory, Self.predictionsName)
    let table = try PredictionTable(Files.read(file), file: file, classes: classes)
    guard table.samples.count == count else {
      throw Fault(
        .badInput, "\(table.samples.count) predictions, but \(Self.metricsName) says \(count)",
        at: .init(file))
    }
    self.init(
      protocolName: protocolName, selection: selection, classes: classes,
      classRule: metrics["class_rule"]?.string.flatMap(ClassRule.init) ?? .exact,
      countBefore: metrics["n_before"]?.integer, samples: table.samples,
      scored: ScoredSamples(
        labels: table.labels, probabilities: table.probabilities, classCount: classes.count),
      calibration: TemperatureScaling(json: metrics["calibration"]))
  }
}

/// The rows of a predictions file.
private struct PredictionTable {
  var samples: [Evaluation.Sample] = []
  var labels: [Int] = []
  var probabilities: [Double] = []
  private let attributes: [String]
  private let classCount: Int
  private let classIndexes: [String: Int]

  init(_ bytes: [UInt8], file: String, classes: [String]) throws {
    var rows = try CSV.rows(bytes, file: file)[...]
    let header = rows.popFirst()?.cells ?? []
    guard header.count >= 4 + classes.count,
      Array(header.prefix(4)) == ["id", "label", "prediction", "subject"]
    else {
      throw Fault(
        .badInput, "the header is not id,label,prediction,subject,...", at: .init(file, line: 1))
    }
    classCount = classes.count
    attributes = Array(header[4..<header.count - classes.count])
    let written = header.suffix(classes.count)
    classIndexes = Dictionary(
      zip(written, 0..<classes.count), uniquingKeysWith: { first, _ in first })
    guard classIndexes.count == classes.count else {
      throw Fault(.badInput, "a class occurs twice in the header", at: .init(file, line: 1))
    }
    for row in rows {
      let place = Fault.Place(file, line: row.line)
      guard row.cells.count == header.count else {
        throw Fault(
          .badInput, "\(row.cells.count) cells where the header has \(header.count)", at: place)
      }
      try append(row.cells, at: place)
    }
  }

  private mutating func append(_ cells: [String], at place: Fault.Place) throws {
    guard let label = classIndexes[cells[1]] else {
      throw Fault(.badInput, "the label '\(cells[1])' is not one of the classes", at: place)
    }
    let pairs = zip(attributes, cells.dropFirst(4)).filter { !$1.isEmpty }
    samples.append(
      Evaluation.Sample(
        id: cells[0], subject: cells[3].isEmpty ? nil : cells[3],
        attributes: Dictionary(pairs, uniquingKeysWith: { first, _ in first })))
    labels.append(label)
    for cell in cells.suffix(classCount) {
      guard let value = Double(cell), value.isFinite, (0...1).contains(value) else {
        throw Fault(.badInput, "'\(cell)' is not a probability", at: place)
      }
      probabilities.append(value)
    }
  }
}
