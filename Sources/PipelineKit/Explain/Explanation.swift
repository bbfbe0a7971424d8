import Artifacts
import Platform

/// What a job's result depends on, what became of it, and why.
public struct Explanation: Sendable {
  public var status: JobStatus
  /// The action key's components, where the inputs are known.
  public var components: JSONValue?
  public var key: Digest?
  /// The last attempt at this instance: outcome, duration and reason.
  public var lastAttempt: JSONValue?

  public var json: JSONValue {
    var json = status.json
    json["components"] = components
    json["key"] = key.map { .string($0.hex) }
    json["last_attempt"] = lastAttempt
    return json
  }

  public var text: String {
    var lines = ["\(status.job.name): \(status.text)"]
    if case .wouldRun(.changed(let changes)) = status.standing {
      lines[0] = "\(status.job.name): would run, because this changed:"
      lines += changes.map { "  * \($0.text)\(source(of: $0))" }
    }
    if let key { lines.append("  key         \(key.short)") }
    for (port, names) in status.origins.sorted(by: { $0.key < $1.key }) {
      let digests = components?["inputs"]?[port]?.strings ?? []
      let list = names.enumerated().map { index, name in
        digests.indices.contains(index) ? "\(name) (\(digests[index].prefix(12)))" : name
      }
      lines.append("  input       \(port) = \(list.joined(separator: ", "))")
    }
    for (name, value) in (components?["parameters"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
    {
      lines.append("  parameter   \(name) = \(value.canonical)")
    }
    for (name, value) in (components?["environment"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
    {
      lines.append("  environment \(name) = \(value.canonical)")
    }
    for (port, digest) in status.outputs.sorted(by: { $0.key < $1.key }) {
      lines.append("  output      \(port) (\(digest.short)) at \(status.job.link(port))")
    }
    if let last = lastAttempt {
      let seconds = describe(seconds: last["seconds"]?.number ?? 0)
      let reason = last["reason"]?["text"]?.string ?? ""
      lines.append(
        "  last run    \(last["outcome"]?.string ?? "") in \(seconds), run "
          + "\(last["run"]?.integer ?? 0), because: \(reason)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Which stage or source a changed input comes from.
  private func source(of change: Change) -> String {
    guard change.subject == .input, let names = status.origins[change.name] else { return "" }
    return " (from \(names.joined(separator: ", ")))"
  }
}

extension Pipeline {
  /// Explains the jobs that `targets` name, from records alone.
  public func explain(_ targets: [String]) throws -> [Explanation] {
    let wanted = try plan.select(targets, workspace: workspace.path)
    let named = Set(targets.flatMap { plan.match($0, workspace: workspace.path) })
    return try explain(status(wanted: wanted)) { named.contains($0.job.index) }
  }

  /// Explains those of the jobs that `isNamed` picks; `statuses` holds what they need, too.
  public func explain(
    _ statuses: [JobStatus], where isNamed: (JobStatus) -> Bool = { _ in true }
  ) throws -> [Explanation] {
    let outputs = Dictionary(
      statuses.filter { !$0.outputs.isEmpty }.map { ($0.job.index, $0.outputs) },
      uniquingKeysWith: { $1 })
    let evaluator = Evaluator(plan: plan, workspace: workspace, threads: Parallel.processors)
    return try statuses.filter(isNamed).map { status in
      var explanation = Explanation(status: status)
      explanation.lastAttempt = try workspace.state.lastAttempt(of: status.job.name)
      if case .waits = status.standing { return explanation }
      let inputs = try evaluator.inputs(of: status.job) { outputs[$0] }
      explanation.components = status.job.components(inputs: inputs)
      explanation.key = ActionKey(status.job, inputs: inputs).digest
      return explanation
    }
  }
}

extension State {
  /// The last attempt at an instance.
  func lastAttempt(of name: String) throws -> JSONValue? {
    try database.first(
      "SELECT run, outcome, started, seconds, record FROM attempts WHERE name = ? "
        + "ORDER BY id DESC LIMIT 1", .text(name)
    ) { row in try Self.attempt(row) }
  }

  /// A row of `run, outcome, started, seconds, record` as JSON.
  static func attempt(_ row: Database.Row) throws -> JSONValue {
    var json = try JSONValue.parse(row.text(4), file: "state")
    json["run"] = .integer(row.integer(0))
    json["outcome"] = .string(row.text(1))
    json["started"] = .number(row.real(2))
    json["seconds"] = .number(row.real(3))
    return json
  }
}
