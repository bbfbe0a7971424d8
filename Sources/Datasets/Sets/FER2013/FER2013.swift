import Archives
import Artifacts
import Imaging
import Platform
import Samples

extension DatasetDefinition {
  /// FER2013: 48x48 grey pictures as text in one table.
  static let fer2013 = DatasetDefinition(card: .fer2013, protocols: ["fer2013"]) { _, _ in
    FER2013Parser()
  }
}

/// Reads `fer2013.csv` in one pass.
final class FER2013Parser: OnePassParser {
  /// FER2013 label 0 to 6 -> expression.
  static let labels: [Expression] = [
    .anger, .disgust, .fear, .happiness, .sadness, .surprise, .neutral,
  ]

  private let table = FERTable()

  /// False where the rows were handed over with their pictures.
  private var keepsRows = true

  var convert: PictureCheck.Convert? { FERTable.convert }

  func visit(_ entry: ArchiveEntry) throws { try table.visit(entry) }

  func take(_ entry: ArchiveEntry, _ emit: Emit) throws {
    keepsRows = false
    var number = 0
    try table.visit(entry) { row, pixels in
      try emit(sample(number, row, entry.path)) { Array(pixels) }
      number += 1
    }
  }

  private func sample(_ number: Int, _ row: FERTable.Row, _ path: String) -> SampleRow {
    SampleRow(
      id: "fer2013_" + padded(number, 5), source: "\(path):\(row.line)", split: row.split,
      label: Self.labels[row.emotion].name)
  }

  func plan() throws -> IngestPlan {
    let path = try table.requirePath()
    let rows = keepsRows ? table.rows.enumerated().map { sample($0, $1, path) } : []
    let scheme = DatasetProtocol(
      name: "fer2013", summary: "FER2013, public test set as validation, private test set as test",
      classes: .seven, expectedTotals: [.train: 28_709, .validation: 3_589, .test: 3_589])
    var plan = IngestPlan(scheme, rows: rows, rejects: [])
    table.connect(&plan, rowNumbers: Array(rows.indices))
    return plan
  }
}

/// The table of pixels, without its pixels.
final class FERTable {
  struct Row {
    var line: Int
    var emotion: Int
    var split: Split
  }

  /// The columns of label, pixels and usage; copies differ in their order.
  private struct Columns {
    var emotion: Int
    var pixels: Int
    var usage: Int
    var count: Int
  }

  static let side = 48

  private(set) var path: String?
  private(set) var rows: [Row] = []

  private static let names = ["fer2013.csv", "icml_face_data.csv"]

  func requirePath() throws -> String {
    if let path { return path }
    throw Fault(
      .badInput, "the source has no fer2013.csv",
      remedy: "it is the table of the challenge, with the columns emotion, pixels and Usage")
  }

  /// Reads labels and usages into `rows`.
  func visit(_ entry: ArchiveEntry) throws {
    try visit(entry) { row, _ in rows.append(row) }
  }

