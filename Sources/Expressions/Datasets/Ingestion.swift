import Archives
import Artifacts
import Imaging
import Platform

/// Reads a dataset as distributed and writes its samples: the original bytes of each picture and a
/// row about it.
///
/// Two passes over the source, neither of which unpacks anything to disk: the first reads
/// annotations, the second pictures. Rows keep the order in which the source gives their pictures,
/// so that the output is the same for any number of threads.
public struct Ingestion {
  public static let rejectsName = "rejects.csv"

  private let options: IngestOptions
  private let definition: DatasetDefinition
  private let reader: ArchiveReader
  private let threads: Int
  private let progress: (Int, Int) throws -> Void

  /// - Parameters:
  ///   - source: a folder, an archive or a file.
  ///   - progress: receives how many pictures of how many are done; may throw to stop.
  public init(
    source: String, options: IngestOptions, passphrase: String? = nil, threads: Int = 1,
    progress: @escaping (Int, Int) throws -> Void = { _, _ in }
  ) throws {
    self.options = options
    var definition = try DatasetDefinition.named(options.dataset)
    definition.card.isSynthesized = Self.isSynthesized(source)
    self.definition = definition
    if definition.card.needsAcceptance, !options.acceptTerms {
      throw Fault(
        .usage,
        "the terms of \(definition.card.title) were not accepted: \(definition.card.terms)",
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
  public func write(to directory: String) throws -> (record: DatasetRecord, rows: Int) {
    let parser = try definition.parser(options)
    let issues = try reader.visit { entry in
      if !SourcePath.isDebris(entry.path) { try parser.visit(entry) }
    }
    var plan = try parser.plan()
    plan.rejects += issues.map { Reject($0) }
    let writer = try SampleWriter(directory, plan: plan, threads: threads, progress: progress)
    try read(plan, into: writer)
    let (kept, rejects) = try writer.finish()
    try Reject.judge(rejects, policy: options.reject, labelled: plan.rows.count + lost(plan))
    let counts = ClassCounts(of: kept)
    let deviations = try plan.scheme.check(counts, accepting: options.acceptCounts)
    try Files.write(Reject.csv(rejects), to: Files.join(directory, Self.rejectsName))
    let record = DatasetRecord(
      card: definition.card, protocolName: plan.scheme.name, protocolSummary: plan.scheme.summary,
      fold: options.fold, rule: plan.rule, classes: plan.scheme.classes, counts: counts,
      deviations: deviations, rejects: Reject.counts(rejects),
      termsAccepted: options.acceptTerms)
    return (record, kept.count)
  }

  private func lost(_ plan: IngestPlan) -> Int { plan.rejects.count { $0.isLoss } }

  private func read(_ plan: IngestPlan, into writer: SampleWriter) throws {
    let bySource = Dictionary(
      plan.rows.enumerated().map { ($1.source, $0) }, uniquingKeysWith: { first, _ in first })
    _ = try reader.visit { entry in
      if plan.expandable.contains(entry.path), let expand = plan.expand {
        try expand(entry) { index, bytes in try writer.add(index, bytes) }
      } else if let index = bySource[entry.path] {
        do {
          try writer.add(index, try entry.read())
        } catch let fault as Fault where fault.place?.file == entry.path {
          writer.reject(index, fault)
        }
      }
    }
    try writer.flush()
  }
}

/// Checks pictures in parallel and appends those that decode, in order.
final class SampleWriter {
  /// Pictures are collected up to these bounds, then decoded together.
  private static let batchBytes = 48 << 20
  private static let batchCount = 1024

  private let collection: RowCollectionWriter
  private let plan: IngestPlan
  private let ids: [String]
  private let threads: Int
  private let progress: (Int, Int) throws -> Void
  private var batch: [(index: Int, bytes: [UInt8])] = []
  private var batchSize = 0
  private var rejects: [Reject]
  private var kept: [SampleRow] = []
  private var seen: [Digest: Int] = [:]

  init(
    _ directory: String, plan: IngestPlan, threads: Int,
    progress: @escaping (Int, Int) throws -> Void
  ) throws {
    collection = try RowCollectionWriter(directory)
    self.plan = plan
    self.threads = threads
    self.progress = progress
    rejects = plan.rejects
    ids = Self.uniqueIDs(plan.rows)
  }

  /// Rows whose ids clash (`a.jpg` and `a.png`) get their whole source path as id.
  private static func uniqueIDs(_ rows: [SampleRow]) -> [String] {
    var count: [String: Int] = [:]
    for row in rows { count[row.id, default: 0] += 1 }
    return rows.map { count[$0.id] == 1 ? $0.id : $0.source }
  }

  func add(_ index: Int, _ bytes: [UInt8]) throws {
    batch.append((index, bytes))
    batchSize += bytes.count
    if batch.count >= Self.batchCount || batchSize >= Self.batchBytes { try flush() }
  }

  func reject(_ index: Int, _ fault: Fault) {
    let reason = fault.message + (fault.cause.map { " (\($0))" } ?? "")
    rejects.append(Reject(.unreadableImage, plan.rows[index].source, reason))
  }

  private enum Verdict: Sendable {
    case good(Digest, picture: [UInt8], suffix: String)
    case bad(Fault)
  }

  /// Decodes and hashes the batch in parallel, then writes it in order.
  func flush() throws {
    let pictures = batch.map { (plan.rows[$0.index].source, $0.bytes) }
    let convert = plan.convert
    let verdicts = try Parallel.map(pictures.count, threads: threads) { number in
      let (name, bytes) = pictures[number]
      do {
        let picture = try convert?(bytes, name) ?? bytes
        _ = try Image.decode(picture, name: name, as: .asStored)
        return Verdict.good(
          Digest(hashing: picture), picture: picture, suffix: picture[0] == 0xFF ? "jpg" : "png")
      } catch let fault as Fault {
        return Verdict.bad(fault)
      }
    }
    for ((index, _), verdict) in zip(batch, verdicts) {
      switch verdict {
      case .bad(let fault): reject(index, fault)
      case .good(let digest, let picture, let suffix):
        var row = plan.rows[index]
        row.id = ids[index]
        noteDuplicate(row, digest)
        try collection.append(row.json, payload: picture, extension: suffix)
        kept.append(row)
      }
    }
    batch.removeAll(keepingCapacity: true)
    batchSize = 0
    try progress(kept.count, plan.rows.count)
  }

  private func noteDuplicate(_ row: SampleRow, _ digest: Digest) {
    guard let first = seen[digest].map({ kept[$0] }) else {
      seen[digest] = kept.count
      return
    }
    let across = first.split != row.split
    var reason = "the same bytes as \(first.source)"
    if across { reason += ", which is in the split \(first.split.rawValue)" }
    if first.label != row.label { reason += ", which is labelled \(first.label ?? "nothing")" }
    rejects.append(
      Reject(across ? .duplicateAcrossSplits : .duplicateImage, row.source, reason))
  }

  /// Ends the collection and returns the rows written and everything rejected.
  func finish() throws -> (kept: [SampleRow], rejects: [Reject]) {
    try collection.finish()
    return (kept, rejects)
  }
}
