import Archives
import Platform

extension DatasetDefinition {
  /// Pictures in folders named by their class.
  static let imageFolder = DatasetDefinition(
    card: .imageFolder, protocols: ["image-folder"], takes: ["classes", "pattern", "holdout"]
  ) { options, _ in
    try ImageFolderParser(options)
  }
}

/// Takes the class from the name of the folder a picture lies in, or all facts from a pattern.
final class ImageFolderParser: DatasetParser {
  private let classes: ClassList?
  private let pattern: NamePattern?
  private let holdout: Holdout?
  private var paths: [String] = []

  init(_ options: IngestOptions) throws {
    classes = try options.classes.map { try ClassList(words: $0, at: .init("classes")) }
    pattern = try options.pattern.map { try NamePattern($0) }
    holdout = options.holdout
    if let pattern, !pattern.names.contains("label") {
      throw Fault(
        .usage, "the pattern does not capture {label}", remedy: "write it as '{label}/*.jpg'")
    }
  }

  func visit(_ entry: ArchiveEntry) {
    if SourcePath.isImage(entry.path) { paths.append(entry.path) }
  }

  func plan() throws -> IngestPlan {
    guard !paths.isEmpty else {
      throw Fault(
        .badInput, "the source has no pictures", remedy: "it needs a folder of pictures a class")
    }
    var rejects: [Reject] = []
    var rows: [SampleRow] = []
    for path in paths {
      guard let facts = facts(path) else {
        let reason = pattern == nil ? "it lies in no folder" : "its path does not fit the pattern"
        rejects.append(Reject(.imageWithoutLabel, path, reason))
        continue
      }
      rows.append(try row(path, facts))
    }
    if let holdout { try holdout.apply(to: &rows) }
    let labels = rows.compactMap(\.label)
    guard !labels.isEmpty else {
      throw Fault(
        .badInput, "no picture has a label", at: .init(paths[0]),
        remedy: pattern == nil
          ? "put pictures in a folder a class" : "compare the pattern with this path")
    }
    let found = try classes ?? ClassList.inCanonicalOrder(labels)
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
