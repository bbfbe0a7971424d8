import Artifacts
import Expressions
import Platform
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
    if let sheet {
      let picture = ContactSheet(reader, rows, record.classes)
      try Files.write(try picture.png(threads: Parallel.processors), to: sheet)
      if !record.card.isRedistributable, !record.card.isSynthesized {
        Self.say("the sheet shows faces of \(record.card.title): \(record.card.terms)")
      }
    }
    let subjects = Set(rows.compactMap(\.subject)).count
    let bytes = artifact.files.reduce(0) { $0 + $1.size }
    if json {
      var value = record.json
      value["rows"] = .integer(rows.count)
      value["subjects"] = .integer(subjects)
      value["bytes"] = .integer(bytes)
      print(value.pretty, terminator: "")
      return
    }
    print("\(record.card.title)\nprotocol \(record.protocolName): \(record.protocolSummary)\n")
    print(CountTable(record.classes, ClassCounts(of: rows)).text)
    if let clips = record.clips { print("\nclips\n\(CountTable(record.classes, clips).text)") }
    print("\n\(rows.count) pictures, \(subjects) subjects, \(bytes) bytes")
    for line in record.deviations { print("deviation: \(line)") }
    for (note, count) in record.notes.sorted(by: { $0.key < $1.key }) { print("\(note): \(count)") }
    for (kind, count) in record.rejects.sorted(by: { $0.key < $1.key }) {
      print("\(kind): \(count)")
    }
    if !record.card.citation.isEmpty { print("cite: \(record.card.citation)") }
  }

  private static func say(_ text: String) {
    Array("ferry-ingest: \(text)\n".utf8).withUnsafeBytes {
      try? Files.writeAll($0, to: 2, path: "the terminal")
    }
  }
}
