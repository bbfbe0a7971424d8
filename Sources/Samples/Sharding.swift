import Artifacts
import Imaging
import Platform

/// Turns aligned faces into columns for training: decoded, resized, split and counted.
///
/// Rows are sorted by id within each faces artifact, so that neither the packaging of a dataset nor
/// the number of threads shows in the output. Memory is bounded by one batch of pictures.
public struct Sharding: Sendable {
  private let sets: [FaceSet]
  private let classes: ClassList
  private let size: Int
  private let filter: Image.Filter
  private let split: ValidationSplit
  private let threads: Int

  /// A faces artifact and the rows of it that have labels.
  private struct FaceSet: Sendable {
    var record: DatasetRecord
    var metadata: JSONValue
    var reader: RowCollectionReader
    var rows: [(index: Int, sample: SampleRow)]
    var unlabelled: Int
  }

  /// One row of the output.
  private struct Entry: Sendable {
    var set: Int
    var index: Int
    var row: ShardRow
    var label: Int
    var votes: [Double]?
  }

  /// - Parameters:
  ///   - faces: directories of faces artifacts, whose class lists must agree.
  ///   - size: the pictures' side in px; nil keeps the faces' own.
  /// - Throws: `Fault` where the artifacts do not fit together.
  public init(
    faces: [Artifact], size: Int?, filter: Image.Filter, validation: ValidationSplit, threads: Int
  ) throws {
    sets = try faces.map { try Self.open($0) }
    classes = sets[0].record.classes
    for (set, artifact) in zip(sets, faces).dropFirst() {
      try classes.requireSame(
        as: set.record.classes, "'\(faces[0].directory)'", "'\(artifact.directory)'")
    }
    self.size = try size ?? Self.ownSize(faces)
    self.filter = filter
    split = validation
    self.threads = threads
  }

  private static func open(_ artifact: Artifact) throws -> FaceSet {
    let record = try DatasetRecord(
      json: artifact.metadata, at: .init(artifact.path(Artifact.recordName)))
    let reader = try RowCollectionReader(artifact.directory)
    let index = artifact.path(RowCollection.indexName)
    var rows: [(index: Int, sample: SampleRow)] = []
    for (number, json) in reader.rows.enumerated() {
      let sample = try SampleRow(json: json, at: .init(index, line: number + 1))
      if sample.label != nil { rows.append((number, sample)) }
    }
    let unlabelled = reader.rows.count - rows.count
    rows.sort { $0.sample.id.utf8.lexicographicallyPrecedes($1.sample.id.utf8) }
    return FaceSet(
      record: record, metadata: artifact.metadata, reader: reader, rows: rows,
      unlabelled: unlabelled)
  }

  private static func ownSize(_ faces: [Artifact]) throws -> Int {
    let sizes = Set(faces.map { $0.metadata["alignment"]?["size"]?.integer })
    guard sizes.count == 1, let size = sizes.first ?? nil else {
      throw Fault(
        .badInput, "the faces do not have one size", at: .init(faces[0].directory),
        remedy: "set size")
    }
    return size
  }

