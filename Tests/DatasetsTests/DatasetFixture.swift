import Archives
import Artifacts
import Datasets
import Glibc
import Imaging
import Platform
import Samples
import TestSupport

/// A source made of files in memory, written as a folder, a zip or a tar, and ingested.
struct DatasetFixture {
  var files: [(path: String, bytes: [UInt8])] = []

  mutating func add(_ path: String, _ text: String) { files.append((path, Array(text.utf8))) }

  mutating func add(_ path: String, _ bytes: [UInt8]) { files.append((path, bytes)) }

  /// Adds a small picture whose bytes depend on `shade`.
  mutating func picture(_ path: String, shade: Int) throws {
    var image = Image(width: 8, height: 8, channels: 1, filledWith: UInt8(shade % 200))
    image[shade / 200 % 8, shade / 1600 % 8, 0] = 255
    files.append((path, path.hasSuffix("png") ? try image.png() : try image.jpeg(quality: 90)))
  }

  enum Packaging: CaseIterable { case folder, zip, tar }

  func write(_ packaging: Packaging, in folder: String) throws -> String {
    let name = Files.join(folder, "source-\(Files.temporaryNumber())")
    switch packaging {
    case .folder:
      for file in files {
        let path = Files.join(name, file.path)
        try Files.makeDirectories(Files.parent(of: path))
        try Files.write(file.bytes, to: path)
      }
    case .zip, .tar:
      let writer = try ArchiveWriter(name, format: packaging == .zip ? .zip : .tar)
      for file in files { try writer.add(file.path, file.bytes) }
      try writer.finish()
    }
    return name
  }

  /// Ingests the source and returns what a reader of the artifact sees.
  func ingest(
    _ options: IngestOptions, _ packaging: Packaging = .zip, threads: Int = 2
  ) throws -> Ingested {
    let folder = try ScratchFolder()
    let source = try write(packaging, in: folder.path)
    let out = Files.join(folder.path, "samples")
    let (record, _, _) = try Ingestion(source: source, options: options, threads: threads)
      .write(to: out)
    let reader = try RowCollectionReader(out)
    return Ingested(
      record: record, rows: try reader.rows.map { try SampleRow(json: $0) },
      payloads: reader.rows.indices.map { reader.payload($0).map { Array($0) } ?? [] },
      rejects: try CSV.rows(try Files.read(Files.join(out, "rejects.csv")), file: "rejects.csv")
        .dropFirst().map(\.cells),
      index: try Files.read(Files.join(out, "index.jsonl")), clips: try Self.clips(out))
  }
}

extension DatasetFixture {
  fileprivate static func clips(_ out: String) throws -> [ClipRow] {
    let path = Files.join(out, Ingestion.clipsName)
    guard Files.exists(path) else { return [] }
    return try Files.read(path).split(separator: UInt8(ascii: "\n")).map {
      try ClipRow(json: try JSONValue.parse($0, file: path))
    }
  }
}

struct Ingested {
  var record: DatasetRecord
  var rows: [SampleRow]
  var payloads: [[UInt8]]
  /// kind, place, reason, action.
  var rejects: [[String]]
  var index: [UInt8]
  var clips: [ClipRow] = []

  func clip(_ id: String) -> ClipRow? { clips.first { $0.id == id } }

  func row(_ id: String) -> SampleRow? { rows.first { $0.id == id } }

  func rejected(_ kind: Reject.Kind) -> [String] {
    rejects.filter { $0[0] == kind.rawValue }.map { $0[1] }
  }
}

extension IngestOptions {
  /// Options with terms and counts accepted.
  static func accepted(_ dataset: String, _ change: (inout IngestOptions) -> Void = { _ in })
    -> IngestOptions
  {
    var options = IngestOptions(dataset: dataset)
    options.acceptTerms = true
    options.acceptCounts = true
    change(&options)
    return options
  }
}
