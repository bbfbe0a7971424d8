import Artifacts
import PipelineKit
import Platform

/// The workspace that a command without a manifest works on.
///
/// - Parameter operands: how many operands may follow the manifest.
private func openWorkspace(_ arguments: Arguments, operands: Int = 0) throws -> Workspace {
  let (manifest, rest) = arguments.manifest
  if rest.count > operands {
    throw Fault(.usage, "'\(rest[operands])' is no manifest", remedy: "name a file that is one")
  }
  if rest.count < arguments.operands.count, !Files.exists(manifest) {
    throw Fault(.missingInput, "there is no manifest at '\(manifest)'")
  }
  let path = arguments.value("workspace") ?? Pipeline.workspace(of: arguments.manifest.path)
  guard Files.isDirectory(path) else {
    throw Fault(
      .missingInput, "there is no workspace at '\(path)'",
      remedy: "name it with --workspace, or run a manifest first")
  }
  return try Workspace(path, create: false)
}

enum VerifyCommand {
  static let command = Command(
    name: "verify", summary: "Read every stored result and set damaged ones aside.",
    operands: "[MANIFEST]", options: [Command.workspace, Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let workspace = try openWorkspace(arguments)
    let result = try workspace.verify(threads: Parallel.processors)
    if arguments.has("json") {
      Console.print(result.json.canonical + "\n")
    } else {
      for damage in result.damages {
        let makers =
          damage.makers.isEmpty ? "an unknown stage" : damage.makers.joined(separator: ", ")
        Console.print("damaged: result of \(makers): \(damage.text)\n")
        let place = damage.quarantine.map { "kept in \($0)" } ?? "left where it is"
        Console.print("  \(place); the next run makes it again\n")
      }
      Console.print(
        "\(result.objects) results, \(describe(bytes: result.bytes)): "
          + "\(result.damages.count) damaged (\(describe(seconds: result.seconds)))\n")
    }
    return result.damages.isEmpty ? 0 : 1
  }
}

enum CollectCommand {
  static let command = Command(
    name: "gc", summary: "Delete results that nothing points at.", operands: "[MANIFEST]",
    options: [
      Option(name: "dry-run", value: nil, help: "Say what would be deleted and why."),
      Option(
        name: "keep-runs", value: "N", help: "Keep what the last N runs made or used (10)."),
      Option(
        name: "older-than", value: "AGE", help: "Keep what runs of the last AGE (30d, 12h) used."),
      Command.workspace, Command.json,
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let workspace = try openWorkspace(arguments)
    var policy = Collection.Policy(runs: try arguments.count("keep-runs"))
    if let text = arguments.value("older-than") {
      guard let seconds = parseDuration(text) else {
        throw Fault(.usage, "'--older-than' takes a duration such as 30d or 12h, not '\(text)'")
      }
      policy.age = seconds
    }
    if policy.runs == nil, policy.age == nil { policy.runs = 10 }
    let isDry = arguments.has("dry-run")
    let collection = try workspace.collect(policy, dryRun: isDry)
    if arguments.has("json") {
      Console.print(collection.json.canonical + "\n")
      return 0
    }
    for item in collection.items where isDry {
      Console.print("\(describe(bytes: item.bytes))  \(item.path): \(item.reason)\n")
    }
    Console.print(
      "\(isDry ? "would delete" : "deleted") \(collection.items.count) items, "
        + "\(describe(bytes: collection.bytes))\n")
    return 0
  }
}

enum HistoryCommand {
  static let command = Command(
    name: "history", summary: "List the runs that changed something, or one run's stages.",
    operands: "[MANIFEST] [RUN]",
    options: [
      Option(name: "limit", value: "N", help: "List at most N runs (50)."), Command.workspace,
      Command.json,
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let workspace = try openWorkspace(arguments, operands: 1)
    if let word = arguments.manifest.rest.first {
      guard let run = Int(word) else {
        throw Fault(.usage, "'\(word)' is no run's number", remedy: "see 'ferry history'")
      }
      return try showRun(run, workspace, arguments)
    }
    let runs = try workspace.history(limit: try arguments.count("limit") ?? 50)
    if arguments.has("json") {
      Console.print(JSONValue.array(runs.map(\.json)).canonical + "\n")
      return 0
    }
    for run in runs {
      let counts = run.attempts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      let seconds = run.finished.map { describe(seconds: $0 - run.started) } ?? "-"
      let set = (run.record["set"]?.strings ?? []).map { " --set \($0)" }.joined()
      Console.print(
        "\(run.id)  \(timestamp(run.started))  \(run.outcome ?? "did not end")  \(seconds)  "
          + "\(counts.isEmpty ? "restored only" : counts.joined(separator: ", "))\(set)\n")
    }
    return 0
  }

  private static func showRun(
    _ run: Int, _ workspace: Workspace, _ arguments: Arguments
  ) throws -> Int32 {
    let attempts = try workspace.attempts(of: run)
    if arguments.has("json") {
      Console.print(JSONValue.array(attempts).canonical + "\n")
      return 0
    }
    for attempt in attempts {
      let seconds = describe(seconds: attempt["seconds"]?.number ?? 0)
      let memory = describe(bytes: attempt["peak_bytes"]?.integer ?? 0)
      var line = "\(attempt["name"]?.string ?? "")  \(attempt["outcome"]?.string ?? "")  \(seconds)"
      line += "  \(memory)"
      if let rate = attempt["progress"]?["rate"]?.number {
        line += "  \(JSONValue.plain(rate)) \(attempt["progress"]?["unit"]?.string ?? "")/s"
      }
      Console.print(line + "  (\(attempt["reason"]?["text"]?.string ?? ""))\n")
    }
    return 0
  }
}

enum DiffCommand {
  static let command = Command(
    name: "diff", summary: "Compare what two runs left: parameters, inputs and metrics.",
    operands: "[MANIFEST] RUN RUN", options: [Command.workspace, Command.json],
    run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let numbers = arguments.manifest.rest.compactMap { Int($0) }
    guard numbers.count == 2, arguments.manifest.rest.count == 2 else {
      throw Fault(.usage, "'ferry diff' needs two runs' numbers", remedy: "see 'ferry history'")
    }
    let difference = try openWorkspace(arguments, operands: 2).difference(numbers[0], numbers[1])
    if arguments.has("json") {
      Console.print(difference.json.canonical + "\n")
      return 0
    }
    for change in difference.variables { Console.print("\(change.text)\n") }
    for instance in difference.instances { Console.print(text(instance)) }
    if difference.instances.isEmpty { Console.print("the same results\n") }
    return 0
  }

