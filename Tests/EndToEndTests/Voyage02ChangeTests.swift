import Artifacts
import Foundation
import Platform
import Testing

/// What a change re-runs, on the manifest for the real archives fed with synthesized ones.
@Suite(.serialized) struct Voyage02ChangeTests {
  static let settings = [
    "accept_counts=true", "size=32", "width=0.125", "epochs=1", "batch_size=16",
  ]

  /// Synthesized archives of both datasets in `folder`.
  static func archives(in folder: TemporaryDirectory) throws {
    let wild = try Program.run(
      "ferry-synthesize",
      ["run", "--out", "archive=\(folder("rafdb"))"]
        + ["train=70", "test=35"].flatMap { ["--set", $0] })
    #expect(wild.status == 0, "\(wild.messages)")
    let laboratory = try Program.run(
      "ferry-synthesize",
      ["run", "--out", "archive=\(folder("ckplus"))"]
        + ["format=ckplus", "subjects=5", "sequences=12", "frames=2"].flatMap { ["--set", $0] })
    #expect(laboratory.status == 0, "\(laboratory.messages)")
  }

  static func ferry(_ command: String, _ folder: TemporaryDirectory, _ more: [String] = []) throws
    -> Outcome
  {
    let manifest = Program.root.appendingPathComponent("pipelines/rafdb-to-ckplus.yaml").path
    let values = ["rafdb=\(folder("rafdb"))", "ckplus=\(folder("ckplus"))"] + settings
    return try Program.run(
      "ferry",
      [command, manifest, "--workspace", folder("workspace")]
        + values.flatMap { ["--set", $0] } + more)
  }

  @Test func onlyWhatDependsOnAChangeRuns() throws {
    let folder = try TemporaryDirectory("ferry-change")
    try Self.archives(in: folder)
    let first = try Self.ferry("run", folder)
    #expect(first.status == 0, "\(first.messages)")

    let list = folder("rafdb/basic/EmoLabel/list_patition_label.txt")
    let text = try Files.readText(list)
    try Files.write(text, to: list)
    let touched = try Self.ferry("run", folder, ["--json"])
    #expect(try Workspace.started(touched) == [], "a touch re-ran stages")

    let lines = text.split(separator: "\n").map(String.init)
    let other = lines[0].hasSuffix("4") ? "6" : "4"
    let changed = [String(lines[0].dropLast()) + other] + lines.dropFirst()
    try Files.write(changed.joined(separator: "\n") + "\n", to: list)
    let relabelled = try Self.ferry("run", folder, ["--json"])
    #expect(relabelled.status == 0, "\(relabelled.messages)")
    let started = try Workspace.started(relabelled)
    #expect(started.contains("rafdb"))
    #expect(started.contains("rafdb-shards"))
    #expect(started.isDisjoint(with: ["text", "ckplus", "ckplus-faces", "ckplus-shards"]))
  }

  @Test func aKilledStageLeavesNothingThatCounts() throws {
    let folder = try TemporaryDirectory("ferry-kill")
    try Self.archives(in: folder)
    let whole = try TemporaryDirectory("ferry-whole")
    for name in ["rafdb", "ckplus"] { try Files.rename(folder(name), to: whole(name)) }
    #expect(try Self.ferry("run", whole).status == 0)
    for name in ["rafdb", "ckplus"] { try Files.rename(whole(name), to: folder(name)) }

    let manifest = Program.root.appendingPathComponent("pipelines/rafdb-to-ckplus.yaml").path
    let values = ["rafdb=\(folder("rafdb"))", "ckplus=\(folder("ckplus"))"] + Self.settings
    for milliseconds in [40, 150, 400] {
      let program = try Program.start(
        "ferry",
        ["run", manifest, "--workspace", folder("workspace")] + values.flatMap { ["--set", $0] })
      usleep(UInt32(milliseconds) * 1000)
      kill(program.process.processIdentifier, SIGKILL)
      _ = program.finish()
      let artifacts = folder("workspace/artifacts")
      guard Files.exists(artifacts) else { continue }
      for stage in try Files.list(artifacts) {
        for port in try Files.list("\(artifacts)/\(stage)") {
          try Artifact.open("\(artifacts)/\(stage)/\(port)").verify()
        }
      }
    }
    let last = try Self.ferry("run", folder)
    #expect(last.status == 0, "\(last.messages)")
    let digests = try [folder, whole].map { folder in
      try ["train/model", "cross/evaluation", "page/page"].map {
        try Artifact.open(folder("workspace/artifacts/\($0)")).digest
      }
    }
    #expect(digests[0] == digests[1])
  }
}
