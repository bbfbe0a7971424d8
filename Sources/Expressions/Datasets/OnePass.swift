import Archives

/// A parser that knows a picture's row as soon as it meets the picture, so that a source is read once.
protocol OnePassParser: DatasetParser {
  /// False where what was asked for needs all rows first, such as a held-out part of the subjects.
  var isOnePass: Bool { get }
  /// Makes a picture file of the bytes that `take` hands over; called in parallel, with the row's
  /// source for messages.
  var convert: PictureCheck.Convert? { get }

  /// Takes an entry in place of `visit`, and gives each row with a way to its picture's bytes. The
  /// rows are then missing from the plan.
  func take(_ entry: ArchiveEntry, _ emit: (SampleRow, () throws -> [UInt8]) throws -> Void) throws
}

extension OnePassParser {
  var convert: PictureCheck.Convert? { nil }
}
