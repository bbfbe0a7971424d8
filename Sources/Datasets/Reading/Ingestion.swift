import Archives
import Artifacts
import Platform
import Samples

/// Reads a dataset as distributed and writes its samples: the original bytes of each picture and a
/// row about it.
///
/// Nothing is unpacked to disk. Where a picture's row is known as soon as the picture is met, the
/// source is read once; else, and where that turns out on the way, a first pass reads annotations and
/// a second one pictures. Rows keep the
/// order in which the source gives their pictures, so that the output is the same for any number of
/// threads.
public struct Ingestion {
  public static let rejectsName = "rejects.csv"
  /// The clips of a video set, one a line.
  public static let clipsName = "clips.jsonl"

  private let options: IngestOptions
  private let definition: DatasetDefinition
  private let reader: ArchiveReader
  private let threads: Int
  private let progress: (Int, Int?) throws -> Void

  /// - Parameters:
  ///   - source: a folder, an archive or a file.
  ///   - progress: receives how many pictures of how many, where that is known, are done; may
  ///     throw to stop.
  public init(
    source: String, options: IngestOptions, passphrase: String? = nil, threads: Int = 1,
    progress: @escaping (Int, Int?) throws -> Void = { _, _ in }
  ) throws {
    self.options = options
    var definition = try DatasetDefinition.named(options.dataset)
    definition.card.isSynthesized = Self.isSynthesized(source)
    self.definition = definition
    if definition.card.needsAcceptance, !options.acceptTerms {
      throw Fault(
        .usage,
        "the terms of \(definition.card.title) were not accepted "
          + "(\(definition.card.terms))",
        remedy: "read them at \(definition.card.url), then set accept_terms: true")
    }
    reader = try ArchiveReader.open(source, passphrase: passphrase)
    self.threads = threads
    self.progress = progress
  }

  /// Whether the source is an artifact whose record says that a program drew it.
  private static func isSynthesized(_ source: String) -> Bool {
    guard Files.exists(Files.join(source, Artifact.recordName)) else { return false }
    return (try? Artifact.open(source))?.metadata["synthetic"]?.bool ?? false
  }

  /// Writes `index.jsonl`, the shards and `rejects.csv` into `directory`.
  ///
  /// - Throws: `Fault` for a source that is not the dataset, counts that deviate from the protocol's
  ///   and more trouble than the policy allows.
  ///
  /// - Returns: what the artifact says of the data, the number of rows, and the digests of the larger
  ///   files by their paths.
  public func write(
    to directory: String
  ) throws -> (record: DatasetRecord, rows: Int, digests: [String: Digest]) {
    let (plan, writer) = try read(try definition.parser(options), to: directory)
    let written = try writer.finish(plan.rejects)
    let clips = try plan.clips.map { try write($0, plan.rows, writer.kept, to: directory) }
    try judge(written.rejects, plan, rows: writer.registered, lostClips: clips?.lost ?? 0)
    let deviations = try plan.scheme.check(
      clips?.counts ?? written.counts, accepting: options.acceptCounts)
    try Files.write(
      Reject.csv(written.rejects), to: Files.join(directory, Self.rejectsName))
    let record = DatasetRecord(
      card: definition.card, protocolName: plan.scheme.name, protocolSummary: plan.scheme.summary,
      fold: options.fold, rule: plan.rule, classes: plan.scheme.classes, counts: written.counts,
      clips: clips?.counts, deviations: deviations, rejects: Reject.counts(written.rejects),
      notes: written.notes, termsAccepted: options.acceptTerms)
    return (record, written.rows, written.digests)
  }

  /// Frames and clips are judged apart: one clip lost counts as much as its sixteen frames.
  private func judge(
    _ rejects: [Reject], _ plan: IngestPlan, rows: Int, lostClips: Int
  ) throws {
    guard let clips = plan.clips else {
      let lost = plan.rejects.count { $0.isLoss }
      return try Reject.judge(rejects, policy: options.reject, labelled: rows + lost)
    }
    let frames = rejects.filter { $0.kind == .unreadableImage }
    try Reject.judge(frames, policy: options.reject, labelled: rows)
    let others = rejects.filter { $0.kind != .unreadableImage }
    let missing = others.count { $0.isLoss }
    try Reject.judge(others, policy: options.reject, labelled: clips.count + missing)
    guard lostClips <= Int(Reject.dropLimit * Double(clips.count)) else {
      throw Fault(
        .badInput, "\(lostClips) of \(clips.count) clips have no readable frame",
        remedy: "the archive seems incomplete: fetch it again")
    }
  }

