import Artifacts
import Imaging
import Platform
import Testing

/// Every format, written by `ferry-synthesize` and read by `ferry-ingest`: labels, splits, landmarks
/// and counts as the writer states them, with and without the oddities of real copies.
@Suite struct RoundTripTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-round-trip") }

  /// A format, how it is written and read, and which rejects its oddities must give.
  struct Case: Sendable, CustomTestStringConvertible {
    var format: String
    var written: [String]
    var read: [String] = []
    /// With traps, by kind.
    var rejects: [String: Int] = [:]
    var testDescription: String { format }
  }

  static let still = ["train=36", "test=9", "image_size=64"]
  static let video = ["train=10", "test=4", "image_size=48", "frames=12"]

  static let cases = [
    Case(format: "rafdb", written: ["train=18", "test=7", "image_size=72"]),
    Case(
      format: "ckplus",
      written: ["subjects=4", "sequences=14", "labelled=0.7", "frames=3", "image_size=160"],
      read: ["protocol=ckplus-654"]),
    Case(
      format: "affectnet", written: ["train=80", "test=16", "image_size=64"],
      read: ["protocol=affectnet-8"],
      rejects: [
        "duplicate-row": 1, "without-label": 3, "unreadable-image": 1, "label-without-image": 1,
      ]),
    Case(format: "affectnet-2021", written: still),
    Case(format: "fer2013", written: ["train=20", "test=5"]),
    Case(format: "ferplus", written: ["train=40", "test=8"], rejects: ["without-label": 5]),
    Case(format: "caer-s", written: still), Case(format: "image-folder", written: still),
    Case(format: "image-table", written: still, read: ["columns={points: points}"]),
    Case(format: "webdataset", written: still),
    Case(
      format: "dfew", written: video, read: ["fold=1"], rejects: ["image-without-label": 14]),
    Case(format: "ferv39k", written: video), Case(format: "mafw", written: video, read: ["fold=1"]),
    Case(format: "afew", written: video),
  ]

  @Test(arguments: cases, [false, true])
  func whatIsWrittenIsRead(_ one: Case, _ traps: Bool) throws {
    let samples = try ingest(one, traps: traps)
    let rows = try RowCollectionReader(samples)
    let truth = try lines(Files.join(folder("archive"), "truth.jsonl"))
    let isVideo = truth.contains { $0["clip"] != nil }
    if isVideo {
      try compareClips(truth, samples, rows)
    } else {
      #expect(rows.rows.count == truth.count)
      try compare(truth, rows)
    }
    let table = try CSV.rows(try Files.read(Files.join(samples, "rejects.csv")), file: "rejects")
    var kinds: [String: Int] = [:]
    for row in table.dropFirst() { kinds[row.cells[0], default: 0] += 1 }
    #expect(kinds == (traps ? one.rejects : [:]))
  }

  private func ingest(_ one: Case, traps: Bool) throws -> String {
    let written = try Program.run(
      "ferry-synthesize",
      ["run", "--out", "archive=\(folder("archive"))", "--set", "format=\(one.format)"]
        + (one.written + ["traps=\(traps)", "truth=true"]).flatMap { ["--set", $0] })
    #expect(written.status == 0, "\(written.messages)")
    let read = try Program.run(
      "ferry-ingest",
      ["run", "--in", "archive=\(folder("archive"))", "--out", "samples=\(folder("samples"))"]
        + ["--set", "dataset=\(one.format)", "--set", "accept_terms=true"]
        + (["accept_counts=true"] + one.read).flatMap { ["--set", $0] })
    #expect(read.status == 0, "\(read.messages)")
    return folder("samples")
  }

  private func lines(_ path: String) throws -> [JSONValue] {
    try Files.read(path).split(separator: UInt8(ascii: "\n")).map {
      try JSONValue.parse($0, file: path)
    }
  }

  private func compare(_ truth: [JSONValue], _ rows: RowCollectionReader) throws {
    let indexes = Dictionary(
      uniqueKeysWithValues: rows.rows.enumerated().map { ($1["id"]?.string ?? "", $0) })
    for expected in truth {
      let id = expected["id"]?.string ?? ""
      let index = try #require(indexes[id], "\(id) was not read")
      let row = rows.rows[index]
      let payload = rows.payload(index).map { Array($0) } ?? []
      for (key, value) in expected.object ?? [:] {
        switch key {
        case "sha256": #expect(Digest(hashing: payload).hex == value.string, "\(id)")
        case "pixels":
          let image = try Image.decode(payload, name: id, as: .asStored)
          #expect(Digest(hashing: image.pixels).hex == value.string, "\(id)")
        case "column_votes": break
        case "points", "auto_points", "box":
          let found = row[key].map(flat) ?? []
          let wanted = flat(value)
          #expect(found.count == wanted.count, "\(id) \(key)")
          #expect(
            zip(found, wanted).allSatisfy { abs($0 - $1) < Self.textLimit }, "\(id) \(key)")
        default: #expect(row[key] == value, "\(id) \(key)")
        }
      }
    }
  }

  /// Both sides read the same decimals; only means of several may round differently.
  private static let textLimit = 1e-9

  private func flat(_ value: JSONValue) -> [Double] {
    value.array?.flatMap { flat($0) } ?? value.number.map { [$0] } ?? []
  }

  private func compareClips(
    _ truth: [JSONValue], _ samples: String, _ rows: RowCollectionReader
  ) throws {
    let clips = try lines(Files.join(samples, "clips.jsonl"))
    #expect(clips.count == truth.count)
    let byID = Dictionary(uniqueKeysWithValues: clips.map { ($0["id"]?.string ?? "", $0) })
    let ids = Set(rows.rows.compactMap { $0["id"]?.string })
    for expected in truth {
      let id = expected["clip"]?.string ?? ""
      let clip = try #require(byID[id], "\(id) was not read")
      #expect(clip["label"] == expected["label"] && clip["split"] == expected["split"])
      let frames = clip["frames"]?.strings ?? []
      #expect(frames.count == 16 && frames.allSatisfy(ids.contains))
      // All frames of a clip of at most sixteen are taken, in the order of their numbers.
      let numbers = frames.compactMap { $0.split(separator: "/").last.flatMap { Int($0) } }
      #expect(numbers == numbers.sorted())
      #expect(Set(numbers).count == min(16, expected["frames"]?.integer ?? 0), "\(id)")
    }
    for row in rows.rows {
      #expect(row["subject"] == row["attributes"]?["clip"])
    }
  }
}
