import Artifacts
import Foundation
import Platform
import Testing

/// The seven manifests of the paper, end to end at a tiny size, in one workspace.
@Suite(.serialized) struct PaperManifestTests {
  /// The manifest, its training runs at the tiny size, and words that its page must have.
  static let manifests: [(name: String, models: Int, words: [String])] = [
    ("table1", 4, ["Table 1", "87.26", "text from circumplex"]),
    ("table2", 20, ["Table 2", "86.64", "L_s + L_t"]),
    ("table3", 8, ["Table 3", "An ID photo of a [CLS] facial expression.", "91.75"]),
    ("table4", 4, ["Table 4", "Latent-OFER", "89.86"]),
    ("table5", 4, ["Table 5", "87.89", "POSTER"]),
    ("fig4", 6, ["Figure 4", "0.97", "infonce"]),
    ("fig5", 8, ["Figure 5", "l_t 0.1, l_c 1"]),
  ]

  @Test func allRunAtATinySize() throws {
    let folder = try TemporaryDirectory("ferry-paper")
    for manifest in Self.manifests {
      let path = Program.root.appendingPathComponent("pipelines/paper/\(manifest.name).yaml").path
      let outcome = try Program.run(
        "ferry", ["run", path, "--workspace", folder("workspace"), "--set", "tiny=true", "--json"])
      #expect(outcome.status == 0, "\(manifest.name): \(outcome.messages)")
      guard outcome.status == 0 else { continue }
      let results = try JSONValue.read(folder("workspace/artifacts/page/page/results.json"))
      #expect(results.canonical.contains("validation"))
      let page = try Files.readText(folder("workspace/artifacts/page/page/index.html"))
      #expect(page.contains("random weights"), "\(manifest.name)")
      for word in manifest.words { #expect(page.contains(word), "\(manifest.name): \(word)") }
      #expect(page.contains("shaded") && page.contains("*"))
      let table = try Files.readText(folder("workspace/artifacts/page/page/results.csv"))
      #expect(table.split(separator: "\n").count >= 1 + manifest.models, "\(manifest.name)")
    }
  }

  /// Without data the manifests name every archive that they want, and nothing else is wrong.
  @Test func withoutDataTheArchivesAreAskedFor() throws {
    let folder = try TemporaryDirectory("ferry-paper")
    for manifest in Self.manifests {
      let path = Program.root.appendingPathComponent("pipelines/paper/\(manifest.name).yaml").path
      let outcome = try Program.run(
        "ferry", ["run", path, "--workspace", folder("workspace"), "--dry-run"])
      #expect(outcome.status == 65)
      #expect(outcome.messages.contains("--set rafdb="), "\(outcome.messages)")
    }
  }
}
