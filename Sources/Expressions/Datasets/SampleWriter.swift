import Archives
import Artifacts
import Imaging
import Platform

/// Checks pictures in parallel and appends those that decode, in order.
///
/// Reading, decoding and writing overlap. Memory holds a bounded number of packed pictures and, for
/// each thread, one picture of a bounded size; larger ones are decoded one at a time.
final class SampleWriter {
  /// Packed bytes that wait to be decoded or written.
  private static let bytesInFlight = 24 << 20
  /// A group of pictures is decoded by one thread at once.
  private static let groupBytes = 256 << 10
  private static let groupCount = 64
  /// Pixels that all threads together decode at once, beyond which one picture is decoded alone.
  private static let pixelsAtOnce = 1 << 22

  struct Picture: Sendable {
    var index: Int
    var bytes: [UInt8]
  }

  struct Checked: Sendable {
    var index: Int
    var verdict: Verdict
  }

  enum Verdict: Sendable {
    case good(DigestKey, picture: [UInt8], PictureNotes)
    case bad(Fault)
  }

  /// Half of a digest: enough to tell pictures apart, in half the memory.
  struct DigestKey: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    init(_ picture: [UInt8]) {
      let bytes = Digest(hashing: picture).bytes
      high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
      low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  /// What was written.
  struct Summary {
    var rows = 0
    var counts: ClassCounts = [:]
    var rejects: [Reject]
    var notes: [String: Int] = [:]
    /// Which rows of the plan were written; kept only where the plan has clips.
    var kept: [Bool] = []
  }

  private let collection: RowCollectionWriter
  private let plan: IngestPlan
  private let clashing: Set<String>
  private let map: StreamingMap<[Picture], [Checked]>
  private let progress: (Int, Int) throws -> Void
  private var group: [Picture] = []
  private var groupSize = 0
  private var waiting: [Int] = []
  private var seen: [DigestKey: Int32] = [:]
  private var summary: Summary

  init(
    _ directory: String, plan: IngestPlan, threads: Int,
    progress: @escaping (Int, Int) throws -> Void
  ) throws {
    collection = try RowCollectionWriter(directory)
    self.plan = plan
    self.progress = progress
    summary = Summary(rejects: plan.rejects)
    if plan.clips != nil { summary.kept = Array(repeating: false, count: plan.rows.count) }
    clashing = Self.clashingIDs(plan.rows)
    let sources = plan.rows.map(\.source)
    let check = PictureCheck(
      sources: sources, convert: plan.convert, pixels: Self.pixelsAtOnce / max(1, threads))
    map = StreamingMap(threads: threads) { group in group.map { check.check($0) } }
  }

  /// Ids that several rows have (`a.jpg` and `a.png`): such rows get their source path as id.
  private static func clashingIDs(_ rows: [SampleRow]) -> Set<String> {
    var once: Set<String> = []
    var clashing: Set<String> = []
    for row in rows where !once.insert(row.id).inserted { clashing.insert(row.id) }
    return clashing
  }

  /// The id of a row as it is written.
  func id(_ index: Int) -> String {
    let row = plan.rows[index]
    return clashing.contains(row.id) ? row.source : row.id
  }

  func add(_ index: Int, _ bytes: [UInt8]) throws {
    group.append(Picture(index: index, bytes: bytes))
    groupSize += bytes.count
    if group.count >= Self.groupCount || groupSize >= Self.groupBytes { try push() }
  }

  private func push() throws {
    guard !group.isEmpty else { return }
    map.push(group)
    waiting.append(groupSize)
    group.removeAll(keepingCapacity: true)
    groupSize = 0
    while let checked = try map.ready() { try write(checked) }
    while waiting.reduce(0, +) > Self.bytesInFlight, let checked = try map.next() {
      try write(checked)
    }
  }

  func reject(_ index: Int, _ fault: Fault) {
    let reason = fault.message + (fault.cause.map { " (\($0))" } ?? "")
    summary.rejects.append(Reject(.unreadableImage, plan.rows[index].source, reason))
  }

  private func write(_ group: [Checked]) throws {
    waiting.removeFirst()
    for checked in group {
      switch checked.verdict {
      case .bad(let fault): reject(checked.index, fault)
      case .good(let key, let picture, let notes):
        var row = plan.rows[checked.index]
        row.id = id(checked.index)
        noteDuplicate(checked.index, key)
        if notes.hasColourProfile { summary.notes["colour-profile-ignored", default: 0] += 1 }
        try collection.append(row.json, payload: picture, extension: notes.fileExtension)
        summary.rows += 1
        if let label = row.label { summary.counts[row.split, default: [:]][label, default: 0] += 1 }
        if plan.clips != nil { summary.kept[checked.index] = true }
      }
    }
    try progress(summary.rows, plan.rows.count)
  }

  private func noteDuplicate(_ index: Int, _ key: DigestKey) {
    guard let first = seen[key].map({ plan.rows[Int($0)] }) else {
      seen[key] = Int32(index)
      return
    }
    let row = plan.rows[index]
    let across = first.split != row.split
    var reason = "the same bytes as \(first.source)"
    if across { reason += ", which is in the split \(first.split.rawValue)" }
    if first.label != row.label { reason += ", which is labelled \(first.label ?? "nothing")" }
    summary.rejects.append(
      Reject(across ? .duplicateAcrossSplits : .duplicateImage, row.source, reason))
  }

  /// Ends the collection and returns what was written and what was not.
  func finish() throws -> Summary {
    try push()
    while let checked = try map.next() { try write(checked) }
    try collection.finish()
    return summary
  }
}

/// Decodes one picture, to see that it is whole.
private final class PictureCheck: Sendable {
  private let sources: [String]
  private let convert: (@Sendable ([UInt8], String) throws -> [UInt8])?
  private let pixels: Int
  private let alone = Locked(())

  init(
    sources: [String], convert: (@Sendable ([UInt8], String) throws -> [UInt8])?, pixels: Int
  ) {
    self.sources = sources
    self.convert = convert
    self.pixels = pixels
  }

  func check(_ picture: SampleWriter.Picture) -> SampleWriter.Checked {
    let name = sources[picture.index]
    do {
      if let convert {
        // A picture that was made here needs no check.
        let made = try convert(picture.bytes, name)
        return .init(
          index: picture.index,
          verdict: .good(.init(made), picture: made, try PictureNotes(made)))
      }
      try decode(picture.bytes, name)
      return .init(
        index: picture.index,
        verdict: .good(
          .init(picture.bytes), picture: picture.bytes, try PictureNotes(picture.bytes)))
    } catch {
      let fault = error as? Fault ?? Fault(.internal, "\(error)")
      return .init(index: picture.index, verdict: .bad(fault))
    }
  }

  /// What fails within the bound of all threads is tried once more alone, within the whole bound.
  private func decode(_ bytes: [UInt8], _ name: String) throws {
    do {
      try Image.verify(bytes, name: name, maximumPixels: pixels)
    } catch is Fault {
      try alone.withLock { _ in try Image.verify(bytes, name: name) }
    }
  }
}
