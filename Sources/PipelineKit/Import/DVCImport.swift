import Artifacts
import Platform
import YAML

/// A manifest made of a dvc.yaml.
///
/// DVC's commands read and write fixed paths of the project. Here each runs in a folder of its own
/// in which its dependencies stand at their paths, as links; what it leaves at its outputs' paths
/// becomes the stage's outputs. A parameter file counts as a whole.
public struct DVCImport {
  /// A stage of DVC's, its paths from the project's folder.
  struct Stage {
    var name: String
    var commands: [String]
    var directory: String
    var inputs: [String]
    var outputs: [String]
    var always: Bool
    var place: Fault.Place
  }

  /// The manifest's text.
  public private(set) var text = ""
  /// The number of stages.
  public var count: Int { stages.count }
  private let root: String
  private let stages: [Stage]
  /// By path: the stage that makes it.
  private var makers: [String: String] = [:]
  private var names = DVCNames()

  /// Reads the dvc.yaml at `path`.
  /// - Throws: `Faults`, everything in it that has no counterpart here.
  public init(_ path: String) throws {
    let document = try YAML.load(path)
    let reader = DVCReader()
    let stages = reader.stages(document)
    for stage in stages {
      for output in stage.outputs {
        if let other = makers.updateValue(stage.name, forKey: output) {
          reader.faults.refuse(
            "'\(output)' is made by '\(other)' and '\(stage.name)'", at: stage.place)
        }
      }
    }
    if stages.isEmpty, reader.faults.isEmpty {
      reader.faults.refuse("there are no stages in '\(path)'", at: document.place)
    }
    try reader.faults.finish()
    root = Files.parent(of: path)
    self.stages = stages
    text = manifest()
  }

  private mutating func manifest() -> String {
    var sources = ""
    var body = ""
    var known: Set<String> = []
    for stage in stages {
      var ports: [(path: String, reference: String)] = []
      for input in stage.inputs {
        // Files inside an output are reached through that output.
        let made = makers.keys.sorted().first { input == $0 || input.hasPrefix($0 + "/") }
        let path = made ?? input
        guard !ports.contains(where: { $0.path == path }) else { continue }
        if let made, let maker = makers[made] {
          ports.append((path, "\(maker).\(names.name(made))"))
          continue
        }
        if known.insert(path).inserted {
          sources += "  \(names.name(path)): \(quoted(path))\n"
        }
        ports.append((path, "sources.\(names.name(path))"))
      }
      body += entry(stage, ports)
    }
    return """
      # Made from dvc.yaml by 'ferry import dvc'. Each command runs in a folder of its own that holds
      # links to its inputs at their paths; a file that it reads must be one of them.
      ferry: 1
      \(sources.isEmpty ? "" : "sources:\n" + sources)stages:
      \(body)
      """
  }

  private mutating func entry(
    _ stage: Stage, _ ports: [(path: String, reference: String)]
  ) -> String {
    var script = [
      "set -e", "here=$(mktemp -d)", "trap 'rm -rf \"$here\"' EXIT", "cd \"$here\"",
      "put() { mkdir -p \"$(dirname \"$2\")\" && ln -s \"$1\" \"$2\"; }",
    ]
    var words: [String] = []
    for port in ports {
      words.append("${in.\(names.name(port.path))}")
      script.append("put \"${\(words.count)}\" \(shell(port.path))")
    }
    for output in stage.outputs { script.append("mkdir -p \(shell(Files.parent(of: output)))") }
    script.append("mkdir -p \(shell(stage.directory))")
    script.append("( cd \(shell(stage.directory))")
    script += stage.commands
    script.append(")")
    for output in stage.outputs {
      words.append("${out.\(names.name(output))}")
      script.append("mv \(shell(output)) \"${\(words.count)}\"")
    }
    // '$${' stands for '${' in a manifest.
    let text = script.joined(separator: "\n").replacing("${", with: "$${")
    let command = ["sh", "-c", text, stage.name] + words
    let inputs = ports.map { "\(names.name($0.path)): \($0.reference)" }
    let outputs = stage.outputs.map { "\(names.name($0)): \(kind($0))" }
    var lines = ["  \(stage.name):"]
    lines.append("    command: [\(command.map { quoted($0) }.joined(separator: ", "))]")
    if !inputs.isEmpty { lines.append("    in: { \(inputs.joined(separator: ", ")) }") }
    if !outputs.isEmpty { lines.append("    out: { \(outputs.joined(separator: ", ")) }") }
    if stage.always { lines.append("    always: true") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A file or a folder: as it is now, else by whether its name has an ending.
  private func kind(_ output: String) -> String {
    switch Files.status(Files.join(root, output))?.kind {
    case .directory?: "files"
    case .file?: "file"
    default: Files.name(of: output).contains(".") ? "file" : "files"
    }
  }

  private func quoted(_ text: String) -> String { JSONValue.string(text).canonical }

  private func shell(_ text: String) -> String {
    "'\(text.replacing("'", with: "'\\''"))'"
  }
}

/// Names for paths: ports and sources.
struct DVCNames {
  private var known: [String: String] = [:]
  private var taken: Set<String> = []

  /// The name of a path, the same each time and unlike those of other paths.
  mutating func name(_ path: String) -> String {
    if let name = known[path] { return name }
    let letters = path.map { isName("a\($0)") ? $0 : "-" }
    let base = isName(String(letters)) ? String(letters) : "p-" + String(letters)
    var name = base
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    known[path] = name
    return name
  }
}
