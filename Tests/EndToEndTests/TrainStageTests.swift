import Artifacts
import Foundation
import Platform
import Testing

/// `ferry-train` and `ferry-embed` as a user runs them, on shards made here.
@Suite struct TrainStageTests {
  private let folder: TemporaryDirectory
  private static let side = 16
  private static let classes = ["happiness", "anger", "neutral"]

  init() throws {
    folder = try TemporaryDirectory("ferry-train")
    try makeShards("shards", splits: ["train", "train", "train", "validation", "test"])
    let embedded = try Program.run(
      "ferry-embed",
      ["run", "--out", "embeddings=\(folder("embeddings"))", "--set", "width=128"])
    #expect(embedded.status == 0, "\(embedded.messages)")
  }

  private func makeShards(_ name: String, splits: [String]) throws {
    try Self.makeShards(at: folder(name), splits: splits)
  }

  /// Pictures whose class is a bright band's place, split in turn.
  static func makeShards(at directory: String, count: Int = 90, splits: [String]) throws {
    let index = try RowCollectionWriter(directory)
    for row in 0..<count {
      try index.append([
        "id": .string("face_\(row)"), "split": .string(splits[row / 3 % splits.count]),
      ])
    }
    try index.finish()
    let columns = try SafetensorsWriter(
      Files.join(directory, "columns.safetensors"),
      tensors: [
        ("label", .int64, [count]), ("image", .uint8, [count, Self.side, Self.side, 3]),
      ])
    try columns.append((0..<count).map { $0 % 3 })
    var generator = SeededGenerator(seed: 5)
    for row in 0..<count {
      var pixels = (0..<Self.side * Self.side * 3).map { _ in UInt8(generator.below(90)) }
      let band = (5 * (row % 3) + 1) * Self.side * 3
      for offset in band..<band + 4 * Self.side * 3 { pixels[offset] = 200 }
      try columns.append(pixels)
    }
    try columns.finish()
    _ = try Artifact.seal(
      directory, kind: "shards", schema: 1, rows: ["rows": count],
      metadata: ["classes": JSONValue(Self.classes), "dataset": ["name": "bands"]])
  }

  private func arguments(
    _ out: String, _ settings: [String], shards: String = "shards", embeddings: Bool = true,
    more: [String] = []
  ) -> [String] {
    let defaults = ["width=0.25", "batch_size=8", "learning_rate=0.01"]
    return ["run", "--in", "shards=\(folder(shards))", "--out", "model=\(folder(out))"]
      + (embeddings ? ["--in", "embeddings=\(folder("embeddings"))"] : [])
      + (defaults + settings).flatMap { ["--set", $0] } + more
  }

  private func train(
    _ out: String, _ settings: String..., shards: String = "shards", embeddings: Bool = true,
    more: [String] = []
  ) throws -> Outcome {
    try Program.run(
      "ferry-train",
      arguments(out, settings, shards: shards, embeddings: embeddings, more: more))
  }

