import Artifacts
import Foundation
import Platform
import Testing

/// `ferry-embed` with weights, as a user runs it; the weights are tiny and random.
@Suite struct EmbedStageTests {
  private let folder: TemporaryDirectory
  static let vocabulary = Program.root.appendingPathComponent(
    "Tests/LanguageTests/Golden/bpe.txt"
  ).path

  init() throws {
    folder = try TemporaryDirectory("ferry-embed")
    try TinyCLIP.write(to: folder("clip"), vocabulary: Self.vocabulary)
  }

  private func embed(_ out: String, _ arguments: [String]) throws -> Outcome {
    try Program.run("ferry-embed", ["run", "--out", "embeddings=\(folder(out))"] + arguments)
  }

  private func settings(_ values: String...) -> [String] { values.flatMap { ["--set", $0] } }

  @Test func classesGetEmbeddings() throws {
    let outcome = try embed(
      "one", ["--in", "weights=\(folder("clip"))"] + settings("encoder=clip", "heads=2"))
    #expect(outcome.status == 0, "\(outcome.messages)")
    let artifact = try Artifact.open(folder("one"), kind: "embeddings")
    #expect(artifact.metadata["encoder"]?.string == "clip")
    #expect(artifact.metadata["width"]?.integer == TinyCLIP.outputs)
    let file = try SafetensorsFile(folder("one/embeddings.safetensors"))
    let text = try file.floats(
      try file.require("text", .float32, shape: [7, TinyCLIP.outputs]))
    #expect(Set(text).count > 20 && text.allSatisfy { $0.isFinite })
    let prompts = try #require(artifact.metadata["prompts"]?.strings)
    #expect(prompts[0] == "a photo of a person making a surprise facial expression.")
    let again = try embed(
      "two",
      ["--in", "weights=\(folder("clip"))", "--threads", "1"]
        + settings("encoder=clip", "heads=2"))
    #expect(again.status == 0)
    #expect(try Artifact.open(folder("two")).digest == artifact.digest)
  }

  @Test func ensemblesKeepEachPrompt() throws {
    let outcome = try embed(
      "set",
      ["--in", "weights=\(folder("clip"))"]
        + settings(
          "encoder=clip", "heads=2", "classes=[happiness, anger]",
          "template=[exp-clip-p4, '{a} {adjective} face']",
          "words={happiness: [joy, happiness]}"))
    #expect(outcome.status == 0, "\(outcome.messages)")
    let file = try SafetensorsFile(folder("set/embeddings.safetensors"))
    let d = TinyCLIP.outputs
    let each = try file.floats(try file.require("each", .float32, shape: [18, d]))
    #expect(
      try file.integers(file.require("each_class", .int64))
        == Array(repeating: 0, count: 12) + Array(repeating: 1, count: 6))
    var mean = [Double](repeating: 0, count: d)
    for row in 12..<18 {
      let own = each[row * d..<(row + 1) * d].map(Double.init)
      let length = own.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for i in 0..<d { mean[i] += own[i] / length / 6 }
    }
    let text = try file.floats(try file.require("text", .float32, shape: [2, d]))
    for i in 0..<d { #expect(abs(Double(text[d + i]) - mean[i]) < 1e-6) }
  }

  /// The pipeline imports the weights and embeds with them where they are given.
  @Test func thePipelineTakesCLIP() throws {
    let work = try TemporaryDirectory("ferry-clip")
    try Voyage02ChangeTests.archives(in: work)
    let outcome = try Voyage02ChangeTests.ferry(
      "run", work, ["train", "--set", "clip=\(folder("clip"))"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    let text = try Artifact.open(work("workspace/artifacts/text/embeddings"))
    #expect(text.metadata["encoder"]?.string == "clip")
    #expect(text.metadata["width"]?.integer == TinyCLIP.outputs)
    #expect(Files.exists(work("workspace/artifacts/train/model/model.safetensors")))
    let without = try Voyage02ChangeTests.ferry("run", work, ["text"])
    #expect(without.status == 0, "\(without.messages)")
    let stand = try Artifact.open(work("workspace/artifacts/text/embeddings"))
    #expect(stand.metadata["encoder"]?.string == "circumplex")
  }

  @Test func mistakesAreExplained() throws {
    for (arguments, status, words) in [
      (settings("encoder=clip"), 66, "encoder=circumplex works offline"),
      (["--in", "weights=\(folder("clip"))"], 64, "set encoder to one of"),
      (
        ["--in", "weights=\(folder("clip/model.safetensors"))"] + settings("encoder=clip"), 64,
        "--in vocabulary=PATH"
      ),
      (
        ["--in", "weights=\(folder("clip"))"] + settings("encoder=clip", "template=person-makin"),
        64, "did you mean 'person-making'"
      ),
    ] as [([String], Int32, String)] {
      let outcome = try embed("refused", arguments)
      #expect(outcome.status == status, "\(outcome.messages)")
      #expect(outcome.messages.contains(words), "\(outcome.messages)")
    }
  }
}

/// A CLIP text tower of 16 numbers a token, with random weights under OpenAI's names.
enum TinyCLIP {
  static let outputs = 128
  private static let width = 16
  private static let layers = 2
  private static let positions = 32

  /// Writes `model.safetensors` and the vocabulary into a new folder.
  static func write(to path: String, vocabulary: String) throws {
    try Files.makeDirectories(path)
    let lines = try Files.readText(vocabulary).split(separator: "\n").count - 1
    try Files.write(
      try Files.read(vocabulary), to: Files.join(path, "bpe_simple_vocab_16e6.txt"))
    var shapes: [(String, [Int])] = [
      ("token_embedding.weight", [512 + lines + 2, width]),
      ("positional_embedding", [positions, width]), ("text_projection", [width, outputs]),
      ("ln_final.weight", [width]), ("ln_final.bias", [width]),
    ]
    for layer in 0..<layers {
      let block = "transformer.resblocks.\(layer)."
      shapes += [
        ("attn.in_proj_weight", [3 * width, width]), ("attn.in_proj_bias", [3 * width]),
        ("attn.out_proj.weight", [width, width]), ("attn.out_proj.bias", [width]),
        ("ln_1.weight", [width]), ("ln_1.bias", [width]), ("ln_2.weight", [width]),
        ("ln_2.bias", [width]), ("mlp.c_fc.weight", [4 * width, width]),
        ("mlp.c_fc.bias", [4 * width]), ("mlp.c_proj.weight", [width, 4 * width]),
        ("mlp.c_proj.bias", [width]),
      ].map { (block + $0, $1) }
    }
    let writer = try SafetensorsWriter(
      Files.join(path, "model.safetensors"), tensors: shapes.map { ($0.0, .float32, $0.1) })
    var generator = SeededGenerator(seed: 12)
    for (name, shape) in shapes {
      let start: Float = name.contains("ln_") && name.hasSuffix("weight") ? 1 : 0
      try writer.append(
        (0..<shape.reduce(1, *)).map { _ in start + Float(0.2 * generator.normal()) })
    }
    try writer.finish()
  }
}
