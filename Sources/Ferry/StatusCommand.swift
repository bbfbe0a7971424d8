import Artifacts
import PipelineKit
import Platform

enum StatusCommand {
  static let command = Command(
    name: "status", summary: "Say what is up to date and what would run.",
    operands: "[MANIFEST] [TARGET...]",
    options: [
      Command.set,
      Option(
        name: "exit-code", value: nil,
        help: "End with 1 where a run would do something, for scripts."),
      Command.workspace, Command.json,
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let (path, targets) = arguments.manifest
    let pipeline = try Pipeline(
      path, workspace: arguments.value("workspace"), overrides: arguments.all("set"),
      create: false)
    for hint in pipeline.plan.hints { Console.error("ferry: note: \(hint)\n") }
    let wanted = try pipeline.plan.select(targets, workspace: pipeline.workspace.path)
    let statuses = try pipeline.status(wanted: wanted)
    let isDone = statuses.allSatisfy { $0.state == "up-to-date" }
    let result: Int32 = arguments.has("exit-code") && !isDone ? 1 : 0
    if arguments.has("json") {
      Console.print(JSONValue.array(statuses.map(\.json)).canonical + "\n")
      return result
    }
    let width = min(40, statuses.map { columns($0.job.name) }.max() ?? 0)
    for status in statuses {
      let pad = String(repeating: " ", count: max(0, width - columns(status.job.name)))
      Console.print("\(status.job.name)\(pad)  \(status.text)\n")
    }
    return result
  }
}

enum ExplainCommand {
  static let command = Command(
    name: "explain", summary: "Say what a stage's result depends on, and what changed.",
    operands: "[MANIFEST] STAGE...",
    options: [Command.set, Command.workspace, Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let (path, targets) = arguments.manifest
    guard !targets.isEmpty else { throw Fault(.usage, "'ferry explain' needs a stage") }
    let pipeline = try Pipeline(
      path, workspace: arguments.value("workspace"), overrides: arguments.all("set"),
      create: false)
    let explanations = try pipeline.explain(targets)
    if arguments.has("json") {
      Console.print(JSONValue.array(explanations.map(\.json)).canonical + "\n")
    } else {
      Console.print(explanations.map(\.text).joined(separator: "\n"))
    }
    return 0
  }
}

enum GraphCommand {
  static let command = Command(
    name: "graph", summary: "Draw the stages and what flows between them.",
    operands: "[MANIFEST]",
    options: [
      Option(
        name: "format", value: "FORMAT", help: "dot (default), mermaid, svg or json.",
        choices: ["dot", "mermaid", "svg", "json"]),
      Command.set, Command.workspace, Command.json,
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    if let word = arguments.manifest.rest.first {
      throw Fault(.usage, "'\(word)' is no manifest", remedy: "name a file that is one")
    }
    let pipeline = try Pipeline(
      arguments.manifest.path, workspace: arguments.value("workspace"),
      overrides: arguments.all("set"), create: false)
    let graph = Graph(pipeline)
    let format = arguments.has("json") ? "json" : arguments.value("format") ?? "dot"
    switch format {
    case "dot": Console.print(graph.dot)
    case "mermaid": Console.print(graph.mermaid)
    case "svg": Console.print(graph.svg)
    case "json": Console.print(graph.json.canonical + "\n")
    default:
      let near = nearestWord(to: format, among: ["dot", "mermaid", "svg", "json"])
      throw Fault(
        .usage, "there is no graph format '\(format)'",
        remedy: near.map { "did you mean '\($0)'?" } ?? "dot, mermaid, svg or json")
    }
    return 0
  }
}