  @Test func aModelSaysAllThatItsUseNeeds() throws {
    let outcome = try train("model", "epochs=3")
    #expect(outcome.status == 0, "\(outcome.messages)")
    let model = try Artifact.open(folder("model"), kind: "model", schema: 1)
    #expect(model.metadata["classes"] == JSONValue(Self.classes))
    #expect(model.metadata["preprocessing"]?["image_size"] == 16)
    #expect(model.metadata["selected"]?["rows"] == "validation")
    #expect(model.metadata["data"]?["dataset"]?["name"] == "bands")
    #expect(model.metadata["parameters"]?["checkpoint_every"] == nil)
    let file = try SafetensorsFile(model.path("model.safetensors"))
    #expect(file["encoder.layer1.0.conv1.weight"]?.shape == [16, 16, 3, 3])
    #expect(file["method.text"]?.shape == [3, 128])
    #expect(file["method.text_raw"] == nil)
    let history = try Files.readText(model.path("history.csv")).split(separator: "\n")
    #expect(history.count == 4)
    #expect(
      history[0].hasSuffix("accuracy,validation_accuracy,validation_mean_accuracy,validation_loss"))
  }

  /// The moments are spread over the time of a whole run as the machine has it now, so that they
  /// meet starts, steps, checkpoints and publications; finished runs start over.
  @Test func twentyKillsAtAnyMomentLeaveTheBitsOfAnUninterruptedRun() throws {
    let settings = [
      "width=0.0625", "epochs=12", "augment=ke-text", "sampler=balanced", "ema=0.9",
      "accumulation=2", "checkpoint_minutes=0",
    ]
    let state = ["--state", folder("state")]
    let start = ContinuousClock.now
    let whole = try Program.run("ferry-train", arguments("whole", settings, more: state))
    #expect(whole.status == 0, "\(whole.messages)")
    let time = (ContinuousClock.now - start) / .microseconds(1)
    let expected = try Artifact.open(folder("whole")).digest
    try Files.removeTree(folder("state"))
    let seed: UInt64 = 20
    print("kills after waits drawn from seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    var kills = 0
    while kills < 20 {
      let program = try Program.start("ferry-train", arguments("parts", settings, more: state))
      let wait = UInt32.random(
        in: 5_000...UInt32(max(10_000, min(5e6, 0.8 * time))), using: &generator)
      usleep(wait)
      let isKill = kills % 4 != 3
      kill(program.process.processIdentifier, isKill ? SIGKILL : [SIGTERM, SIGINT][kills / 4 % 2])
      let outcome = program.finish()
      kills += 1
      if Files.exists(folder("parts")) {
        #expect(try Artifact.open(folder("parts")).digest == expected)
        for name in ["parts", "state"] where Files.exists(folder(name)) {
          try Files.removeTree(folder(name))
        }
      } else {
        #expect(isKill || outcome.status == 130, "\(outcome.messages)")
      }
    }
    let last = try Program.run("ferry-train", arguments("parts", settings, more: state))
    #expect(last.status == 0, "\(last.messages)")
    #expect(try Artifact.open(folder("parts")).digest == expected)
  }

  /// The model takes every prompt's embedding along, and each stage behind it scores by them.
  @Test(arguments: ["logits", "nearest"]) func ensemblesGoAllTheWay(ensemble: String) throws {
    try TinyCLIP.write(
      to: folder("clip"),
      vocabulary: Program.root.appendingPathComponent("Tests/LanguageTests/Golden/bpe.txt").path)
    func stage(_ name: String, _ arguments: [String], _ settings: [String] = []) throws {
      let outcome = try Program.run(
        "ferry-\(name)", ["run"] + arguments + settings.flatMap { ["--set", $0] })
      #expect(outcome.status == 0, "\(outcome.messages)")
    }
    try Files.removeTree(folder("embeddings"))
    try stage(
      "embed",
      ["--in", "weights=\(folder("clip"))", "--out", "embeddings=\(folder("embeddings"))"],
      [
        "encoder=clip", "heads=2", "ensemble=\(ensemble)", "template=[person-is, id-photo]",
        "words={happiness: [joy, happiness]}",
      ])
    #expect(try train("first", "epochs=1").status == 0)
    let model = try SafetensorsFile(folder("first/model.safetensors"))
    let text = try model.floats(try model.require("method.text", .float32, shape: [8, 128]))
    let (made, shards) = ("model=\(folder("first"))", "shards=\(folder("shards"))")
    try stage(
      "evaluate", ["--in", made, "--in", shards, "--out", "evaluation=\(folder("evaluation"))"])
    try stage(
      "features", ["--in", made, "--in", shards, "--out", "features=\(folder("features"))"],
      ["tsne=false"])
    try stage("export", ["--in", made, "--out", "files=\(folder("export"))"])
    let exported = try SafetensorsFile(folder("export/model.safetensors"))
    let rows = ensemble == "logits" ? 3 : 12
    let weights = try exported.floats(
      try exported.require("fc.weight", .float32, shape: [rows, 128]))
    // The first class has four prompts, the others two; temperature 0.01.
    let directions = (0..<4).map { row in
      let own = text[row * 128..<(row + 1) * 128]
      let length = own.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return own.map { $0 / length }
    }
    let first = (0..<128).map { column in
      ensemble == "nearest"
        ? directions[0][column] : directions.reduce(0) { $0 + $1[column] } / 4
    }
    for column in 0..<128 { #expect(abs(weights[column] - first[column] / 0.01) < 1e-3) }
  }

  @Test func aModelCanStartFromAnother() throws {
    #expect(try train("first", "epochs=1").status == 0)
    let initial = ["--in", "initial=\(folder("first"))"]
    let same = try train("second", "epochs=1", "learning_rate=0", more: initial)
    #expect(same.status == 0 && !same.messages.contains("start fresh"), "\(same.messages)")
    let other = try train("third", "epochs=1", "method=discrete", more: initial)
    #expect(other.status == 0 && other.messages.contains("start fresh"))
    let wider = try train("fourth", "epochs=1", "width=0.5", more: initial)
    #expect(wider.status == 65 && wider.messages.contains("set encoder and width"))
  }

  @Test func whatDoesNotGoTogetherIsRefused() throws {
    try makeShards("whole", splits: ["train"])
    let cases: [(Outcome, Int32, String)] = [
      (try train("a", embeddings: false), 64, "needs class embeddings"),
      (try train("b", shards: "whole"), 65, "validation=0.1"),
      (try train("c", "select=last", "early_stopping=3"), 64, "early_stopping"),
      (try train("d", "weights={similarty: 1}"), 64, "did you mean 'similarity'"),
      (try train("e", "weights={similarity: 0, transformation: 0, self_contrast: 0}"), 64, "all"),
      (try train("f", "freeze=[encoder.layer9]"), 64, "did you mean 'encoder.layer1'"),
      (try train("k", "rate_factors={encodr: 0.1}"), 64, "did you mean 'encoder'"),
      (try train("l", "rate_factors={encoder: -1}"), 64, "from 0 on"),
      (try train("g", "augment=[flip, erasng]"), 64, "did you mean 'erasing'"),
      (try train("h", "batch_size=500"), 65, "batch_size"),
      (
        try train("i", "learning_rate=100", "weight_decay=10", "warmup_epochs=0"), 65,
        "diverged"
      ),
      (try train("j", "sampler=balnced"), 64, "did you mean 'balanced'"),
    ]
    for (outcome, status, words) in cases {
      #expect(outcome.status == status, "\(words): \(outcome.messages)")
      #expect(outcome.messages.contains(words), "\(outcome.messages)")
    }
    #expect(try Files.list(folder.path).filter { $0.count == 1 }.isEmpty)
  }
}
