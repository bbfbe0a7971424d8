import Artifacts

/// One difference between two actions.
public struct Change: Sendable, Equatable {
  public enum Subject: String, Sendable {
    case stage, revision, parameter, input, environment, output, command, binary, schema, variable,
      directory,
      wrapper
  }
  public var subject: Subject
  /// The parameter, port or variable.
  public var name: String
  /// Null where it was not there.
  public var old: JSONValue
  public var new: JSONValue

  /// The differences between the components of two actions.
  static func between(_ old: JSONValue, _ new: JSONValue) -> [Change] {
    var changes: [Change] = []
    for subject in [Subject.schema, .stage, .revision, .command, .binary, .directory, .wrapper] {
      let a = old[subject.rawValue] ?? .null
      let b = new[subject.rawValue] ?? .null
      if a != b { changes.append(Change(subject: subject, name: subject.rawValue, old: a, new: b)) }
    }
    let groups: [(Subject, String)] = [
      (.parameter, "parameters"), (.environment, "environment"), (.input, "inputs"),
      (.output, "outputs"),
    ]
    for (subject, member) in groups {
      let a = old[member]?.object ?? [:]
      let b = new[member]?.object ?? [:]
      for name in Set(a.keys).union(b.keys).sorted() where a[name] != b[name] {
        changes.append(
          Change(subject: subject, name: name, old: a[name] ?? .null, new: b[name] ?? .null))
      }
    }
    return changes
  }

  /// `parameter epochs: 3 -> 5`.
  public var text: String {
    switch subject {
    case .input: "input \(name): \(Self.short(old)) -> \(Self.short(new))"
    case .wrapper: "the wrapper\(Self.words(old, new))"
    case .directory: "the folder it runs in: \(Self.show(old)) -> \(Self.show(new))"
    case .command: "the command line\(Self.words(old, new))"
    case .binary: "the program's own bytes"
    case .revision, .schema, .stage: "\(subject.rawValue): \(Self.show(old)) -> \(Self.show(new))"
    case .output: "output \(name)"
    default: "\(subject.rawValue) \(name): \(Self.show(old)) -> \(Self.show(new))"
    }
  }

  public var json: JSONValue {
    [
      "subject": .string(subject.rawValue), "name": .string(name), "old": old, "new": new,
      "text": .string(text),
    ]
  }

  /// The words of a command that differ, where it has as many as before.
  private static func words(_ old: JSONValue, _ new: JSONValue) -> String {
    guard let a = old.array, let b = new.array, a.count == b.count else { return "" }
    let pairs = zip(a, b).filter { $0 != $1 }.map { "\(word($0)) -> \(word($1))" }
    return pairs.isEmpty || pairs.count > 3 ? "" : ": " + pairs.joined(separator: ", ")
  }

  /// A word of a command, its ports as a manifest writes them.
  private static func word(_ parts: JSONValue) -> String {
    JSONValue.string(
      (parts.array ?? []).map { part in
        part.string ?? part["in"]?.string.map { "${in.\($0)}" }
          ?? part["out"]?.string.map { "${out.\($0)}" }
          ?? part["place"]?.string.map { "${place.\($0)}" } ?? ""
      }.joined()
    ).canonical
  }

  private static func show(_ value: JSONValue) -> String {
    value.isNull ? "nothing" : value.canonical
  }

  /// Digests in twelve digits.
  private static func short(_ value: JSONValue) -> String {
    guard let digests = value.strings else { return "nothing" }
    let shown = digests.prefix(3).map { String($0.prefix(12)) }.joined(separator: ", ")
    return digests.count > 3 ? "\(shown), ... (\(digests.count))" : shown
  }
}

/// Why a job has to run.
public enum Reason: Sendable, Equatable {
  /// Nothing of this name was made before.
  case isNew
  /// It differs from what was made last.
  case changed([Change])
  /// Its result is known, but these outputs' bytes are gone or damaged.
  case outputsMissing([String])
  /// The user asked for it.
  case forced
  /// Its manifest says that it runs in every run.
  case always
  /// It was made with the same inputs, but the result is not remembered.
  case notRemembered
  /// Another job needs the bytes of this intermediate result.
  case neededBy(String)

  /// A few words, such as `parameter epochs: 3 -> 5`.
  public var text: String {
    switch self {
    case .isNew: "not made before"
    case .changed(let changes): changes.map(\.text).joined(separator: "; ")
    case .outputsMissing(let ports):
      "the bytes of \(ports.joined(separator: ", ")) are gone"
    case .forced: "forced"
    case .always: "it runs always"
    case .notRemembered: "its result is not remembered"
    case .neededBy(let name): "\(name) needs its bytes"
    }
  }

  public var json: JSONValue {
    var json: JSONValue = ["text": .string(text)]
    switch self {
    case .isNew: json["kind"] = "new"
    case .changed(let changes):
      json["kind"] = "changed"
      json["changes"] = .array(changes.map(\.json))
    case .outputsMissing(let ports):
      json["kind"] = "outputs-missing"
      json["outputs"] = JSONValue(ports)
    case .forced: json["kind"] = "forced"
    case .always: json["kind"] = "always"
    case .notRemembered: json["kind"] = "not-remembered"
    case .neededBy(let name):
      json["kind"] = "needed"
      json["by"] = .string(name)
    }
    return json
  }
}
