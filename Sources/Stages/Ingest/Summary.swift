import Artifacts
import Imaging
import Platform
import Samples
import StageKit

/// `ferry-ingest summary DIR`: what a samples artifact holds.
struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Print counts by split and class, subjects and rejects.")

  @Argument(help: .init("A samples or faces artifact.", valueName: "dir"))
  var directory: String

  @Option(help: .init("Also draw a contact sheet, a row a class.", valueName: "png"))
  var sheet: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let artifact = try Artifact.open(directory)
    guard ["samples", "faces"].contains(artifact.kind) else {
      throw Fault(
        .badInput, "'\(directory)' holds \(artifact.kind)", remedy: "give samples or faces")
    }
    let record = try DatasetRecord(json: artifact.metadata, at: .init(directory))
    let reader = try RowCollectionReader(directory)
    let rows = try reader.rows.map { try SampleRow(json: $0) }
    if let sheet { try draw(SampleSheet(reader, rows, record.classes), record, to: sheet) }
    let subjects = Set(rows.compactMap(\.subject)).count
    let bytes = artifact.files.reduce(0) { $0 + $1.size }
    let sizes = PictureSizes(reader)
    if json {
      var value = record.json
      value["rows"] = .integer(rows.count)
      value["subjects"] = .integer(subjects)
      value["bytes"] = .integer(bytes)
      value["sizes"] = sizes.json
      print(value.pretty, terminator: "")
      return
    }
    print("\(record.card.title)\nprotocol \(record.protocolName): \(record.protocolSummary)\n")
    print(CountTable(record.classes, ClassCounts(of: rows)).text)
    if let clips = record.clips { print("\nclips\n\(CountTable(record.classes, clips).text)") }
    print("\n\(rows.count) pictures\(sizes.text), \(subjects) subjects, \(bytes) bytes")
    for line in record.deviations { print("deviation: \(line)") }
    for (note, count) in record.notes.sorted(by: { $0.key < $1.key }) { print("\(note): \(count)") }
    for (kind, count) in record.rejects.sorted(by: { $0.key < $1.key }) {
      print("\(kind): \(count)")
    }
    if !record.card.citation.isEmpty { print("cite: \(record.card.citation)") }
    if record.card.needsAcceptance { print("terms: \(record.card.terms) \(record.card.url)") }
  }

  private func draw(_ picture: SampleSheet, _ record: DatasetRecord, to path: String) throws {
    try Files.write(try picture.png(threads: Parallel.processors), to: path)
    for (number, name) in picture.numbered { Self.say("the sheet's row #\(number) is '\(name)'") }
    if record.classes.count > SampleSheet.mostClasses {
      Self.say("the sheet shows the first \(SampleSheet.mostClasses) classes")
    }
    if !record.card.isRedistributable, !record.card.isSynthesized {
      Self.say("the sheet shows faces of \(record.card.title): \(record.card.terms)")
    }
  }

  private static func say(_ text: String) {
    Array("ferry-ingest: \(text)\n".utf8).withUnsafeBytes {
      try? Files.writeAll($0, to: 2, path: "the terminal")
    }
  }
}

/// The least and the greatest width and height of the pictures, as their headers state them.
private struct PictureSizes {
  private var widths: ClosedRange<Int>?
  private var heights: ClosedRange<Int>?

  init(_ reader: RowCollectionReader) {
    for index in reader.rows.indices {
      let size = reader.withPayload(index) { $0.flatMap { PictureNotes.size($0) } }
      guard let (width, height) = size else { continue }
      widths = Self.joined(widths, width)
      heights = Self.joined(heights, height)
    }
  }

  private static func joined(_ range: ClosedRange<Int>?, _ value: Int) -> ClosedRange<Int> {
    min(range?.lowerBound ?? value, value)...max(range?.upperBound ?? value, value)
  }

  var text: String {
    guard let widths, let heights else { return "" }
    func words(_ range: ClosedRange<Int>) -> String {
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
    return ", \(words(widths)) px wide and \(words(heights)) px high"
  }

  var json: JSONValue {
    func pair(_ range: ClosedRange<Int>) -> JSONValue {
      .array([.integer(range.lowerBound), .integer(range.upperBound)])
    }
    guard let widths, let heights else { return .null }
    return ["width": pair(widths), "height": pair(heights)]
  }
}
