import Artifacts
import Foundation
import Imaging
import Platform
import Testing

/// Wrong inputs: one clear line with the place and the remedy, and the right exit status.
@Suite struct Voyage03MistakeTests {
  /// Runs `ferry run` on a manifest given as text.
  private func run(_ manifest: String, _ more: [String] = []) throws -> Outcome {
    let folder = try TemporaryDirectory("ferry-mistake")
    try Files.write(manifest, to: folder("ferry.yaml"))
    return try Program.run("ferry", ["run", folder("ferry.yaml")] + more)
  }

  @Test func aMissingArchive() throws {
    let outcome = try Program.run(
      "ferry-ingest",
      [
        "run", "--in", "archive=/nowhere/rafdb", "--out", "samples=/nowhere/out", "--set",
        "dataset=rafdb",
      ])
    #expect(outcome.status == 66)
    #expect(outcome.messages.contains("/nowhere/rafdb"))
  }

  @Test func aMissingSource() throws {
    let outcome = try run(
      """
      ferry: 1
      name: x
      sources: { photos: { path: /nowhere/photos } }
      stages:
        photos: { stage: ingest, in: { archive: sources.photos }, with: { dataset: image-folder } }
      """)
    #expect(outcome.status == 65)
    #expect(outcome.messages.contains("ferry.yaml:3:"))
    #expect(outcome.messages.contains("/nowhere/photos"))
  }

  @Test func aMisspeltKeyAWrongTypeAndAnUnknownPortAllAtOnce() throws {
    let outcome = try run(
      """
      ferry: 1
      name: x
      stages:
        wild:
          stage: synthesize
          wiht: { seed: 1 }
        text: { stage: embed, with: { encoder: circumplx } }
        train:
          stage: train
          in: { shards: text.embeddings }
          with: { epochs: many, epoch: 3 }
      """)
    #expect(outcome.status == 65)
    #expect(outcome.messages.contains("ferry.yaml:6:"))
    #expect(outcome.messages.contains("'with'"))
    #expect(outcome.messages.contains("'circumplex'"))
    #expect(outcome.messages.contains("ferry.yaml:11:"))
    #expect(outcome.messages.contains("'epochs'"))
  }

  /// Two small pictures, one of them broken.
  private func photos(_ folder: TemporaryDirectory) throws {
    let image = Image(
      width: 16, height: 16, channels: 3, pixels: [UInt8](repeating: 90, count: 768))
    for label in ["happiness", "neutral"] {
      try Files.makeDirectories(folder("photos/\(label)"))
      try Files.write(try image.jpeg(quality: 90), to: folder("photos/\(label)/\(label)1.jpg"))
    }
    try Files.write("not a picture", to: folder("photos/neutral/broken.jpg"))
  }

  @Test func aBrokenPictureIsNamed() throws {
    let folder = try TemporaryDirectory("ferry-broken")
    try photos(folder)
    let outcome = try Program.run(
      "ferry-ingest",
      [
        "run", "--in", "archive=\(folder("photos"))", "--out", "samples=\(folder("out"))",
        "--set", "dataset=image-folder", "--set", "reject=fail",
      ])
    #expect(outcome.status == 65)
    #expect(outcome.messages.contains("broken.jpg"))
    #expect(try Files.list(folder.path) == ["photos"])
  }

  @Test func anUnknownClassIsNamed() throws {
    let folder = try TemporaryDirectory("ferry-class")
    try photos(folder)
    try Files.rename(folder("photos/happiness"), to: folder("photos/hapiness"))
    let outcome = try Program.run(
      "ferry-ingest",
      [
        "run", "--in", "archive=\(folder("photos"))", "--out", "samples=\(folder("out"))",
        "--set", "dataset=image-folder", "--set", "classes=[happiness, neutral]",
      ])
    #expect(outcome.status == 65)
    #expect(outcome.messages.contains("hapiness"))
    #expect(!Files.exists(folder("out")))
  }

  @Test(arguments: [
    "synthesize", "ingest", "align", "embed", "shard", "train", "evaluate", "cross-test", "report",
  ])
  func everyStageDescribesItself(_ stage: String) throws {
    let described = try Program.run("ferry-\(stage)", ["describe"])
    let contract = try Contract(json: JSONValue.parse(described.output), file: stage)
    #expect(contract.name == stage)
    #expect(contract.parameters.allSatisfy { !$0.help.isEmpty })
    let help = try Program.run("ferry-\(stage)", ["help"])
    #expect(help.status == 0)
    for parameter in contract.parameters { #expect(help.output.contains(parameter.name)) }
    let wrong = try Program.run("ferry-\(stage)", ["run", "--nonsense"])
    #expect(wrong.status == 64)
  }
}
