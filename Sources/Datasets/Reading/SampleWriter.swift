import Archives
import Artifacts
import Imaging
import Platform
import Samples

/// Checks pictures in parallel and appends those that decode, in order.
///
/// Reading, decoding and writing overlap. Memory holds a bounded number of packed pictures with their
/// rows and, for each thread, one picture of a bounded size; larger ones are decoded one at a time. Of
/// a picture that is written some thirty bytes stay: what finds a second row of its id and a second
/// picture of its bytes.
final class SampleWriter {
  /// Packed bytes that wait to be decoded or written.
  private static let bytesInFlight = 24 << 20
  /// Groups that wait for each thread, enough that none runs out of work.
  private static let groupsInFlight = 4
  /// A group of pictures is decoded by one thread at once.
  private static let groupBytes = 256 << 10
  private static let groupCount = 64
  /// Pixels that all threads together decode at once, beyond which one picture is decoded alone.
  private static let pixelsAtOnce = 1 << 22

  /// A summary of the written samples.
  struct Summary {
    var rows = 0
    var counts: ClassCounts = [:]
    var rejects: [Reject] = []
    var notes: [String: Int] = [:]
    /// Of the files that the collection is made of.
    var digests: [String: Digest] = [:]
  }

  /// How many rows were registered.
  private(set) var registered = 0
  /// Which rows were written, of a list that was registered as a whole.
  private(set) var kept: [Bool] = []
  private let collection: RowCollectionWriter
  private let map: StreamingMap<[PictureCheck.Picture], [PictureCheck.Checked]>
  private let mostGroups: Int
  private let progress: (Int, Int?) throws -> Void
  private var group: [PictureCheck.Picture] = []
  private var groupSize = 0
  private var waiting: [Int] = []
  private var waitingSize = 0
  private var ids = TextSet()
  private var ledger = PictureLedger()
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
    mostGroups = Self.groupsInFlight * max(1, threads)
    let check = PictureCheck(convert: convert, pixels: Self.pixelsAtOnce / max(1, threads))
    map = StreamingMap(threads: threads) { group in group.map { check.check($0) } }
  }

  /// Registers all rows of a source whose pictures come later; `add` then takes their positions.
  func register(_ rows: inout [SampleRow]) {
    for index in rows.indices { register(&rows[index]) }
    kept = [Bool](repeating: false, count: rows.count)
    expected = rows.count
  }

  /// Registers a row before its picture is added.
  ///
  /// A row whose id is taken (`a.png` after `a.jpg`) gets its source path as id.
  func register(_ row: inout SampleRow) {
    if !ids.insert(row.id) {
      row.id = row.source
      _ = ids.insert(row.id)
    }
    registered += 1
  }

  /// Adds the picture of a registered row.
  ///
  /// - Parameter index: its position, where a list of rows was registered.
  func add(_ row: SampleRow, at index: Int? = nil, _ bytes: [UInt8]) throws {
    group.append(.init(row: row, index: index, bytes: bytes))
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
    while waiting.count > mostGroups || waitingSize > Self.bytesInFlight,
      let checked = try map.next()
    {
      try write(checked)
    }
  }

  func reject(_ row: SampleRow, _ fault: Fault) {
    let reason = fault.message + (fault.cause.map { " (\($0))" } ?? "")
    summary.rejects.append(Reject(.unreadableImage, row.source, reason))
  }

  private func write(_ group: [PictureCheck.Checked]) throws {
    waitingSize -= waiting.removeFirst()
    for checked in group {
      switch checked.verdict {
      case .bad(let fault): reject(checked.row, fault)
      case .good(let good): try write(checked.row, good, checked.index)
      }
    }
    try progress(summary.rows, expected)
  }

  private func write(_ row: SampleRow, _ good: PictureCheck.Good, _ index: Int?) throws {
    try noteDuplicate(row, good)
    if good.notes.hasColourProfile { summary.notes["colour-profile-ignored", default: 0] += 1 }
    try collection.append(good.line, payload: good.picture, extension: good.notes.fileExtension)
    summary.rows += 1
    if let label = row.label { summary.counts[row.split, default: [:]][label, default: 0] += 1 }
    if let index { kept[index] = true }
  }

  /// Notes a picture whose bytes were written before; call it before it is written.
  private func noteDuplicate(_ row: SampleRow, _ good: PictureCheck.Good) throws {
    let earlier = try ledger.enter(good.key, number: collection.count) { number -> SampleRow? in
      let (row, payload) = try collection.read(number)
      guard payload == good.picture else { return nil }
      return try SampleRow(json: row)
    }
    guard let first = earlier else { return }
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
    summary.digests = try collection.finish()
    summary.rejects = rejects + summary.rejects
    return summary
  }
}
