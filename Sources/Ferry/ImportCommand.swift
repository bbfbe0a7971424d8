import Artifacts
import PipelineKit
import Platform

enum ImportPipelineCommand {
  static let command = Command(
    name: "import", summary: "Make a manifest of another tool's: a dvc.yaml.",
    operands: "dvc [FILE]",
    options: [
      Option(name: "output", value: "FILE", help: "The manifest; ferry.yaml beside it by default."),
      Command.json,
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    guard arguments.operands.first == "dvc" else {
      throw Fault(
        .usage, "'ferry import' takes: dvc [FILE]", remedy: "FILE is dvc.yaml if left out")
    }
    let file = arguments.operands.dropFirst().first ?? "dvc.yaml"
    let folder = Files.parent(of: file)
    let path =
      arguments.value("output") ?? (folder == "." ? "ferry.yaml" : Files.join(folder, "ferry.yaml"))
    guard lexicalParent(path) == lexicalParent(file) else {
      throw Fault(
        .usage, "'\(path)' lies in another folder than '\(file)'",
        remedy: "paths of a manifest start at its folder")
    }
    guard !Files.exists(path) else {
      throw Fault(.usage, "'\(path)' exists", remedy: "name another with --output")
    }
    let imported = try DVCImport(file)
    try Files.write(imported.text, to: path)
    if arguments.has("json") {
      let json: JSONValue = ["wrote": JSONValue([path]), "stages": .integer(imported.count)]
      Console.print(json.canonical + "\n")
    } else {
      Console.print(
        "wrote \(path) with \(imported.count) stages; now try 'ferry run --dry-run \(path)'\n")
    }
    return 0
  }

  private static func lexicalParent(_ path: String) -> String {
    Files.resolve(Files.parent(of: path))
  }
}
