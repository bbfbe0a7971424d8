import Artifacts
import Foundation
import Platform
import Testing

/// A pipeline in a folder of its own, with the demo manifest at a size that takes seconds.
final class Workspace: Sendable {
  let folder: TemporaryDirectory

  /// The demo at the smallest size that still exercises every stage.
  static let tiny = [
    "train_faces=84", "test_faces=42", "subjects=6", "sequences=14", "frames=2", "size=32",
    "width=0.125", "embedding_width=128", "epochs=2", "batch_size=16",
  ]

  init() throws { folder = try TemporaryDirectory("ferry-demo") }

  var manifest: String { Program.root.appendingPathComponent("pipelines/demo.yaml").path }

  /// Runs the driver on the tiny demo.
  func ferry(_ command: String, _ arguments: [String] = [], set: [String] = []) throws -> Outcome {
    try Program.run("ferry", self.arguments(command, arguments, set: set))
  }

  func arguments(_ command: String, _ arguments: [String] = [], set: [String] = []) -> [String] {
    [command, manifest, "--workspace", folder("workspace")]
      + (Self.tiny + set).flatMap { ["--set", $0] } + arguments
  }

  /// The identity of every artifact in the workspace, by stage and port.
  func digests() throws -> [String: Digest] {
    var digests: [String: Digest] = [:]
    let root = folder("workspace/artifacts")
    for stage in try Files.list(root) {
      for port in try Files.list(Files.join(root, stage)) {
        let path = Files.join(root, "\(stage)/\(port)")
        digests["\(stage).\(port)"] = try Artifact.open(path).digest
      }
    }
    return digests
  }

  /// The stages that a finished run started, from its JSON events.
  static func started(_ outcome: Outcome) throws -> Set<String> {
    var stages: Set<String> = []
    for line in outcome.output.split(separator: "\n") {
      let event = try JSONValue.parse(String(line))
      if event["event"]?.string == "started", let stage = event["name"]?.string {
        stages.insert(stage)
      }
    }
    return stages
  }
}
