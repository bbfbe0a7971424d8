import Artifacts
import Platform

/// Who made a file or artifact, from what, and how to make it again.
public struct Origin: Sendable {
  /// The digest of the artifact that the path belongs to.
  public var digest: Digest
  public var path: String
  /// `kind`, `schema` and `rows` of the artifact, where it is one.
  public var artifact: JSONValue?
  /// Components, outputs and attempts of the actions that gave it.
  public var actions: [JSONValue]

  /// Looks `path` up: a link below `artifacts/`, an object, or a file in one.
  /// - Throws: `Fault` where the path is not of a workspace.
  public static func of(_ path: String, workspace: String? = nil) throws -> Origin {
    guard Files.exists(path) else {
      throw Fault(.missingInput, "there is nothing at '\(path)'")
    }
    let resolved = Files.resolve(path)
    let parts = resolved.split(separator: "/").map(String.init)
    guard let place = parts.lastIndex(of: "objects"), parts.count > place + 2, place >= 2,
      let digest = Digest(hex: parts[place + 1] + parts[place + 2])
    else {
      throw Fault(
        .badInput, "'\(path)' is no result of a pipeline",
        remedy: "give a path below a workspace's artifacts/")
    }
    let root = workspace ?? "/" + parts[..<(place - 1)].joined(separator: "/")
    let space = try Workspace(root, create: false)
    var origin = Origin(digest: digest, path: path, artifact: nil, actions: [])
    if let record = try? Artifact.open(space.store.path(digest)) {
      origin.artifact = [
        "kind": .string(record.kind), "schema": .integer(record.schema),
        "rows": .object(record.rows.mapValues { .integer($0) }),
        "files": .integer(record.files.count),
        "bytes": .integer(record.files.reduce(0) { $0 + $1.size }),
      ]
    }
    origin.actions = try space.state.actions(giving: digest).map { try space.describe($0) }
    return origin
  }

  public var json: JSONValue {
    [
      "path": .string(path), "digest": .string(digest.hex), "artifact": artifact ?? .null,
      "actions": .array(actions),
    ]
  }

  public var text: String {
    var lines = ["\(path)", "  digest      \(digest.hex)"]
    if let artifact {
      let rows = (artifact["rows"]?.object ?? [:]).sorted { $0.key < $1.key }
      let counts = rows.map { "\($0.value.integer ?? 0) \($0.key)" }.joined(separator: ", ")
      lines.append(
        "  artifact    \(artifact["kind"]?.string ?? "") (version "
          + "\(artifact["schema"]?.integer ?? 0)), "
          + "\(describe(bytes: artifact["bytes"]?.integer ?? 0))\(counts.isEmpty ? "" : ", ")\(counts)"
      )
    }
    if actions.isEmpty { lines.append("  its making is not remembered here") }
    for action in actions { lines += Self.lines(action) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(_ action: JSONValue) -> [String] {
    var lines: [String] = []
    let attempt = action["attempt"]
    if let name = attempt?["name"]?.string {
      lines.append(
        "  made by     \(name), run \(attempt?["run"]?.integer ?? 0), in "
          + describe(seconds: attempt?["seconds"]?.number ?? 0))
    }
    let components = action["components"]
    if let stage = components?["stage"]?.string {
      lines.append(
        "  stage       \(stage), revision \(components?["revision"]?.integer ?? 0)")
    }
    for (port, list) in (attempt?["origins"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      for item in list.array ?? [] {
        let detail = item["path"]?.string ?? String((item["digest"]?.string ?? "").prefix(12))
        lines.append("  input       \(port) = \(item["name"]?.string ?? "") (\(detail))")
      }
    }
    for (name, value) in (components?["parameters"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
    {
      lines.append("  parameter   \(name) = \(value.canonical)")
    }
    if let command = action["command"]?.strings {
      lines.append("  again       \(command.map(quoted).joined(separator: " "))")
    }
    return lines
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      isName("x\(Character(UnicodeScalar(byte)))") || "/.=:,+@%".utf8.contains(byte)
    }
    return plain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}

extension Workspace {
  /// An action as `show` tells it.
  fileprivate func describe(_ key: ActionKey) throws -> JSONValue {
    var json: JSONValue = ["key": .string(key.digest.hex)]
    let components = try state.components(of: key)
    json["components"] = components
    let attempt = try state.attempt(of: key)
    json["attempt"] = attempt
    json["command"] = command(components, attempt).map { JSONValue($0) }
    return json
  }

  /// The paths of an attempt's inputs.
  private func paths(_ origins: JSONValue) -> [String] {
    (origins.array ?? []).map { item in
      let object = item["digest"]?.string.flatMap { Digest(hex: $0) }.map { store.path($0) }
      return item["path"]?.string ?? object ?? ""
    }
  }

  /// One word of a command, its outputs named by their ports.
  private func words(_ parts: JSONValue, _ attempt: JSONValue?) -> [String] {
    let parts = parts.array ?? []
    let inputs = { (part: JSONValue) -> [String]? in
      part["in"]?.string.map { self.paths(attempt?["origins"]?[$0] ?? .array([])) }
    }
    if parts.count == 1, let several = inputs(parts[0]) { return several }
    return [
      parts.map { part in
        part.string ?? inputs(part)?.first ?? part["out"]?.string
          ?? (part["place"] == "workspace" ? path : ".")
      }.joined()
    ]
  }

  /// The command line that makes the result again.
  private func command(_ components: JSONValue?, _ attempt: JSONValue?) -> [String]? {
    guard let components else { return nil }
    var words = components["directory"]?.string.map { ["env", "-C", $0] } ?? []
    words += (components["wrapper"]?.array ?? []).flatMap { self.words($0, attempt) }
    guard let stage = components["stage"]?.string else {
      return words + (components["command"]?.array ?? []).flatMap { self.words($0, attempt) }
    }
    words += ["ferry-\(stage)", "run"]
    for (port, list) in (attempt?["origins"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      for path in paths(list) { words += ["--in", "\(port)=\(path)"] }
    }
    for port in (components["outputs"]?.object ?? [:]).keys.sorted() {
      words += ["--out", "\(port)=\(port)"]
    }
    for (name, value) in (components["parameters"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      words += ["--set", "\(name)=\(value.canonical)"]
    }
    return words
  }
}

extension State {
  /// The actions that gave an output of this digest.
  func actions(giving digest: Digest) throws -> [ActionKey] {
    var keys: [ActionKey] = []
    try database.query(
      "SELECT key FROM actions WHERE instr(outputs, ?) > 0 ORDER BY run", .text(digest.hex)
    ) { row in keys.append(ActionKey(digest: Digest(bytes: row.blob(0)))) }
    return keys
  }

  /// The attempt that built an action last.
  func attempt(of key: ActionKey) throws -> JSONValue? {
    try database.first(
      "SELECT run, outcome, started, seconds, record, name FROM attempts "
        + "WHERE key = ? AND outcome = 'built' ORDER BY id DESC LIMIT 1", .blob(key.digest.bytes)
    ) { row in
      var json = try Self.attempt(row)
      json["name"] = .string(row.text(5))
      return json
    }
  }
}