  /// Writes `clips.jsonl`: each clip's frames in order, without those that could not be read.
  private func write(
    _ clips: [ClipPlan], _ rows: [SampleRow], _ kept: [Bool], to directory: String
  ) throws -> (counts: ClassCounts, lost: Int) {
    let file = try BufferedFile(Files.join(directory, Self.clipsName))
    var counts: ClassCounts = [:]
    var lost = 0
    for clip in clips {
      let frames = clip.rows.filter { kept[$0] }
      if frames.isEmpty {
        lost += 1
        continue
      }
      let row = ClipRow(
        id: clip.id, split: clip.split, label: clip.label, frames: frames.map { rows[$0].id })
      try file.append(row.json.canonicalBytes + [UInt8(ascii: "\n")])
      counts[clip.split, default: [:]][clip.label, default: 0] += 1
    }
    try file.close()
    return (counts, lost)
  }

  /// Reads the source, in one pass or two; the writer then has all pictures.
  private func read(
    _ parser: any DatasetParser, to directory: String
  ) throws -> (plan: IngestPlan, writer: SampleWriter) {
    func writer(_ convert: PictureCheck.Convert?) throws -> SampleWriter {
      try SampleWriter(directory, convert: convert, threads: threads, progress: progress)
    }
    if let once = parser as? any OnePassParser, once.isOnePass {
      do { return try readOnce(once, try writer(once.convert)) } catch is OutOfOrder {
        for name in [RowCollection.indexName, RowCollection.shardsName] {
          try Files.removeTree(Files.join(directory, name))
        }
        return try readTwice(try definition.parser(options), writer)
      }
    }
    return try readTwice(parser, writer)
  }

  private func readOnce(
    _ parser: any OnePassParser, _ writer: SampleWriter
  ) throws -> (plan: IngestPlan, writer: SampleWriter) {
    let emit: (SampleRow, () throws -> [UInt8]) throws -> Void = { row, bytes in
      var row = row
      writer.register(&row)
      try add(row, nil, at: row.source, bytes, to: writer)
    }
    let issues = try reader.visit { entry in
      if !SourcePath.isDebris(entry.path) { try parser.take(entry, emit) }
    }
    try parser.finish(emit)
    var plan = try parser.plan()
    plan.rejects += issues.map { Reject($0) }
    return (plan, writer)
  }

  private func readTwice(
    _ parser: any DatasetParser, _ writer: (PictureCheck.Convert?) throws -> SampleWriter
  ) throws -> (plan: IngestPlan, writer: SampleWriter) {
    let issues = try reader.visit { entry in
      if !SourcePath.isDebris(entry.path) { try parser.visit(entry) }
    }
    var plan = try parser.plan()
    plan.rejects += issues.map { Reject($0) }
    let writer = try writer(plan.convert)
    writer.register(&plan.rows)
    try read(plan, into: writer)
    return (plan, writer)
  }

  /// Adds a picture, or lists it where it cannot be read.
  private func add(
    _ row: SampleRow, _ index: Int?, at path: String, _ bytes: () throws -> [UInt8],
    to writer: SampleWriter
  ) throws {
    let picture: [UInt8]
    do { picture = try bytes() } catch let fault as Fault
      where fault.place?.file == path && !Self.isLocked(fault)
    {
      return writer.reject(row, fault)
    }
    try writer.add(row, at: index, picture)
  }

  private func read(_ plan: IngestPlan, into writer: SampleWriter) throws {
    let bySource = plan.expand == nil ? Self.index(plan.rows) : [:]
    _ = try reader.visit { entry in
      if plan.expandable.contains(entry.path), let expand = plan.expand {
        try expand(entry) { index, bytes in
          try writer.add(plan.rows[index], at: index, bytes)
        }
      } else if let index = bySource[entry.path].map(Int.init) {
        try add(plan.rows[index], index, at: entry.path, { try entry.read() }, to: writer)
      }
    }
  }

  /// Whether a pass-phrase is missing or wrong: then nothing of the archive can be read.
  private static func isLocked(_ fault: Fault) -> Bool {
    fault.remedy?.contains("FERRY_PASSPHRASE") ?? false
  }

  private static func index(_ rows: [SampleRow]) -> [String: Int32] {
    var index: [String: Int32] = [:]
    index.reserveCapacity(rows.count)
    for (number, row) in rows.enumerated() where index[row.source] == nil {
      index[row.source] = Int32(number)
    }
    return index
  }
}
