import Artifacts
import Faces
import Imaging
import Platform
import Samples
import StageKit

/// `ferry-align review`: one picture of many faces, with what was found in them.
struct ReviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review", abstract: "Draw a contact sheet of a faces artifact.",
    discussion: """
      With --samples each face stands below its source picture, on which its box (green) and points
      (yellow) are drawn, and rejected pictures follow with a red frame. Pictures that were kept
      without a face have an orange frame. The list of cells is printed.
      """)

  @Argument(help: .init("A faces artifact.", valueName: "dir"))
  var directory: String

  @Option(help: .init("The samples that the faces were cut from.", valueName: "dir"))
  var samples: String?

  @Option(help: .init("Where to write the PNG.", valueName: "file"))
  var out = "review.png"

  @Option(help: "Faces and rejects at most; they are spread over the whole set.")
  var count = 48

  @Option(help: "Cells a row.")
  var columns = 8

  @Option(help: "A cell's side in px.")
  var cell = 128

  func validate() throws {
    guard (1...4096).contains(count), (1...64).contains(columns), (32...512).contains(cell) else {
      throw ValidationError("--count takes 1 to 4096, --columns 1 to 64, --cell 32 to 512")
    }
  }

  func run() throws {
    let faces = try Artifact.open(directory, kind: "faces")
    let reader = try RowCollectionReader(directory)
    let source = try samples.map { try SourcePictures($0) }
    var sheet = ContactSheet(columns: columns, cell: cell, isPaired: source != nil)
    let rejects = try source.map { try rejected(faces, $0) } ?? []
    let shown = min(rejects.count, max(count / 3, count - reader.rows.count))
    for index in spread(reader.rows.count, count - shown) {
      try add(index, reader, source, to: &sheet)
    }
    for index in spread(rejects.count, shown) {
      let (place, kind) = rejects[index]
      print("\(sheet.place) \(place): \(kind)")
      sheet.add(source?.picture(place), crop: nil, frame: .rejected)
    }
    try Files.write(try sheet.image().png(), to: out)
  }

  private func add(
    _ index: Int, _ reader: RowCollectionReader, _ source: SourcePictures?,
    to sheet: inout ContactSheet
  ) throws {
    let face = try FaceRow(json: reader.rows[index])
    let crop = try reader.withPayload(index) { bytes in
      try bytes.map { try Image.decode($0, name: face.sample.id) }
    }
    let marks = ContactSheet.Marks(
      box: face.sample.box, points: (face.landmarks ?? []).map { Point($0.x, $0.y) },
      transform: face.transform.map {
        AffineTransform(
          a: $0[0][0], b: $0[0][1], c: $0[1][0], d: $0[1][1], tx: $0[0][2], ty: $0[1][2])
      })
    let isKept = face.policy == Alignment.Kind.keptResized.rawValue
    print(
      "\(sheet.place) \(face.sample.id): \(face.policy)"
        + (face.score.map { ", score \($0)" } ?? "")
        + (face.facesFound.map { ", \($0) found" } ?? ""))
    sheet.add(
      source?.picture(face.sample.source), crop: crop, marks: marks,
      frame: isKept ? .kept : .plain)
  }

  /// The dropped pictures of `rejects.csv` by their place.
  private func rejected(
    _ faces: Artifact, _ source: SourcePictures
  ) throws -> [(place: String, kind: String)] {
    let path = faces.path("rejects.csv")
    guard Files.exists(path) else { return [] }
    let rows = try CSV.rows(try Files.read(path), file: path).dropFirst()
    return rows.map(\.cells).compactMap { cells in
      guard cells.count == 4, cells[3] == "dropped" else { return nil }
      // The writer guards text that a spreadsheet would run with an apostrophe.
      let place = cells[1].hasPrefix("'") ? String(cells[1].dropFirst()) : cells[1]
      return source.has(place) ? (place, cells[0]) : nil
    }
  }

  /// `count` of 0 ..< total, evenly spread.
  private func spread(_ total: Int, _ count: Int) -> [Int] {
    guard count > 0 else { return [] }
    return total <= count ? Array(0..<total) : (0..<count).map { $0 * total / count }
  }
}

/// The pictures of a samples artifact by their place in the archive.
private struct SourcePictures {
  private let reader: RowCollectionReader
  private let index: [String: Int]

  init(_ directory: String) throws {
    reader = try RowCollectionReader(directory)
    let places = reader.rows.enumerated().compactMap { index, row in
      row["source"]?.string.map { ($0, index) }
    }
    index = Dictionary(places, uniquingKeysWith: { first, _ in first })
  }

  func has(_ place: String) -> Bool { index[place] != nil }

  /// Nil where there is none, or none that can be decoded.
  func picture(_ place: String) -> Image? {
    guard let row = index[place] else { return nil }
    return reader.withPayload(row) { bytes in
      bytes.flatMap { try? Image.decode($0, name: place) }
    }
  }
}