  private static func text(_ instance: RunDifference.Instance) -> String {
    var text = instance.name + (instance.onlyIn.map { ": only in the \($0) run" } ?? "") + "\n"
    for change in instance.changes { text += "  \(change.text)\n" }
    for (name, pair) in instance.metrics.sorted(by: { $0.key < $1.key }) {
      let old = pair.old.map { "\($0)" } ?? "-"
      let new = pair.new.map { "\($0)" } ?? "-"
      text += "  metric \(name): \(old) -> \(new)\n"
    }
    return text
  }
}

enum ImportCommand {
  static let command = Command(
    name: "import-cache", summary: "Take the results of a shared cache over.", operands: "DIR",
    options: [Command.workspace, Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    guard arguments.operands.count == 1, let folder = arguments.operands.first else {
      throw Fault(.usage, "'ferry import-cache' needs one folder")
    }
    let workspace = try Workspace(arguments.value("workspace") ?? ".ferry", create: true)
    let (taken, damaged) = try workspace.importCache(folder, threads: Parallel.processors)
    if arguments.has("json") {
      let json: JSONValue = ["taken": .integer(taken), "damaged": .integer(damaged)]
      Console.print(json.canonical + "\n")
    } else {
      Console.print("\(taken) results taken, \(damaged) could not be read whole\n")
    }
    return 0
  }
}

enum DoctorCommand {
  static let command = Command(
    name: "doctor", summary: "Check this machine, the stages and the workspace.",
    operands: "[MANIFEST]", options: [Command.workspace, Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let (manifest, rest) = arguments.manifest
    if let word = rest.first ?? (Files.exists(manifest) ? nil : arguments.operands.first) {
      throw Fault(.usage, "'\(word)' is no manifest", remedy: "name a file that is one")
    }
    let path = arguments.value("workspace") ?? Pipeline.workspace(of: manifest)
    let findings = Doctor.examine(workspace: path)
    if arguments.has("json") {
      Console.print(JSONValue.array(findings.map(\.json)).canonical + "\n")
    } else {
      for finding in findings {
        Console.print("\(finding.isGood ? "ok  " : "BAD ")  \(finding.subject): \(finding.text)\n")
        if let remedy = finding.remedy { Console.print("      \(remedy)\n") }
      }
    }
    return findings.allSatisfy(\.isGood) ? 0 : 1
  }
}
