import Archives
import Samples

/// A parser that knows a picture's row as soon as it meets the picture, so that a source is read once.
protocol OnePassParser: DatasetParser {
  /// How a row that is known is handed over: with a way to its picture's bytes.
  typealias Emit = (SampleRow, () throws -> [UInt8]) throws -> Void

  /// False where what was asked for needs all rows first, such as a held-out part of the subjects.
  var isOnePass: Bool { get }
  /// Makes a picture file of the bytes that `take` hands over; called in parallel, with the row's
  /// source for messages.
  var convert: PictureCheck.Convert? { get }

  /// Takes an entry in place of `visit`, and gives each row with a way to its picture's bytes. The
  /// rows are then missing from the plan.
  ///
  /// - Throws: `OutOfOrder` where the source must be read in two passes after all.
  func take(_ entry: ArchiveEntry, _ emit: Emit) throws

  /// Gives the rows that waited for more, at the end of the source.
  func finish(_ emit: Emit) throws
}

extension OnePassParser {
  var isOnePass: Bool { true }
  var convert: PictureCheck.Convert? { nil }
  func finish(_ emit: Emit) throws {}
}

/// A source gives a picture before an annotation that speaks of it, so that rows are known only after
/// all entries.
struct OutOfOrder: Error {}

/// A parser whose rows follow from the paths of pictures and from what was read before them.
protocol PictureRowParser: OnePassParser {
  /// The row of a picture, or nil for other files and for pictures without a label, which are noted.
  func row(of path: String) throws -> SampleRow?
  /// Keeps a row for the plan.
  func keep(_ row: SampleRow)
}

extension PictureRowParser {
  func visit(_ entry: ArchiveEntry) throws {
    if let row = try row(of: entry.path) { keep(row) }
  }

  func take(_ entry: ArchiveEntry, _ emit: Emit) throws {
    if let row = try row(of: entry.path) { try emit(row) { try entry.read() } }
  }
}
