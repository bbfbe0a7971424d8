import Artifacts
import Platform

/// A run as the history keeps it.
public struct RunRecord: Sendable {
  public var id: Int
  public var started: Double
  public var finished: Double?
  /// `succeeded`, `failed`, `interrupted`, or nil where the run was killed or goes on.
  public var outcome: String?
  /// Manifest, `--set` values, host, processors.
  public var record: JSONValue
  /// How many attempts ended in which way.
  public var attempts: [String: Int]

  public var json: JSONValue {
    var json = record
    json["run"] = .integer(id)
    json["started"] = .number(started)
    json["finished"] = finished.map { .number($0) } ?? .null
    json["outcome"] = outcome.map { .string($0) } ?? .null
    json["attempts"] = .object(attempts.mapValues { .integer($0) })
    return json
  }
}

/// The differences between two runs, instance by instance.
public struct RunDifference: Sendable {
  public struct Instance: Sendable {
    public var name: String
    public var changes: [Change]
    /// Numbers of `metrics.json` in the outputs, by name: of the first run and of the second.
    public var metrics: [String: (old: Double?, new: Double?)]
    /// Only one of the runs has it: `first` or `second`.
    public var onlyIn: String?
  }

  public var old: Int
  public var new: Int
  public var variables: [Change]
  public var instances: [Instance]

  public var json: JSONValue {
    [
      "old": .integer(old), "new": .integer(new), "variables": .array(variables.map(\.json)),
      "instances": .array(
        instances.map { instance in
          var json: JSONValue = [
            "name": .string(instance.name), "changes": .array(instance.changes.map(\.json)),
            "metrics": .object(
              instance.metrics.mapValues { pair in
                [
                  "old": pair.old.map { .number($0) } ?? .null,
                  "new": pair.new.map { .number($0) } ?? .null,
                ]
              }),
          ]
          json["only_in"] = instance.onlyIn.map { .string($0) }
          return json
        }),
    ]
  }
}

extension Workspace {
  /// The runs that changed something, the last first.
  public func history(limit: Int = 50) throws -> [RunRecord] {
    var runs: [RunRecord] = []
    try state.database.query(
      "SELECT id, started, finished, outcome, record FROM runs ORDER BY id DESC LIMIT ?",
      .integer(limit)
    ) { row in runs.append(try Self.run(row)) }
    for index in runs.indices { runs[index].attempts = try state.outcomes(of: runs[index].id) }
    return runs
  }

  private static func run(_ row: Database.Row) throws -> RunRecord {
    RunRecord(
      id: row.integer(0), started: row.real(1), finished: row.isNull(2) ? nil : row.real(2),
      outcome: row.isNull(3) ? nil : row.text(3),
      record: try JSONValue.parse(row.text(4), file: "state"), attempts: [:])
  }

  /// The attempts of one run, in order.
  /// - Throws: `Fault` (usage) where there is no such run.
  public func attempts(of run: Int) throws -> [JSONValue] {
    _ = try self.run(run)
    var attempts: [JSONValue] = []
    try state.database.query(
      "SELECT run, outcome, started, seconds, record, name, key FROM attempts WHERE run = ? "
        + "ORDER BY id", .integer(run)
    ) { row in
      var json = try State.attempt(row)
      json["name"] = .string(row.text(5))
      json["key"] = .string(Digest(bytes: row.blob(6)).hex)
      attempts.append(json)
    }
    return attempts
  }

  /// The ingredients of the workspace's results after each of two runs.
  /// - Throws: `Fault` (usage) where there is no such run.
  public func difference(_ old: Int, _ new: Int) throws -> RunDifference {
    let first = try run(old)
    let second = try run(new)
    let before = try state.keys(after: old, manifest: first.record["manifest"]?.string ?? "")
    let after = try state.keys(after: new, manifest: second.record["manifest"]?.string ?? "")
    var difference = RunDifference(
      old: old, new: new, variables: Self.variables(first.record, second.record), instances: [])
    for name in Set(before.keys).union(after.keys).sorted() where before[name] != after[name] {
      difference.instances.append(try instance(name, before[name], after[name]))
    }
    return difference
  }

  private func run(_ id: Int) throws -> RunRecord {
    let found = try state.database.first(
      "SELECT id, started, finished, outcome, record FROM runs WHERE id = ?", .integer(id)
    ) { try Self.run($0) }
    guard let found else {
      throw Fault(.usage, "there is no run \(id)", remedy: "see 'ferry history'")
    }
    return found
  }

  private static func variables(_ old: JSONValue, _ new: JSONValue) -> [Change] {
    let a = old["variables"]?.object ?? [:]
    let b = new["variables"]?.object ?? [:]
    return Set(a.keys).union(b.keys).sorted().filter { a[$0] != b[$0] }.map {
      Change(subject: .variable, name: $0, old: a[$0] ?? .null, new: b[$0] ?? .null)
    }
  }

  private func instance(
    _ name: String, _ old: ActionKey?, _ new: ActionKey?
  ) throws -> RunDifference.Instance {
    let before = try old.flatMap { try state.components(of: $0) }
    let after = try new.flatMap { try state.components(of: $0) }
    var instance = RunDifference.Instance(name: name, changes: [], metrics: [:], onlyIn: nil)
    if let before, let after { instance.changes = Change.between(before, after) }
    if old == nil { instance.onlyIn = "second" }
    if new == nil { instance.onlyIn = "first" }
    let a = try metrics(of: old)
    let b = try metrics(of: new)
    for key in Set(a.keys).union(b.keys) where a[key] != b[key] {
      instance.metrics[key] = (a[key], b[key])
    }
    return instance
  }

  /// The numbers at the top of `metrics.json` in an action's outputs.
  private func metrics(of key: ActionKey?) throws -> [String: Double] {
    guard let key, let outputs = try state.outputs(of: key) else { return [:] }
    var metrics: [String: Double] = [:]
    for digest in outputs.values {
      let file = Files.join(store.path(digest), "metrics.json")
      guard let members = try? JSONValue.read(file).object else { continue }
      for (name, value) in members { metrics[name] = value.number }
    }
    return metrics
  }
}

extension State {
  fileprivate func outcomes(of run: Int) throws -> [String: Int] {
    var outcomes: [String: Int] = [:]
    try database.query(
      "SELECT outcome, count(*) FROM attempts WHERE run = ? GROUP BY outcome", .integer(run)
    ) { row in outcomes[row.text(0)] = row.integer(1) }
    return outcomes
  }

  /// The action that each instance stood for after a run.
  fileprivate func keys(after run: Int, manifest: String) throws -> [String: ActionKey] {
    var keys: [String: ActionKey] = [:]
    try database.query(
      "SELECT name, key, max(run) FROM past WHERE manifest = ? AND run <= ? GROUP BY name",
      .text(manifest), .integer(run)
    ) { row in keys[row.text(0)] = ActionKey(digest: Digest(bytes: row.blob(1))) }
    return keys
  }
}
