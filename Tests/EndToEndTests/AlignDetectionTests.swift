import Artifacts
import Foundation
import Imaging
import Platform
import Testing

/// `ferry-align` with the detector, on real photos.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["FERRY_TEST_DATA"] != nil, "FERRY_TEST_DATA is not set")
)
struct AlignDetectionTests {
  private let folder: TemporaryDirectory
  private let data: String

  init() throws {
    folder = try TemporaryDirectory("ferry-align-mtcnn")
    data = try #require(ProcessInfo.processInfo.environment["FERRY_TEST_DATA"])
  }

  /// Photos with a face, one without, one with two, and hostile files.
  private static let photos: [(file: String, label: String)] = [
    ("faces/ipazc-mtcnn/ivan.jpg", "happiness"), ("faces/ipazc-mtcnn/no-faces.jpg", "neutral"),
    ("faces/astronaut/astronaut.png", "happiness"), ("faces/pillow/hopper.jpg", "neutral"),
    ("faces/pillow/hopper_gray.jpg", "neutral"), ("faces/pillow/truncated_jpeg.jpg", "neutral"),
    ("faces/pillow/broken_data_stream.png", "happiness"),
    ("faces/pillow/decompression_bomb.gif", "neutral"),
    ("faces/pillow/truncated_image.png", "neutral"),
  ]

  private func makeSamples(_ extra: Bool = false) throws {
    let directory = folder("samples")
    try Files.removeTree(directory)
    let writer = try RowCollectionWriter(directory)
    for (index, photo) in Self.photos.enumerated() {
      let row: JSONValue = [
        "id": .string("photo_\(index)"), "source": .string(photo.file), "split": "all",
        "label": .string(photo.label),
      ]
      try writer.append(row, payload: try Files.read(Files.join(data, photo.file)))
    }
    if extra {
      let two = try pair()
      try writer.append(
        [
          "id": "pair", "source": "pair.png", "split": "all", "label": "neutral",
          "box": [460, 60, 560, 200],
        ], payload: try two.png(level: 1), extension: "png")
    }
    try writer.finish()
    _ = try Artifact.seal(directory, kind: "samples", schema: 1)
  }

  /// Two portraits side by side; the right one is smaller.
  private func pair() throws -> Image {
    let path = Files.join(data, "faces/astronaut/astronaut.png")
    let one = try Image.decode(try Files.read(path), name: path)
      .cropped(x: 120, y: 0, width: 260, height: 260)
    let small = one.resized(width: 200, height: 200)
    var both = Image(width: 560, height: 260, channels: 3, filledWith: 90)
    for (picture, left) in [(one, 0), (small, 360)] {
      for y in 0..<picture.height {
        for x in 0..<picture.width {
          for c in 0..<3 { both[left + x, y, c] = picture[x, y, c] }
        }
      }
    }
    return both
  }

  private func align(
    _ out: String, _ settings: String..., threads: Int = 2, reuse: String? = nil,
    weights: Bool = true
  ) throws -> Outcome {
    var arguments = [
      "run", "--in", "samples=\(folder("samples"))", "--out", "faces=\(folder(out))",
      "--set", "detector=mtcnn", "--threads", "\(threads)",
    ]
    if weights { arguments += ["--in", "weights=\(Files.join(data, "mtcnn/torch-pickle"))"] }
    if let reuse { arguments += ["--reuse", folder(reuse)] }
    return try Program.run("ferry-align", arguments + settings.flatMap { ["--set", $0] })
  }

