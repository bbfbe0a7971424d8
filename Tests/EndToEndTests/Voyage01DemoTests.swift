import Artifacts
import Foundation
import Platform
import Testing

/// The demo pipeline from nothing to its page, at a size that takes seconds.
@Suite(.serialized) struct Voyage01DemoTests {
  static let stages: Set<String> = [
    "wild", "laboratory", "rafdb", "ckplus", "rafdb-faces", "ckplus-faces", "rafdb-shards",
    "ckplus-shards", "text", "train", "test", "cross", "rafdb-map", "ckplus-map", "page", "export",
  ]

  @Test func runsOnceAndNeverAgain() throws {
    let workspace = try Workspace()
    let first = try workspace.ferry("run", ["--json"])
    #expect(first.status == 0, "\(first.messages)")
    #expect(try Workspace.started(first) == Self.stages)
    try checkResults(workspace)

    let again = try workspace.ferry("run", ["--json"])
    #expect(again.status == 0)
    #expect(try Workspace.started(again) == [])

    let before = try workspace.digests()
    let shorter = try workspace.ferry("run", ["--json"], set: ["train.epochs=1"])
    let after: Set = ["train", "test", "cross", "rafdb-map", "ckplus-map", "page", "export"]
    #expect(try Workspace.started(shorter) == after)
    #expect(try workspace.digests()["train.model"] != before["train.model"])
    let back = try workspace.ferry("run", ["--json"])
    #expect(try Workspace.started(back) == [])
    #expect(try workspace.digests() == before)
  }

  private func checkResults(_ workspace: Workspace) throws {
    let artifacts = workspace.folder("workspace/artifacts")
    for (stage, tested) in [("test", 42), ("cross", 15)] {
      let path = "\(artifacts)/\(stage)/evaluation/metrics.json"
      let metrics = try JSONValue.read(path)
      let count = try #require(metrics["n"]?.integer)
      #expect(stage == "cross" || count == tested)
      #expect(count > 0)
      let confusion = try #require(metrics["confusion"]?.array)
      #expect(confusion.flatMap { $0.numbers ?? [] }.reduce(0, +) == Double(count))
    }
    let page = try Files.readText("\(artifacts)/page/page/index.html")
    for word in [
      "ckplus-636", "t-SNE with perplexity", "Hardest mistakes", "Training and test rows",
    ] { #expect(page.contains(word), "\(word)") }
    #expect(!page.contains("http-equiv=\"refresh\""))
    #expect(!page.contains(workspace.folder.path), "the page holds a path of this machine")
    for name in try ContentDigest.filesBelow(artifacts) where name.hasSuffix(".json") {
      let text = try Files.readText("\(artifacts)/\(name)")
      #expect(!text.contains(workspace.folder.path), "\(name) holds a path of this machine")
    }
  }

  @Test func threadsChangeNoDigest() throws {
    let one = try Workspace()
    let two = try Workspace()
    let first = try one.ferry("run", ["--jobs", "1"])
    let second = try two.ferry("run", ["--jobs", "3"])
    #expect(first.status == 0, "\(first.messages)")
    #expect(second.status == 0, "\(second.messages)")
    #expect(try one.digests() == two.digests())
    #expect(try one.digests().count == Self.stages.count)
  }
}
