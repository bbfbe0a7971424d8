import Artifacts
import Foundation
import Platform
import Testing

/// The seven manifests of the paper, end to end at a tiny size, in one workspace.
@Suite(.serialized) struct PaperManifestTests {
  /// A manifest, its training runs at the tiny size, words that its page must have, and which weights
  /// it is given.
  struct Case {
    var name: String
    var models: Int
    var words: [String]
    var weights: [String] = []
  }

  static let cases = [
    Case(name: "table2", models: 20, words: ["Table 2", "86.64", "L_s + L_t", "ViT-B/16"]),
    Case(
      name: "table1", models: 8,
      words: ["Table 1", "87.26", "text from circumplex and clip", "Swin-T"],
      weights: ["clip", "resnet18"]),
    Case(
      name: "table3", models: 8,
      words: ["Table 3", "An ID photo of a [CLS] facial expression.", "91.75"]),
    Case(name: "table4", models: 4, words: ["Table 4", "Latent-OFER", "89.86"]),
    Case(name: "table5", models: 4, words: ["Table 5", "87.89", "POSTER"]),
    Case(name: "fig4", models: 6, words: ["Figure 4", "0.97", "infonce"], weights: ["resnet18"]),
    Case(name: "fig5", models: 8, words: ["Figure 5", "l_t 0.1, l_c 1"]),
  ]

  @Test func allRunAtATinySize() throws {
    let folder = try TemporaryDirectory("ferry-paper")
    try TinyCLIP.write(to: folder("clip"), vocabulary: EmbedStageTests.vocabulary)
    for manifest in Self.cases {
      var settings = ["--set", "tiny=true"]
      for name in manifest.weights { settings += ["--set", "\(name)=\(folder(name))"] }
      if manifest.weights.contains("clip") {
        settings += ["--set", "text_encoders=[circumplex, clip]"]
      }
      let outcome = try Program.run(
        "ferry", ["run", Self.path(manifest.name), "--workspace", folder("workspace")] + settings)
      #expect(outcome.status == 0, "\(manifest.name): \(outcome.messages)")
      guard outcome.status == 0 else { continue }
      try check(manifest, page: folder("workspace/artifacts/page/page"))
      if manifest.name == "table2" {
        try writeWeights(
          from: folder(
            "workspace/artifacts/discrete/dataset=rafdb/encoder=resnet18/seed=1/model"),
          to: folder("resnet18"))
      }
    }
  }

  private func check(_ manifest: Case, page folder: String) throws {
    let results = try JSONValue.read(folder + "/results.json")
    #expect(results.canonical.contains("validation"))
    let page = try Files.readText(folder + "/index.html")
    let missing = (manifest.words + ["random weights", "shaded", "*"]).filter { !page.contains($0) }
    #expect(missing == [], "\(manifest.name)")
    let table = try Files.readText(folder + "/results.csv")
    #expect(table.split(separator: "\n").count >= 1 + manifest.models, "\(manifest.name)")
  }

  private static func path(_ name: String) -> String {
    Program.root.appendingPathComponent("pipelines/paper/\(name).yaml").path
  }

  /// Writes a model's encoder as torchvision would hand it out: a checkpoint for what comes next.
  private func writeWeights(from model: String, to path: String) throws {
    let file = try SafetensorsFile(model + "/model.safetensors")
    let prefix = "encoder."
    let entries = file.entries.filter { $0.name.hasPrefix(prefix) }
    try #require(!entries.isEmpty)
    let writer = try SafetensorsWriter(
      path,
      tensors: entries.map { (String($0.name.dropFirst(prefix.count)), .float32, $0.shape) })
    for entry in entries { try writer.append(try file.floats(entry)) }
    try writer.finish()
  }

  /// Without data the manifests name every archive that they want, and nothing else is wrong.
  @Test func withoutDataTheArchivesAreAskedFor() throws {
    let folder = try TemporaryDirectory("ferry-paper")
    for manifest in Self.cases {
      let outcome = try Program.run(
        "ferry",
        ["run", Self.path(manifest.name), "--workspace", folder("workspace"), "--dry-run"])
      #expect(outcome.status == 65)
      #expect(outcome.messages.contains("--set rafdb="), "\(outcome.messages)")
    }
  }
}