  /// Gives each row with its pixels' text.
  func visit(
    _ entry: ArchiveEntry, _ body: (Row, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard Self.names.contains(SourcePath.name(entry.path).lowercased()) else { return }
    if let path {
      throw Fault(
        .badInput, "a second table besides \(path)", at: .init(entry.path), remedy: "keep one")
    }
    path = entry.path
    var columns: Columns?
    try EntryLines.forEach(entry) { line, bytes in
      let place = Fault.Place(entry.path, line: line)
      if bytes.isEmpty { return }
      if let columns {
        let (row, pixels) = try Self.row(bytes, columns, place)
        try body(row, pixels)
      } else {
        columns = try Self.columns(bytes, place)
      }
    }
  }

  private static func columns(
    _ header: UnsafeRawBufferPointer, _ place: Fault.Place
  ) throws -> Columns {
    let names = EntryLines.cells(header).map { EntryLines.text($0).lowercased() }
    func index(_ name: String) throws -> Int {
      if let index = names.firstIndex(of: name) { return index }
      throw Fault(
        .badInput, "the table has no column '\(name)'", at: place,
        remedy: "its columns are \(names.joined(separator: ", "))")
    }
    return Columns(
      emotion: try index("emotion"), pixels: try index("pixels"), usage: try index("usage"),
      count: names.count)
  }

  private static func row(
    _ bytes: UnsafeRawBufferPointer, _ columns: Columns, _ place: Fault.Place
  ) throws -> (row: Row, pixels: UnsafeRawBufferPointer) {
    let cells = EntryLines.cells(bytes)
    guard cells.count == columns.count else {
      throw Fault(
        .badInput, "the row has \(cells.count) cells, the header \(columns.count)", at: place)
    }
    let emotion = EntryLines.text(cells[columns.emotion])
    guard let label = Int(emotion), (0..<FER2013Parser.labels.count).contains(label) else {
      throw Fault(
        .badInput, "'\(emotion)' is not a class of FER2013", at: place,
        remedy: "labels are 0 to 6: \(ClassList(FER2013Parser.labels))")
    }
    let usage = EntryLines.text(cells[columns.usage])
    guard let split = Split(word: usage) else {
      throw Fault(
        .badInput, "'\(usage)' is not a usage", at: place,
        remedy: "it is Training, PublicTest or PrivateTest")
    }
    return (Row(line: place.line ?? 0, emotion: label, split: split), cells[columns.pixels])
  }

  /// Lets a plan make its pictures from the table's pixels.
  ///
  /// - Parameter rowNumbers: the row of this table that each row of the plan is made of.
  func connect(_ plan: inout IngestPlan, rowNumbers: [Int]) {
    guard let path else { return }
    var indexes = [Int?](repeating: nil, count: rows.count)
    for (index, number) in rowNumbers.enumerated() { indexes[number] = index }
    plan.expandable = [path]
    plan.expand = { entry, emit in
      var columns: Columns?
      var number = 0
      try EntryLines.forEach(entry) { line, bytes in
        if bytes.isEmpty { return }
        if let columns {
          let cells = EntryLines.cells(bytes)
          defer { number += 1 }
          guard number < indexes.count, let index = indexes[number], cells.count > columns.pixels
          else { return }
          try emit(index, Array(cells[columns.pixels]))
        } else {
          columns = try Self.columns(bytes, .init(entry.path, line: line))
        }
      }
    }
    plan.convert = Self.convert
  }

  /// Makes a picture file of a row's pixels.
  static let convert: PictureCheck.Convert = { text, name in
    SmallGrey.storedPNG(try pixels(text, name: name), width: side, height: side)
  }

  /// Reads 2304 numbers of 0 to 255, row by row.
  static func pixels(_ text: [UInt8], name: String) throws -> [UInt8] {
    if let pixels = SmallGrey.pixels(text, count: side * side) { return pixels }
    let pixels = try [UInt8](unsafeUninitializedCapacity: side * side) { target, count in
      try text.withUnsafeBufferPointer { count = try read($0, into: target, name) }
    }
    guard pixels.count == side * side else {
      throw Fault(
        .badInput, "the row has \(pixels.count) pixels instead of \(side * side)", at: .init(name))
    }
    return pixels
  }

  /// Returns how many numbers the text has; those that fit are stored.
  private static func read(
    _ text: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>,
    _ name: String
  ) throws -> Int {
    var count = 0
    var position = 0
    while position < text.count {
      var digit = text[position] &- 0x30
      guard digit < 10 else {
        guard text[position] == 0x20 else {
          throw Fault(.badInput, "the pixels are not numbers", at: .init(name))
        }
        position += 1
        continue
      }
      var value = 0
      repeat {
        value = min(256, value * 10 + Int(digit))
        position += 1
        digit = position < text.count ? text[position] &- 0x30 : 10
      } while digit < 10
      guard value < 256 else {
        throw Fault(.badInput, "a pixel is larger than 255", at: .init(name))
      }
      guard count < target.count else {
        throw Fault(
          .badInput, "the row has more than \(side * side) pixels", at: .init(name))
      }
      target[count] = UInt8(value)
      count += 1
    }
    return count
  }
}