  @Test func photosBecomeFacesAndAllElseIsCounted() throws {
    try makeSamples()
    for threads in [1, 3] {
      let outcome = try align("faces-\(threads)", "policy=drop", threads: threads)
      #expect(outcome.status == 0, "\(outcome.messages)")
    }
    let faces = try Artifact.open(folder("faces-1"), kind: "faces", schema: 1)
    #expect(try faces.digest == Artifact.open(folder("faces-3")).digest)
    let alignment = try #require(faces.metadata["alignment"])
    #expect(alignment["counts"] == ["mtcnn": 4, "no-face": 1, "unreadable-image": 4])
    #expect(alignment["per_class"]?["happiness"] == ["mtcnn": 2, "unreadable-image": 1])
    #expect(
      try align("told", "policy=drop").messages.contains("happiness: 2 mtcnn, 1 unreadable-image"))
    let rows = try RowCollectionReader(faces.directory).rows
    #expect(rows.count == 4)
    let box = try #require(rows[0]["box"]?.numbers)
    #expect(abs(box[0] - 277.5) < 1 && abs(box[3] - 156.8) < 1)
    #expect((rows[0]["score"]?.number ?? 0) > 0.99 && rows[0]["faces_found"] == 1)
    #expect(rows[0]["policy"] == "largest" && rows[0]["landmarks"]?.array?.count == 5)
    #expect(try align("failed").messages.contains("photo_1"))
    let kept = try align("kept", "policy=keep-resized", "minimum_face=60")
    #expect(kept.status == 0)
    let details = try Artifact.open(folder("kept")).metadata["alignment"]?["details"]
    #expect(details?["tiny-face"]?.integer ?? 0 >= 2 && details?["no-face"] == 1)
  }

  /// Damaged, odd and hostile pictures: each is counted, and the portraits among them are found.
  @Test func everyHostilePictureIsCounted() throws {
    let files = try ["faces/pillow", "fixtures/jpeg", "fixtures/pngsuite"].flatMap { folder in
      try FileManager.default.subpathsOfDirectory(atPath: Files.join(data, folder)).sorted()
        .map { "\(folder)/\($0)" }
        .filter { Files.status(Files.join(data, $0))?.kind == .file }
    }
    try #require(files.count > 300)
    let writer = try RowCollectionWriter(folder("samples"))
    for (index, file) in files.enumerated() {
      try writer.append(
        [
          "id": .string("file_\(index)"), "source": .string(file), "split": "all",
          "label": "neutral",
        ], payload: try Files.read(Files.join(data, file)))
    }
    try writer.finish()
    _ = try Artifact.seal(folder("samples"), kind: "samples", schema: 1)
    let outcome = try align("faces", "policy=drop")
    #expect(outcome.status == 0, "\(outcome.messages)")
    let faces = try Artifact.open(folder("faces"))
    let counts = try #require(faces.metadata["alignment"]?["counts"]?.object)
    #expect(counts.values.compactMap(\.integer).reduce(0, +) == files.count)
    #expect(counts["mtcnn"]?.integer ?? 0 >= 10 && counts["unreadable-image"]?.integer ?? 0 >= 10)
    let rows = try RowCollectionReader(folder("faces")).rows
    let portraits = rows.filter { $0["source"]?.string?.contains("hopper_orientation") == true }
    #expect(portraits.count == 7)
  }

  @Test func reuseChangesNoByte() throws {
    try makeSamples()
    #expect(try align("first", "policy=drop", reuse: "kept").status == 0)
    try makeSamples(true)
    let again = try align("again", "policy=drop", reuse: "kept")
    #expect(again.messages.contains("9 of 10 pictures were aligned before"), "\(again.messages)")
    #expect(try align("fresh", "policy=drop").status == 0)
    #expect(
      try Artifact.open(folder("again")).digest == Artifact.open(folder("fresh")).digest)
    let other = try align("other", "policy=drop", "size=64", reuse: "kept")
    #expect(other.messages.contains("0 of 10 pictures"))
  }

  @Test func severalFacesFollowThePolicy() throws {
    try makeSamples(true)
    func pair(_ settings: String...) throws -> [JSONValue] {
      let name = "faces-\(settings.count)-\(settings[0])"
      let outcome = try align(name, settings[0], "policy=drop")
      #expect(outcome.status == 0, "\(outcome.messages)")
      return try RowCollectionReader(folder(name)).rows
        .filter { $0["source"]?.string == "pair.png" }
    }
    #expect(try pair("several=all").map { $0["id"]?.string } == ["pair", "pair-2"])
    let left = try #require(try pair("several=largest").first?["box"]?.numbers)
    let right = try #require(try pair("several=nearest-to-annotation").first?["box"]?.numbers)
    #expect(left[2] < 260 && right[0] > 360)
  }

  @Test func missingWeightsAreExplained() throws {
    try makeSamples()
    let outcome = try align("faces", weights: false)
    #expect(outcome.status == 64 && outcome.messages.contains("pnet.pt"))
  }

  @Test func reviewDrawsASheet() throws {
    try makeSamples()
    #expect(try align("faces", "policy=drop").status == 0)
    let outcome = try Program.run(
      "ferry-align",
      [
        "review", folder("faces"), "--samples", folder("samples"), "--out", folder("sheet.png"),
        "--columns", "4",
      ])
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.output.contains("row 1 column 1 photo_0: largest, score 0.99"))
    #expect(outcome.output.contains("no-faces.jpg: no-face"))
    let sheet = try Image.decode(try Files.read(folder("sheet.png")), name: "sheet")
    #expect(sheet.width == 4 * 132 + 4 && sheet.height > 2 * 260)
  }
}
