import Artifacts
import Platform
import YAML

extension ManifestReader {
  private static let common = [
    "in", "matrix", "foreach", "when", "resources", "retries", "timeout", "pin", "intermediate",
    "environment", "writes", "always", "wrapper",
  ]
  private static let contractKeys = ["stage", "with"] + common
  private static let commandKeys = ["command", "out", "directory"] + common

  /// Reads one entry under `stages:`.
  mutating func readStage(_ entry: YAMLEntry) -> Manifest.Stage? {
    let name = entry.key
    guard let entries = map(entry.value, "stage '\(name)'") else { return nil }
    guard let body = readBody(entry) else { return nil }
    if case .command = body {
      check(entries, against: Self.commandKeys, what: "key of a command stage")
    } else {
      check(entries, against: Self.contractKeys, what: "key of a stage")
    }
    let stage = Manifest.Stage(name: name, place: entry.keyNode.place, body: body)
    for entry in entries { read(entry, into: stage) }
    if !stage.matrix.isEmpty, !stage.foreach.isEmpty {
      faults.refuse("stage '\(name)' has both matrix and foreach", at: stage.place)
    }
    return stage
  }

  private mutating func readBody(_ entry: YAMLEntry) -> Manifest.Stage.Body? {
    let place = entry.keyNode.place
    switch (entry.value["stage"], entry.value["command"]) {
    case (let stage?, nil):
      return text(stage, "stage") == nil ? nil : .contract(stage)
    case (nil, let command?):
      guard case .list(let words) = command.value, !words.isEmpty else {
        faults.refuse(
          "command is \(command.kind) and must be a list: the program and its arguments",
          at: command.place, remedy: "no shell is used; write [sh, -c, \"...\"] for one")
        return nil
      }
      return .command(words)
    case (.some, .some):
      faults.refuse("'\(entry.key)' has both stage and command", at: place)
    case (nil, nil):
      faults.refuse(
        "'\(entry.key)' does not say what runs", at: place,
        remedy: "write 'stage: NAME' or 'command: [PROGRAM, ...]'")
    }
    return nil
  }

  private mutating func read(_ entry: YAMLEntry, into stage: Manifest.Stage) {
    let value = entry.value
    switch entry.key {
    case "in":
      for port in map(value, "in") ?? [] {
        stage.inputs.append(.init(port: port.keyNode, references: list(port.value)))
      }
    case "with": stage.parameters = map(value, "with") ?? []
    case "out": stage.outputs = map(value, "out") ?? []
    case "matrix": stage.matrix = map(value, "matrix") ?? []
    case "foreach":
      stage.foreach = list(value)
      if case .list(let items) = value.value, items.isEmpty {
        faults.refuse(
          "foreach is an empty list and must have a map or more", at: value.place,
          remedy: "leave a stage out with 'when: false'")
      }
    case "when": stage.when = value
    case "resources": stage.resources = map(value, "resources") ?? []
    case "retries": stage.retries = value
    case "timeout": stage.timeout = value
    case "always": stage.always = readBool(value, "always")
    case "directory": stage.directory = value
    case "wrapper": stage.wrapper = readWrapper(value)
    case "environment": stage.environment = list(value)
    case "writes": stage.writes = list(value)
    case "pin": stage.pinsBinary = readPin(value)
    case "intermediate": stage.intermediate = readBool(value, "intermediate")
    default: break
    }
  }

  private mutating func readWrapper(_ node: YAMLNode) -> [YAMLNode] {
    if case .list(let words) = node.value, !words.isEmpty { return words }
    var kind = node.kind
    if case .list = node.value { kind = "an empty list" }
    faults.refuse(
      "wrapper is \(kind) and must be a list: a program and its arguments", at: node.place,
      remedy: "write for example [apptainer, exec, \"${in.image}\"]")
    return []
  }

  private mutating func readPin(_ node: YAMLNode) -> Bool {
    switch node.text {
    case "binary": return true
    case "revision": return false
    default:
      faults.unknown("pin", node.text, among: ["revision", "binary"], at: node.place)
      return false
    }
  }

  private mutating func readBool(_ node: YAMLNode, _ what: String) -> Bool {
    if case .bool(let value) = node.value { return value }
    faults.refuse("\(what) is \(node.kind) and must be true or false", at: node.place)
    return false
  }
}
