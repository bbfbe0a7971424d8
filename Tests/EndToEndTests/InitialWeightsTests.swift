import Artifacts
import Platform
import Testing

/// Runs that start from weights as others hand them out: wrapped, with classifiers and counters, and
/// in the original code's order of layers.
@Suite struct InitialWeightsTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory("ferry-initial")
    try TrainStageTests.makeShards(at: folder("shards"), count: 24, splits: ["train"])
  }

  private func train(_ out: String, _ settings: [String], _ more: [String] = []) throws -> Outcome {
    let fixed = ["method=discrete", "select=last", "epochs=1", "batch_size=8", "augment=none"]
    return try Program.run(
      "ferry-train",
      ["run", "--in", "shards=\(folder("shards"))", "--out", "model=\(folder(out))"]
        + (fixed + settings).flatMap { ["--set", $0] } + more)
  }

  /// The encoder's weights of a model, without running statistics.
  private func weights(_ model: String) throws -> [String: [Float]] {
    let file = try SafetensorsFile(folder("\(model)/model.safetensors"))
    let own = file.entries.filter {
      $0.name.hasPrefix("encoder.") && !$0.name.contains("running_")
    }
    return try Dictionary(uniqueKeysWithValues: own.map { ($0.name, try file.floats($0)) })
  }

  /// Rewrites a model's encoder as a checkpoint of other code.
  private func hide(_ model: String, _ rename: (String) -> String) throws {
    let file = try SafetensorsFile(folder("\(model)/model.safetensors"))
    let own = file.entries.filter { $0.name.hasPrefix("encoder.") }
    try Files.makeDirectories(folder("files"))
    let writer = try SafetensorsWriter(
      folder("files/checkpoint.safetensors"),
      tensors: own.map { (rename(String($0.name.dropFirst(8))), .float32, $0.shape) })
    for entry in own { try writer.append(try file.floats(entry)) }
    try writer.finish()
  }

  private func importing(_ encoder: String) throws {
    let outcome = try Program.run(
      "ferry-import",
      [
        "run", "--in", "files=\(folder("files"))", "--out", "model=\(folder("imported"))", "--set",
        "encoder=\(encoder)",
      ])
    #expect(outcome.status == 0, "\(outcome.messages)")
  }

  private func startsFrom(_ settings: [String]) throws {
    let outcome = try train(
      "second", settings + ["learning_rate=0", "warmup_epochs=0", "weight_decay=0"],
      ["--in", "initial=\(folder("imported"))"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages.contains("starts from imported weights"), "\(outcome.messages)")
    #expect(try weights("first") == weights("second"))
    let model = try Artifact.open(folder("second"), kind: "model")
    #expect(
      try model.metadata["initial"]?.string == Artifact.open(folder("imported")).digest.hex)
  }

  /// As `resnet18_msceleb.pth` has it: a wrapper of parallel training.
  @Test func aResidualNetworkOfFaces() throws {
    let settings = ["encoder=resnet18", "width=0.0625"]
    #expect(try train("first", settings).status == 0)
    try hide("first") { "state_dict.module.\($0)" }
    try importing("resnet18")
    try startsFrom(settings)
    let features = try Program.run(
      "ferry-features",
      [
        "run", "--in", "model=\(folder("imported"))", "--in", "shards=\(folder("shards"))", "--out",
        "features=\(folder("features"))", "--set", "tsne=false", "--set", "split=train",
      ])
    #expect(features.status == 0, "\(features.messages)")
    let file = try SafetensorsFile(folder("features/features.safetensors"))
    _ = try file.require("features", .float32, shape: [24, 32])
  }

  /// As the face Swin's checkpoint has it: its own wrapper, merging layers at the stages' ends.
  @Test func aSwinTransformerOfFaces() throws {
    let settings = ["encoder=swin-t-face", "width=0.03125", "image_size=112"]
    let first = try train("first", settings)
    #expect(first.status == 0, "\(first.messages)")
    try hide("first") { name in
      var parts = name.split(separator: ".").map(String.init)
      if parts.count > 2, parts[2] == "downsample", let stage = Int(parts[1]) {
        parts[1] = "\(stage - 1)"
      }
      return "state_dict_backbone.module." + parts.joined(separator: ".")
    }
    try importing("swin-t-face")
    try startsFrom(settings)
  }
}
