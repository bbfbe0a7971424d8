import Archives
import Artifacts
import Platform
import Samples

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
///
/// The files of a sample stand side by side, as the format demands: when the next sample begins, its
/// row is known. A source where they do not is read in two passes.
final class WebDatasetParser: OnePassParser {
  private let classes: ClassList?
  private let holdout: Holdout?
  /// Keys in the order of their pictures.
  private var pictures: [(key: String, path: String)] = []
  private var facts: [String: Facts] = [:]
  private var rejects: [Reject] = []
  private var labels: Set<String> = []
  private var hasPictures = false
  /// The sample that is being read, with its picture.
  private var current: (key: String, picture: Picture?)?
  /// The hashes of the keys of earlier samples; two that agree by chance cost a second pass.
  private var earlier: Set<Int> = []

  private typealias Picture = (path: String, bytes: Result<[UInt8], any Error>)

  private struct Facts {
    var word: String?
    var row: SampleRow?
    var place: Fault.Place
    /// The bytes that it was read from.
    var size = 0
  }

  /// What annotations that wait for their pictures may take.
  private static let waitingLimit = 128 << 20
  private var waiting = 0

  var isOnePass: Bool { holdout == nil }

  init(_ options: IngestOptions) throws {
    classes = try options.classes.map { try ClassList(words: $0, at: .init("classes")) }
    holdout = options.holdout
  }

  func visit(_ entry: ArchiveEntry) throws {
    let place = Fault.Place(entry.path)
    let key = SourcePath.withoutExtension(entry.path)
    if SourcePath.isImage(entry.path) {
      hasPictures = true
      pictures.append((key, entry.path))
      return
    }
    switch SourcePath.fileExtension(entry.path) {
    case "cls", "txt":
      // Text of several lines is no label, and no reason to give a sample up.
      let lines = try TextLine.all(try entry.read(limit: 1 << 16), file: entry.path)
      guard lines.count == 1 else { return }
      let word = lines[0].fields.map(\.text).joined(separator: " ")
      if facts[key]?.word == nil { facts[key, default: Facts(place: place)].word = word }
    case "json":
      let bytes = try entry.read(limit: 1 << 20)
      let json = try JSONValue.parse(bytes, file: entry.path)
      waiting += bytes.count
      guard waiting <= Self.waitingLimit else {
        throw Fault(
          .badInput, "annotations without pictures take more than \(Self.waitingLimit) bytes",
          at: place, remedy: "put the files of each sample side by side")
      }
      var found = try Self.facts(json, key: key, place: place)
      // What names no label does not undo the one of another file.
      if found.word == nil { found.word = facts[key]?.word }
      found.size = bytes.count
      facts[key] = found
    default: break
    }
  }

  func take(_ entry: ArchiveEntry, _ emit: Emit) throws {
    let key = SourcePath.withoutExtension(entry.path)
    if key != current?.key {
      try finish(emit)
      if earlier.contains(key.hashValue) { throw OutOfOrder() }
      current = (key, nil)
    }
    guard SourcePath.isImage(entry.path) else { return try visit(entry) }
    hasPictures = true
    // No more than one picture is held.
    guard current?.picture == nil else { throw OutOfOrder() }
    current?.picture = (entry.path, Result { try entry.read() })
  }

  func finish(_ emit: Emit) throws {
    guard let (key, picture) = current else { return }
    current = nil
    earlier.insert(key.hashValue)
    guard let (path, bytes) = picture, let row = try row(key, path) else { return }
    try emit(row) { try bytes.get() }
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

  /// The row of a picture; nil where nothing gives its label, which is noted.
  private func row(_ key: String, _ path: String) throws -> SampleRow? {
    let facts = facts.removeValue(forKey: key)
    waiting -= facts?.size ?? 0
    guard let facts, let word = facts.word else {
      rejects.append(Reject(.imageWithoutLabel, path, "no .cls, .txt or .json gives its label"))
      return nil
    }
    var row = facts.row ?? SampleRow(id: key, source: path, split: .all, label: nil)
    row.source = path
    let label = try label(word, at: facts.place)
    row.label = label
    labels.insert(label)
    if row.split == .all, let split = Self.split(of: path) { row.split = split }
    return row
  }

  func plan() throws -> IngestPlan {
    guard hasPictures else {
      throw Fault(.badInput, "the source has no pictures", remedy: "give a folder of tar files")
    }
    var rows = try pictures.compactMap { try row($0.key, $0.path) }
    rejects += facts.sorted { $0.key < $1.key }.map {
      Reject(.labelWithoutImage, $0.value.place.description, "\($0.key) has no picture")
    }
    guard !labels.isEmpty else {
      throw Fault(
        .badInput, "no picture has a label",
        remedy: "put <key>.cls, or <key>.json with the member label, beside <key>.jpg")
    }
    if let holdout { try holdout.apply(to: &rows) }
    let found = try classes ?? ClassList.inCanonicalOrder(labels)
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
