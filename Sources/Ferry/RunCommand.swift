import Artifacts
import PipelineKit
import Platform

enum RunCommand {
  static let command = Command(
    name: "run", summary: "Bring stages up to date.", operands: "[MANIFEST] [TARGET...]",
    options: [
      Command.set, Option(name: "jobs", value: "N", help: "Use at most N processors."),
      Option(name: "dry-run", value: nil, help: "Say what would run, and run nothing."),
      Option(name: "explain", value: nil, help: "Say why each stage runs."),
      Option(
        name: "keep-going", value: nil, help: "Go on with what does not need a failed stage."),
      Option(
        name: "force", value: "STAGE", help: "Run this stage even if it is up to date."),
      Command.workspace, Command.json,
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let (path, targets) = arguments.manifest
    // What is wrong with the command line is said where there is nothing to do, too.
    _ = try arguments.count("jobs")
    if !arguments.has("force"), !arguments.has("dry-run"), !arguments.has("json"),
      let count = Pipeline.stagesUpToDate(
        path, workspace: arguments.value("workspace"), overrides: arguments.all("set"),
        targets: targets)
    {
      Console.print(RunSummary(upToDate: count).text + "\n")
      return 0
    }
    do {
      return try perform(arguments)
    } catch let fault as Fault
      where State.heal(fault, arguments.value("workspace") ?? Pipeline.workspace(of: path))
    {
      Console.error("ferry: the state file is damaged; it is set aside and the run begins again\n")
      return try perform(arguments)
    }
  }

  private static func perform(_ arguments: Arguments) throws -> Int32 {
    let (path, targets) = arguments.manifest
    let pipeline = try Pipeline(
      path, workspace: arguments.value("workspace"), overrides: arguments.all("set"),
      create: !arguments.has("dry-run"))
    for warning in pipeline.workspace.state.warnings { Console.error("ferry: \(warning)\n") }
    for hint in pipeline.plan.hints { Console.error("ferry: note: \(hint)\n") }
    var options = RunOptions(plan: pipeline.plan, processors: try arguments.count("jobs"))
    options.wanted = try pipeline.plan.select(targets, workspace: pipeline.workspace.path)
    options.targets = targets
    options.keepGoing = arguments.has("keep-going")
    options.arguments = arguments.words
    for stage in arguments.all("force") {
      let found = pipeline.plan.match(stage, workspace: pipeline.workspace.path)
      guard !found.isEmpty else {
        _ = try pipeline.plan.select([stage], workspace: pipeline.workspace.path)
        continue
      }
      options.forced.formUnion(found)
    }
    if arguments.has("dry-run") { return try foresee(pipeline, options, arguments) }
    return try carryOut(pipeline, options, arguments)
  }

  private static func carryOut(
    _ pipeline: Pipeline, _ options: RunOptions, _ arguments: Arguments
  ) throws -> Int32 {
    let total = options.wanted.count { $0 }
    let explains = arguments.has("explain")
    let reporter: any Reporter
    if arguments.has("json") {
      reporter = JSONReporter()
    } else if Console.isLive {
      reporter = LiveReporter(total: total, explains: explains)
    } else {
      reporter = LineReporter(total: total, explains: explains)
    }
    let summary = try pipeline.run(options, reporter: reporter)
    if arguments.has("json") {
      Console.print(summary.json.canonical + "\n")
    } else {
      Console.print(summary.text + "\n")
    }
    if summary.isInterrupted { return Fault.Code.interrupted.rawValue }
    return summary.failed > 0 ? 1 : 0
  }

  /// The output of `--dry-run`.
  private static func foresee(
    _ pipeline: Pipeline, _ options: RunOptions, _ arguments: Arguments
  ) throws -> Int32 {
    let statuses = try pipeline.status(wanted: options.wanted, forced: options.forced)
    if arguments.has("explain") {
      let explanations = try pipeline.explain(statuses) { $0.state != "up-to-date" }
      return tell(explanations, of: statuses, arguments)
    }
    if arguments.has("json") {
      Console.print(JSONValue.array(statuses.map(\.json)).canonical + "\n")
      return 0
    }
    for status in statuses where status.state != "up-to-date" {
      Console.print("\(status.job.name): \(status.text)\n")
    }
    Console.print(Self.counts(statuses))
    return 0
  }

  private static func tell(
    _ explanations: [Explanation], of statuses: [JobStatus], _ arguments: Arguments
  ) -> Int32 {
    if arguments.has("json") {
      Console.print(JSONValue.array(explanations.map(\.json)).canonical + "\n")
      return 0
    }
    for explanation in explanations { Console.print(explanation.text) }
    Console.print(counts(statuses))
    return 0
  }

  private static func counts(_ statuses: [JobStatus]) -> String {
    let counts = Dictionary(grouping: statuses, by: \.state).mapValues(\.count)
    return "\(statuses.count) stages: \(counts["up-to-date"] ?? 0) up to date, "
      + "\(counts["restorable"] ?? 0) to restore, \(counts["to-run"] ?? 0) to run, "
      + "\(counts["waiting"] ?? 0) waiting for these\n"
  }
}

extension RunSummary {
  /// `12 stages: 9 up to date, 2 restored, 1 built (3.4 s)`.
  var text: String {
    let total = upToDate + restored + built + failed + blocked
    var parts: [String] = []
    if upToDate > 0 { parts.append("\(upToDate) up to date") }
    if restored > 0 { parts.append("\(restored) restored") }
    if built > 0 { parts.append("\(built) built") }
    if failed > 0 { parts.append("\(failed) failed") }
    if blocked > 0 { parts.append("\(blocked) not run because of that") }
    if isInterrupted { parts.append("interrupted") }
    let time = seconds > 0 ? " (\(describe(seconds: seconds)))" : ""
    let what = parts.isEmpty ? "nothing to do" : parts.joined(separator: ", ")
    return "\(total) stage\(total == 1 ? "" : "s"): \(what)\(time)"
  }

  var json: JSONValue {
    [
      "event": "summary", "up_to_date": .integer(upToDate), "restored": .integer(restored),
      "built": .integer(built), "failed": .integer(failed), "blocked": .integer(blocked),
      "interrupted": .bool(isInterrupted), "seconds": .number(seconds),
    ]
  }
}
