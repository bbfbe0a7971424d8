import Artifacts
import Platform

/// The outputs of an action, by port.
typealias Outputs = [String: Digest]

/// The latest result of an instance.
public struct InstanceRecord: Sendable {
  public var key: ActionKey
  public var run: Int
  /// How long it ran, where it was run and not only restored.
  public var seconds: Double?
}

extension State {
  /// The result of an action, if it is recorded.
  func outputs(of key: ActionKey) throws -> Outputs? {
    try database.first(
      "SELECT outputs FROM actions WHERE key = ?", .blob(key.digest.bytes)
    ) { Self.outputs($0.text(0)) }
  }

  /// Reads `port=hex` pairs separated by blanks; nil where they are damaged.
  static func outputs(_ text: String) -> Outputs? {
    var outputs: Outputs = [:]
    for pair in Array(text.utf8).split(separator: UInt8(ascii: " ")) {
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")),
        let digest = Digest(hex: String(decoding: pair[(equals + 1)...], as: UTF8.self))
      else { return nil }
      outputs[String(decoding: pair[..<equals], as: UTF8.self)] = digest
    }
    return outputs
  }

  func remember(
    _ outputs: Outputs, of key: ActionKey, components: JSONValue, isIntermediate: Bool, run: Int
  ) throws {
    let text = outputs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.hex)" }
    try database.run(
      "INSERT OR REPLACE INTO actions(key, outputs, run, intermediate) VALUES(?, ?, ?, ?)",
      .blob(key.digest.bytes), .text(text.joined(separator: " ")), .integer(run),
      .integer(isIntermediate ? 1 : 0))
    try remember(components, of: key)
  }

  func remember(_ components: JSONValue, of key: ActionKey) throws {
    try database.run(
      "INSERT OR IGNORE INTO records(key, record) VALUES(?, ?)", .blob(key.digest.bytes),
      .text(components.canonical))
  }

  /// Notes that a run has used what an action gave before.
  func touch(_ key: ActionKey, run: Int) throws {
    try database.run(
      "UPDATE actions SET run = ? WHERE key = ?", .integer(run), .blob(key.digest.bytes))
  }

  /// The components of a key, where they are remembered.
  func components(of key: ActionKey) throws -> JSONValue? {
    let text = try database.first(
      "SELECT record FROM records WHERE key = ?", .blob(key.digest.bytes)
    ) { $0.text(0) }
    return try text.map { try JSONValue.parse($0, file: "state") }
  }

  func remember(_ object: Store.Object) throws {
    try database.run(
      "INSERT OR IGNORE INTO objects(digest, form, bytes, added) VALUES(?, ?, ?, ?)",
      .blob(object.digest.bytes), .text(object.form.rawValue), .integer(object.bytes),
      .real(Clock.now))
  }

  /// Every instance of a manifest that was made before, by name; `count` of them are expected.
  func instances(of manifest: String, count: Int = 0) throws -> [String: InstanceRecord] {
    var instances: [String: InstanceRecord] = [:]
    instances.reserveCapacity(count)
    try database.query(
      "SELECT name, key, run, seconds FROM instances WHERE manifest = ?", .text(manifest)
    ) { row in
      let key = row.blob(1)
      guard key.count == 32 else { return }
      instances[row.text(0)] = InstanceRecord(
        key: ActionKey(digest: Digest(bytes: key)), run: row.integer(2),
        seconds: row.isNull(3) ? nil : row.real(3))
    }
    return instances
  }

  func remember(_ instance: InstanceRecord, of name: String, manifest: String) throws {
    try database.run(
      "INSERT OR REPLACE INTO instances(manifest, name, key, run, seconds) VALUES(?, ?, ?, ?, ?)",
      .text(manifest), .text(name), .blob(instance.key.digest.bytes), .integer(instance.run),
      instance.seconds.map { .real($0) } ?? .null)
    try database.run(
      "INSERT OR REPLACE INTO past(manifest, name, run, key) VALUES(?, ?, ?, ?)",
      .text(manifest), .text(name), .integer(instance.run), .blob(instance.key.digest.bytes))
  }

  /// Begins the record of a run and returns its number.
  func beginRun(_ record: JSONValue) throws -> Int {
    try database.run(
      "INSERT INTO runs(started, record) VALUES(?, ?)", .real(Clock.now), .text(record.canonical))
    return database.lastRow
  }

  /// The number of the last run; 0 where there was none.
  func latestRun() throws -> Int {
    try database.first("SELECT max(id) FROM runs") { $0.integer(0) } ?? 0
  }

  func finishRun(_ run: Int, outcome: String) throws {
    try database.run(
      "UPDATE runs SET finished = ?, outcome = ? WHERE id = ?", .real(Clock.now), .text(outcome),
      .integer(run))
  }

  func remember(_ attempt: AttemptRecord, run: Int) throws {
    try database.run(
      "INSERT INTO attempts(run, name, key, outcome, started, seconds, record) "
        + "VALUES(?, ?, ?, ?, ?, ?, ?)", .integer(run), .text(attempt.name),
      .blob(attempt.key.digest.bytes), .text(attempt.outcome), .real(attempt.started),
      .real(attempt.seconds), .text(attempt.record.canonical))
  }

  /// A contract as it was described by an executable of this stamp.
  func contract(_ path: String, stamp: FileStamp) throws -> Contract? {
    let found = try database.first(
      "SELECT stamp, contract FROM contracts WHERE path = ?", .text(path)
    ) { row in row.blob(0) == stamp.bytes ? row.text(1) : nil }
    return try found.map { try Contract(json: JSONValue.parse($0, file: path), file: path) }
  }

  func remember(_ contract: Contract, of path: String, stamp: FileStamp) throws {
    guard !isReadOnly else { return }
    try database.run(
      "INSERT OR REPLACE INTO contracts(path, stamp, contract) VALUES(?, ?, ?)", .text(path),
      .blob(stamp.bytes), .text(contract.json.canonical))
  }
}

/// One try at running a job.
struct AttemptRecord {
  var name: String
  var key: ActionKey
  /// `built`, `failed`, `timed out`, `interrupted`.
  var outcome: String
  var started: Double
  var seconds: Double
  /// Exit status, processor time, peak memory, log, rates.
  var record: JSONValue
}
