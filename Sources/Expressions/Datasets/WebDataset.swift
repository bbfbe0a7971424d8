import Archives
import Artifacts
import Platform

extension DatasetDefinition {
  /// WebDataset: tar files of `<key>.jpg` with `<key>.cls` or `<key>.json`.
  static let webDataset = DatasetDefinition(
    card: .webDataset, protocols: ["webdataset"], takes: ["classes", "holdout"]
  ) { options, _ in
    try WebDatasetParser(options)
  }
}

/// Reads labels from `.cls`, `.txt` (a name, or a number into `classes`) or `.json` (rows of Ferry's
/// own, or objects with `label`).
final class WebDatasetParser: DatasetParser {
  private let classes: ClassList?
  private let holdout: Holdout?
  /// Keys in the order of their pictures.
  private var pictures: [(key: String, path: String)] = []
  private var facts: [String: Facts] = [:]

  private struct Facts {
    var word: String?
    var row: SampleRow?
    var place: Fault.Place
  }

  init(_ options: IngestOptions) throws {
    classes = try options.classes.map { try ClassList(words: $0, at: .init("classes")) }
    holdout = options.holdout
  }

  func visit(_ entry: ArchiveEntry) throws {
    let place = Fault.Place(entry.path)
    let key = SourcePath.withoutExtension(entry.path)
    if SourcePath.isImage(entry.path) {
      pictures.append((key, entry.path))
      return
    }
    switch SourcePath.fileExtension(entry.path) {
    case "cls", "txt":
      let lines = try TextLine.all(try entry.read(limit: 1 << 16), file: entry.path)
      guard let word = lines.first?.fields.first?.text else { return }
      if facts[key] == nil { facts[key] = Facts(word: word, place: place) }
    case "json":
      let json = try JSONValue.parse(try entry.read(limit: 1 << 20), file: entry.path)
      facts[key] = try Self.facts(json, key: key, place: place)
    default: break
    }
  }

  private static func facts(_ json: JSONValue, key: String, place: Fault.Place) throws -> Facts {
    let label = json["label"] ?? json["cls"] ?? .null
    let word = label.string ?? label.integer.map(String.init)
    guard json["id"]?.string != nil, json["source"]?.string != nil else {
      let split = json["split"]?.string.flatMap { Split(word: $0) }
      let row = SampleRow(
        id: key, source: "", split: split ?? .all, label: nil, subject: json["subject"]?.string)
      return Facts(word: word, row: row, place: place)
    }
    return Facts(word: word, row: try SampleRow(json: json, at: place), place: place)
  }

  func plan() throws -> IngestPlan {
    guard !pictures.isEmpty else {
      throw Fault(.badInput, "the source has no pictures", remedy: "give a folder of tar files")
    }
    var rows: [SampleRow] = []
    var rejects: [Reject] = []
    for (key, path) in pictures {
      guard let facts = facts.removeValue(forKey: key), let word = facts.word else {
        rejects.append(Reject(.imageWithoutLabel, path, "no .cls, .txt or .json gives its label"))
        continue
      }
      var row = facts.row ?? SampleRow(id: key, source: path, split: .all, label: nil)
      row.source = path
      row.label = try label(word, at: facts.place)
      if row.split == .all, let split = Self.split(of: path) { row.split = split }
      rows.append(row)
    }
    rejects += facts.sorted { $0.key < $1.key }.map {
      Reject(.labelWithoutImage, $0.value.place.description, "\($0.key) has no picture")
    }
    if let holdout { try holdout.apply(to: &rows) }
    let found = try classes ?? ClassList.inCanonicalOrder(rows.compactMap(\.label))
    let scheme = DatasetProtocol(
      name: "webdataset", summary: holdout?.summary ?? "splits as rows or shards name them",
      classes: found)
    return IngestPlan(scheme, rows: rows, rejects: rejects)
  }

  private func label(_ word: String, at place: Fault.Place) throws -> String {
    if let number = Int(word) {
      guard let classes, (0..<classes.count).contains(number) else {
        throw Fault(
          .badInput, "the label is the number \(number)", at: place,
          remedy: "name the classes in the order of their numbers with classes")
      }
      return classes[number]
    }
    return try classes.map { $0[try $0.require(word, at: place)] } ?? word
  }

  /// `train-00012.tar` is a shard of the training set.
  private static func split(of path: String) -> Split? {
    for component in path.split(separator: "/").dropLast() {
      let word = component.prefix { $0.isLetter }
      if let split = Split(word: word), split != .all { return split }
    }
    return nil
  }
}
