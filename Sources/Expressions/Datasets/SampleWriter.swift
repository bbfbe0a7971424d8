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

  /// What was written.
  struct Summary {
    var rows = 0
    var counts: ClassCounts = [:]
    var rejects: [Reject] = []
    var notes: [String: Int] = [:]
  }

  /// The rows that pictures are written with, in the order in which they were registered.
  private(set) var rows: [SampleRow] = []
  /// Which of them were written.
  private(set) var kept: [Bool] = []
  private let collection: RowCollectionWriter
  private let map: StreamingMap<[PictureCheck.Picture], [PictureCheck.Checked]>
  private let progress: (Int, Int?) throws -> Void
  private var group: [PictureCheck.Picture] = []
  private var groupSize = 0
  private var waiting: [Int] = []
  private var waitingSize = 0
  private var ids: Set<UInt64> = []
  private var seen: [PictureKey: Int32] = [:]
  private var summary = Summary()
  private var expected: Int?

  /// - Parameters:
  ///   - convert: makes a picture file of the bytes that are added, with a name for messages.
  ///   - progress: receives how many pictures of how many, where that is known, are written.
  init(
    _ directory: String, convert: PictureCheck.Convert?, threads: Int,
    progress: @escaping (Int, Int?) throws -> Void
  ) throws {
    collection = try RowCollectionWriter(directory)
    self.progress = progress
    let check = PictureCheck(convert: convert, pixels: Self.pixelsAtOnce / max(1, threads))
    map = StreamingMap(threads: threads) { group in group.map { check.check($0) } }
  }

  /// Registers all rows at once, of a source whose pictures come later.
  func register(_ rows: [SampleRow]) {
    self.rows.reserveCapacity(rows.count)
    for row in rows { _ = register(row) }
    expected = rows.count
  }

  /// Registers a row, whose picture may be added by the number that this returns.
  ///
  /// A row whose id is taken (`a.png` after `a.jpg`) gets its source path as id.
  func register(_ row: SampleRow) -> Int {
    var row = row
    if !ids.insert(fingerprint(row.id)).inserted {
      row.id = row.source
      ids.insert(fingerprint(row.id))
    }
    rows.append(row)
    kept.append(false)
    return rows.count - 1
  }

  /// FNV-1a: an id is remembered as 8 bytes.
  private func fingerprint(_ id: String) -> UInt64 {
    id.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  func add(_ index: Int, _ bytes: [UInt8]) throws {
    group.append(.init(index: index, name: rows[index].source, bytes: bytes))
    groupSize += bytes.count
    if group.count >= Self.groupCount || groupSize >= Self.groupBytes { try push() }
  }

  private func push() throws {
    guard !group.isEmpty else { return }
    map.push(group)
    waiting.append(groupSize)
    waitingSize += groupSize
    group.removeAll(keepingCapacity: true)
    groupSize = 0
    while let checked = try map.ready() { try write(checked) }
    while waitingSize > Self.bytesInFlight, let checked = try map.next() { try write(checked) }
  }

  func reject(_ index: Int, _ fault: Fault) {
    let reason = fault.message + (fault.cause.map { " (\($0))" } ?? "")
    summary.rejects.append(Reject(.unreadableImage, rows[index].source, reason))
  }

  private func write(_ group: [PictureCheck.Checked]) throws {
    waitingSize -= waiting.removeFirst()
    for checked in group {
      switch checked.verdict {
      case .bad(let fault): reject(checked.index, fault)
      case .good(let key, let picture, let notes):
        let row = rows[checked.index]
        noteDuplicate(checked.index, key)
        if notes.hasColourProfile { summary.notes["colour-profile-ignored", default: 0] += 1 }
        try collection.append(row.json, payload: picture, extension: notes.fileExtension)
        summary.rows += 1
        if let label = row.label { summary.counts[row.split, default: [:]][label, default: 0] += 1 }
        kept[checked.index] = true
      }
    }
    try progress(summary.rows, expected)
  }

  private func noteDuplicate(_ index: Int, _ key: PictureKey) {
    guard let first = seen[key].map({ rows[Int($0)] }) else {
      seen[key] = Int32(index)
      return
    }
    let row = rows[index]
    let across = first.split != row.split
    var reason = "the same bytes as \(first.source)"
    if across { reason += ", which is in the split \(first.split.rawValue)" }
    if first.label != row.label { reason += ", which is labelled \(first.label ?? "nothing")" }
    summary.rejects.append(
      Reject(across ? .duplicateAcrossSplits : .duplicateImage, row.source, reason))
  }

  /// Ends the collection and returns what was written and what was not.
  ///
  /// - Parameter rejects: what the parser left aside, listed first.
  func finish(_ rejects: [Reject]) throws -> Summary {
    try push()
    while let checked = try map.next() { try write(checked) }
    try collection.finish()
    summary.rejects = rejects + summary.rejects
    return summary
  }
}
