import Artifacts
import Imaging
import Platform
import Testing

/// `ferry-align` as a user runs it, on samples made here.
@Suite struct AlignStageTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-align") }

  private static let points: JSONValue = [
    [70, 60], [130, 64], [100, 95], [78, 130], [122, 132],
  ]

  /// Five good samples, one picture that ends early, one sample without landmarks.
  private func makeSamples(_ name: String = "samples") throws {
    let directory = folder(name)
    let writer = try RowCollectionWriter(directory)
    for index in 0..<7 {
      var image = Image(width: 200, height: 180, channels: index % 2 == 0 ? 3 : 1)
      for offset in image.pixels.indices { image.pixels[offset] = UInt8((offset * 7 / 5) & 255) }
      var row: JSONValue = [
        "id": .string("face_\(index)"), "source": .string("photos/face_\(index).jpg"),
        "split": "train", "label": "happiness", "later": .integer(index),
      ]
      if index != 6 { row["points"] = Self.points }
      let bytes = try image.jpeg()
      try writer.append(row, payload: index == 3 ? Array(bytes[..<900]) : bytes)
    }
    try writer.finish()
    _ = try Artifact.seal(
      directory, kind: "samples", schema: 1, metadata: ["classes": ["happiness"]])
  }

  private func align(_ out: String, _ settings: String..., threads: Int = 2) throws -> Outcome {
    try Program.run(
      "ferry-align",
      [
        "run", "--in", "samples=\(folder("samples"))", "--out", "faces=\(folder(out))",
        "--threads", "\(threads)",
      ] + settings.flatMap { ["--set", $0] })
  }

  @Test func facesAreTheSameOnAnyNumberOfThreads() throws {
    try makeSamples()
    for threads in [1, 3] {
      let outcome = try align("faces-\(threads)", "policy=drop", "size=64", threads: threads)
      #expect(outcome.status == 0, "\(outcome.messages)")
    }
    let faces = try Artifact.open(folder("faces-1"), kind: "faces", schema: 1)
    #expect(try faces.digest == Artifact.open(folder("faces-3")).digest)
    #expect(faces.rows == ["faces": 5])
    #expect(faces.metadata["classes"] == ["happiness"])
    #expect(
      faces.metadata["alignment"]?["counts"]
        == ["landmarks": 5, "unreadable-image": 1, "without-landmarks": 1])
    let rejects = try Files.readText(faces.path("rejects.csv")).split(separator: "\n")
    #expect(rejects.count == 3)
    #expect(rejects[1].hasPrefix("unreadable-image,photos/face_3.jpg,"))
    let reader = try RowCollectionReader(faces.directory)
    #expect(reader.rows.map { $0["id"]?.string } == [0, 1, 2, 4, 5].map { "face_\($0)" })
    let first = reader.rows[0]
    #expect(first["later"] == 0 && first["landmarks"] == first["points"])
    #expect(first["policy"] == "landmarks" && first["box"]?.numbers == [70, 60, 130, 132])
    #expect(first["transform"]?.array?.count == 2)
    let face = try reader.withPayload(0) { bytes in
      try Image.decode(try #require(bytes), name: "face", as: .asStored)
    }
    #expect(face.width == 64 && face.height == 64 && face.channels == 3)
  }

  @Test func samplesWithoutLandmarksFollowThePolicy() throws {
    try makeSamples()
    let refused = try align("refused")
    #expect(refused.status == 65)
    #expect(refused.messages.contains("face_6") && refused.messages.contains("keep-resized"))
    #expect(!Files.exists(folder("refused")))
    #expect(try align("kept", "policy=keep-resized", "format=png").status == 0)
    let kept = try RowCollectionReader(folder("kept"))
    #expect(kept.rows.last?["policy"] == "keep-resized")
    #expect(kept.payloadName(5)?.hasSuffix(".png") == true)
    #expect(try align("central", "detector=none", "crop=100").status == 0)
    let central = try RowCollectionReader(folder("central"))
    #expect(central.rows.count == 6)
    let transform = central.rows[0]["transform"]?.array?.compactMap(\.numbers)
    #expect(transform?[0][2] == -50 * 1.12)
  }

  @Test func wrongParametersAreRefused() throws {
    try makeSamples()
    let unknown = try align("faces", "detector=mtcn")
    #expect(unknown.status == 64 && unknown.messages.contains("landmarks, none"))
    let useless = try align("faces", "crop=100")
    #expect(useless.status == 64 && useless.messages.contains("detector=none"))
  }

  @Test func nothingButRejectsIsRefused() throws {
    let writer = try RowCollectionWriter(folder("samples"))
    let row: JSONValue = [
      "id": "a", "source": "a.jpg", "split": "all", "label": .null, "points": Self.points,
    ]
    try writer.append(row, payload: [0xFF, 0xD8, 0xFF])
    try writer.finish()
    _ = try Artifact.seal(folder("samples"), kind: "samples", schema: 1)
    let outcome = try align("faces")
    #expect(outcome.status == 65)
    #expect(outcome.messages.contains("none of 1 samples gave a face"))
    #expect(!Files.exists(folder("faces")))
  }
}
