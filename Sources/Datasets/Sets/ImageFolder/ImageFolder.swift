import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// Pictures in folders named by their class.
  static let imageFolder = DatasetDefinition(
    card: .imageFolder, protocols: ["image-folder"], takes: ["classes", "pattern", "holdout"]
  ) { options, _ in
    try ImageFolderParser(options)
  }
}

/// Takes the class from the name of the folder a picture lies in, or all facts from a pattern.
final class ImageFolderParser: PictureRowParser {
  private let classes: ClassList?
  private let pattern: NamePattern?
  private let holdout: Holdout?
  private var firstPath: String?
  private var rows: [SampleRow] = []
  private var labels: Set<String> = []
  private var rejects: [Reject] = []

  /// Holding subjects out needs all of them first.
  var isOnePass: Bool { holdout == nil }

  init(_ options: IngestOptions) throws {
    classes = try options.classes.map { try ClassList(words: $0, at: .init("classes")) }
    pattern = try options.pattern.map { try NamePattern($0) }
    holdout = options.holdout
    if let pattern, !pattern.names.contains("label") {
      throw Fault(
        .usage, "the pattern does not capture {label}", remedy: "write it as '{label}/*.jpg'")
    }
  }

  func keep(_ row: SampleRow) { rows.append(row) }

  /// The row of a picture; nil for other files, and for pictures without a label, which are noted.
  func row(of path: String) throws -> SampleRow? {
    guard SourcePath.isImage(path) else { return nil }
    if firstPath == nil { firstPath = path }
    guard let facts = facts(path) else {
      let reason = pattern == nil ? "it lies in no folder" : "its path does not fit the pattern"
      rejects.append(Reject(.imageWithoutLabel, path, reason))
      return nil
    }
    let row = try row(path, facts)
    if let label = row.label { labels.insert(label) }
    return row
  }

  /// Whether any picture's path gave a label.
  var hasLabels: Bool { !labels.isEmpty }

  func plan() throws -> IngestPlan {
    guard let firstPath else {
      throw Fault(
        .badInput, "the source has no pictures", remedy: "it needs a folder of pictures a class")
    }
    if let holdout { try holdout.apply(to: &rows) }
    guard hasLabels else {
      throw Fault(
        .badInput, "no picture has a label", at: .init(firstPath),
        remedy: pattern == nil
          ? "put pictures in a folder a class" : "compare the pattern with this path")
    }
    let found = try classes ?? ClassList.inCanonicalOrder(Array(labels))
    let scheme = DatasetProtocol(
      name: "image-folder",
      summary: holdout?.summary ?? "splits as the folders' names state them", classes: found)
    return IngestPlan(scheme, rows: rows, rejects: rejects)
  }

  private func facts(_ path: String) -> [String: String]? {
    if let pattern { return pattern.match(path) }
    let folders = path.split(separator: "/").dropLast()
    guard let label = folders.last else { return nil }
    var facts = ["label": String(label)]
    if let split = folders.dropLast().last(where: { Split(word: $0) != nil }) {
      facts["split"] = String(split)
    }
    return facts
  }

  private func row(_ path: String, _ facts: [String: String]) throws -> SampleRow {
    let word = facts["label"] ?? ""
    let label = try classes.map { $0[try $0.require(word, at: .init(path))] } ?? word
    var split = Split.all
    if let word = facts["split"] {
      guard let known = Split(word: word) else {
        throw Fault(
          .badInput, "'\(word)' is not a split", at: .init(path),
          remedy: "splits are train, validation and test")
      }
      split = known
    }
    let attributes = facts.filter { !["label", "split", "subject"].contains($0.key) }
    return SampleRow(
      id: SourcePath.withoutExtension(path), source: path, split: split, label: label,
      subject: facts["subject"], attributes: attributes)
  }
}
