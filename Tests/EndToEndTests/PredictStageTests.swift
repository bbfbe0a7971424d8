import Artifacts
import Imaging
import Platform
import Testing

/// `ferry-predict` as a user runs it, with a model of the tiny demo.
@Suite(.serialized) struct PredictStageTests {
  private let workspace: Workspace
  private let model: String
  private let photos: String

  init() throws {
    workspace = try Workspace()
    let outcome = try workspace.ferry("run", ["train"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    model = workspace.folder("workspace/artifacts/train/model")
    photos = workspace.folder("photos")
    try Files.makeDirectories(Files.join(photos, "inner"))
    for (index, name) in ["a.jpg", "=b.png", "inner/c.jpg"].enumerated() {
      var image = Image(width: 120 + index, height: 100, channels: 3)
      for place in image.pixels.indices { image.pixels[place] = UInt8((place * 7 + index) & 255) }
      let bytes = name.hasSuffix("png") ? try image.png() : try image.jpeg()
      try Files.write(bytes, to: Files.join(photos, name))
    }
    try Files.write("not a picture", to: Files.join(photos, "broken.jpg"))
  }

  private func predict(_ out: String, _ settings: String...) throws -> Outcome {
    try Program.run(
      "ferry-predict",
      [
        "run", "--in", "model=\(model)", "--in", "files=\(photos)", "--out",
        "predictions=\(workspace.folder(out))",
      ] + settings.flatMap { ["--set", $0] })
  }

  @Test func photosBecomeProbabilities() throws {
    let outcome = try predict("predictions", "faces=given", "annotate=true")
    #expect(outcome.status == 0, "\(outcome.messages)")
    let directory = workspace.folder("predictions")
    let file = Files.join(directory, "predictions.csv")
    let rows = try CSV.rows(Files.read(file), file: file)
    #expect(rows.count == 4 && rows[0].cells.prefix(3) == ["id", "source", "face"])
    #expect(rows[1].cells[1] == "'=b.png", "a name that a spreadsheet would run is neutralised")
    for row in rows.dropFirst() {
      let sum = row.cells.suffix(7).compactMap(Double.init).reduce(0, +)
      #expect(abs(sum - 1) < 1e-5)
    }
    #expect(try Files.readText(Files.join(directory, "rejects.csv")).contains("broken.jpg"))
    let annotated = try Image.decode(
      Files.read(Files.join(directory, "annotated/inner/c.jpg.jpg")), name: "c")
    #expect(annotated.width == 122 && annotated.height == 100)
  }

  @Test func alignedModelsNeedADetector() throws {
    let outcome = try predict("none")
    #expect(outcome.status == 64)
    #expect(outcome.messages.contains("faces=given"), "\(outcome.messages)")
  }

  @Test func watchingPicksUpPhotos() throws {
    let outcome = try Program.run(
      "ferry-predict",
      [
        "watch", photos, "--model", model, "--faces", "given", "--every", "0.05", "--stop-after",
        "3",
      ])
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.output.split(separator: "\n").count == 3, "\(outcome.output)")
    #expect(outcome.messages.contains("note: broken.jpg: "), "\(outcome.messages)")
  }

  /// The model's file with the data's mark as synthesized taken away.
  @Test func termsAreARefusal() throws {
    let path = Files.join(model, "model.safetensors")
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    #expect(text.contains("synthesized"))
    var bytes = try Files.read(path)
    let mark = Array("\\\"synthesized\\\":true".utf8)
    let real = Array("\\\"synthesized\\\":null".utf8)
    for start in 0..<min(bytes.count - mark.count, 200_000)
    where bytes[start..<start + mark.count].elementsEqual(mark) {
      bytes.replaceSubrange(start..<start + mark.count, with: real)
    }
    let copy = workspace.folder("real.safetensors")
    try Files.write(bytes, to: copy)
    let arguments = [
      "run", "--in", "model=\(copy)", "--in", "files=\(photos)", "--out",
      "predictions=\(workspace.folder("refused"))", "--set", "faces=given",
    ]
    let refused = try Program.run("ferry-predict", arguments)
    #expect(refused.status == 64 && refused.messages.contains("research"), "\(refused.messages)")
    let accepted = try Program.run(
      "ferry-predict", arguments + ["--set", "accept_terms=true"])
    #expect(accepted.status == 0, "\(accepted.messages)")
  }
}