  /// Writes `index.jsonl` and the columns into `directory`.
  ///
  /// - Parameter progress: receives how many pictures of how many are done; may throw to stop.
  /// - Returns: the artifact's metadata and its number of rows.
  public func write(
    to directory: String, progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> (metadata: JSONValue, record: DatasetRecord, rows: Int) {
    var entries = try entries()
    guard !entries.isEmpty else {
      throw Fault(.badInput, "the faces have no labelled rows", remedy: "check the dataset")
    }
    makeValidation(&entries)
    let index = try RowCollectionWriter(directory)
    for entry in entries { try index.append(entry.row.json) }
    try index.finish()
    try writeColumns(entries, to: Files.join(directory, ShardSet.columnsName), progress)
    let (metadata, record) = metadata(entries)
    return (metadata, record, entries.count)
  }

  /// With several artifacts, ids and subjects carry their dataset's name, so that none clash.
  private func entries() throws -> [Entry] {
    var entries: [Entry] = []
    var seen: Set<String> = []
    for (number, set) in sets.enumerated() {
      let prefix = sets.count > 1 ? "\(set.record.card.name):" : ""
      for (index, sample) in set.rows {
        let id = prefix + sample.id
        guard seen.insert(id).inserted else {
          throw Fault(
            .badInput, "the id '\(id)' occurs twice", remedy: "give each faces artifact once")
        }
        var attributes = sample.attributes
        if sets.count > 1 { attributes["dataset"] = set.record.card.name }
        entries.append(
          Entry(
            set: number, index: index,
            row: ShardRow(
              id: id, split: sample.split, subject: sample.subject.map { prefix + $0 },
              attributes: attributes),
            label: try classes.require(sample.label ?? ""), votes: sample.votes))
      }
    }
    return entries
  }

  /// Each dataset without a validation set of its own gives a part of its training rows.
  private func makeValidation(_ entries: inout [Entry]) {
    for set in sets.indices {
      let own = entries.indices.filter { entries[$0].set == set }
      if own.contains(where: { entries[$0].row.split == .validation }) { continue }
      let training = own.filter { entries[$0].row.split == .train }
      let rows = training.map {
        ValidationSplit.Row(label: entries[$0].label, subject: entries[$0].row.subject)
      }
      for (index, validates) in zip(training, split.validates(rows, classes: classes.count))
      where validates { entries[index].row.split = .validation }
    }
  }

  private func writeColumns(
    _ entries: [Entry], to path: String, _ progress: (Int, Int) throws -> Void
  ) throws {
    let count = entries.count
    let hasSoft = entries.contains { $0.votes != nil }
    var tensors: [(name: String, type: ElementType, shape: [Int])] = [("label", .int64, [count])]
    if hasSoft { tensors.append(("soft", .float32, [count, classes.count])) }
    tensors.append(("image", .uint8, [count, size, size, 3]))
    let writer = try SafetensorsWriter(
      path, tensors: tensors,
      metadata: ["classes": classes.json.canonical, "layout": "image: N, H, W, RGB"])
    try writer.append(entries.map(\.label))
    if hasSoft { try writer.append(try entries.flatMap { try distribution($0) }) }
    let batch = max(16, min(1024, (32 << 20) / (size * size * 3)))
    for start in stride(from: 0, to: count, by: batch) {
      let part = Array(entries[start..<min(count, start + batch)])
      let pictures = try Parallel.map(part.count, threads: threads) { try picture(part[$0]) }
      for picture in pictures { try writer.append(picture) }
      try progress(start + part.count, count)
    }
    try writer.finish()
  }

  /// Votes as a distribution; a row without votes puts all weight on its label.
  private func distribution(_ entry: Entry) throws -> [Float] {
    guard let votes = entry.votes else {
      return (0..<classes.count).map { $0 == entry.label ? 1 : 0 }
    }
    let sum = votes.reduce(0, +)
    guard votes.count == classes.count, sum > 0, votes.allSatisfy({ $0 >= 0 }) else {
      throw Fault(
        .badInput, "the votes of '\(entry.row.id)' are not \(classes.count) weights",
        remedy: "ingest the dataset again")
    }
    return votes.map { Float($0 / sum) }
  }

  private func picture(_ entry: Entry) throws -> [UInt8] {
    let image = try sets[entry.set].reader.withPayload(entry.index) { bytes in
      guard let bytes else {
        throw Fault(.badInput, "the face '\(entry.row.id)' has no picture")
      }
      return try Image.decode(bytes, name: entry.row.id)
    }
    if image.width == size, image.height == size { return image.pixels }
    return image.resized(width: size, height: size, filter: filter).pixels
  }

  /// The datasets' metadata with the new counts; several datasets are listed beside their sum.
  private func metadata(_ entries: [Entry]) -> (JSONValue, DatasetRecord) {
    var counts: ClassCounts = [:]
    for entry in entries {
      counts[entry.row.split, default: [:]][classes[entry.label], default: 0] += 1
    }
    var record = sets[0].record
    record.counts = counts
    if sets.count > 1 { record = merged(counts) }
    var metadata = sets.count > 1 ? record.json : sets[0].metadata
    metadata["counts"] = counts.json
    if sets.count > 1 { metadata["parts"] = .array(sets.map(\.metadata)) }
    let subjects = Dictionary(grouping: entries, by: { $0.row.split.rawValue }).mapValues {
      JSONValue.integer(Set($0.compactMap(\.row.subject)).count)
    }
    let balance: JSONValue = [
      "subjects": .object(subjects),
      "unlabelled": .integer(sets.reduce(0) { $0 + $1.unlabelled }),
    ]
    metadata["balance"] = balance
    metadata["preprocessing"] = [
      "size": .integer(size), "channels": "rgb", "filter": .string(filter.rawValue),
      "alignment": sets[0].metadata["alignment"] ?? .null,
    ]
    metadata["alignment"] = nil
    return (metadata, record)
  }

  private func merged(_ counts: ClassCounts) -> DatasetRecord {
    let cards = sets.map(\.record.card)
    let join = { (text: (DatasetCard) -> String, separator: String) in
      cards.map(text).filter { !$0.isEmpty }.joined(separator: separator)
    }
    return DatasetRecord(
      card: DatasetCard(
        name: join({ $0.name }, "+"), title: join({ $0.title }, " and "),
        citation: join({ $0.citation }, "; "), url: join({ $0.url }, " "),
        terms: join({ $0.terms }, " "), needsAcceptance: cards.contains { $0.needsAcceptance },
        isRedistributable: cards.allSatisfy(\.isRedistributable),
        isSynthesized: cards.contains(where: \.isSynthesized)),
      protocolName: sets.map(\.record.protocolName).joined(separator: "+"),
      protocolSummary: sets.map(\.record.protocolSummary).joined(separator: "; "),
      classes: classes, counts: counts, deviations: sets.flatMap(\.record.deviations),
      termsAccepted: sets.allSatisfy(\.record.termsAccepted))
  }
}
