import Artifacts
import Platform

/// An option of a command: a flag, or one that takes a value.
struct Option: Sendable {
  var name: String
  /// The name of the value; nil for a flag.
  var value: String?
  var help: String
  /// The values there are, where they can be listed.
  var choices: [String] = []

  var usage: String { value.map { "--\(name) \($0)" } ?? "--\(name)" }
}

/// A command of the driver: its words, and what it does.
///
/// The table of commands is the one source for parsing, help and shell completions. The parser is
/// our own because a run with nothing to do must end in milliseconds: the package for command
/// lines brings Foundation in, which costs more to load than all of such a run.
struct Command: Sendable {
  var name: String
  var summary: String
  /// The positional arguments, as help shows them.
  var operands: String
  var options: [Option]
  /// Called by scripts of ours, and in no list.
  var isHidden = false
  var run: @Sendable (Arguments) throws -> Int32

  static let workspace = Option(
    name: "workspace", value: "DIR", help: "The workspace; .ferry beside the manifest by default.")
  static let json = Option(name: "json", value: nil, help: "Write JSON to standard output.")
  static let set = Option(
    name: "set", value: "NAME=VALUE",
    help: "Give a variable, or STAGE.PARAMETER, a value (YAML); may be repeated.")

  /// How many operands it takes; nil for any number.
  var mostOperands: Int? {
    operands.contains("...") ? nil : operands.split(separator: " ").count
  }

  var json: JSONValue {
    [
      "name": .string(name), "summary": .string(summary), "operands": .string(operands),
      "options": .array(
        options.map {
          [
            "name": .string($0.name), "value": $0.value.map { .string($0) } ?? .null,
            "help": .string($0.help),
          ]
        }),
    ]
  }

  var help: String {
    var text = "\(summary)\n\nusage: ferry \(name)"
    if !operands.isEmpty { text += " \(operands)" }
    text += " [options]\n\noptions:\n"
    for option in options + [Option(name: "help", value: nil, help: "Show this help.")] {
      let usage = option.usage
      let pad = String(repeating: " ", count: max(2, 24 - usage.count))
      text += "  \(usage)\(pad)\(option.help)\n"
    }
    return text
  }
}

/// A command's arguments, checked against its table.
struct Arguments {
  private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]
  let words: [String]

  /// - Throws: `Fault` (usage) for an unknown option or a missing value.
  init(_ words: [String], of command: Command) throws {
    self.words = words
    var rest = words[...]
    var isLiteral = false
    while let word = rest.popFirst() {
      if isLiteral || !word.hasPrefix("-") || word == "-" {
        operands.append(word)
        continue
      }
      if word == "--" {
        isLiteral = true
        continue
      }
      let (name, attached) = Self.split(word)
      guard let option = command.options.first(where: { $0.name == name }) else {
        throw Fault(
          .usage, "'ferry \(command.name)' has no option '\(word)'",
          remedy: nearestWord(to: name, among: command.options.map(\.name)).map {
            "did you mean '--\($0)'?"
          } ?? "see 'ferry \(command.name) --help'")
      }
      guard option.value != nil else {
        guard attached == nil else { throw Fault(.usage, "'--\(name)' takes no value") }
        values[name, default: []].append("")
        continue
      }
      guard let value = attached ?? rest.popFirst() else {
        throw Fault(.usage, "'--\(name)' needs a value", remedy: option.usage)
      }
      values[name, default: []].append(value)
    }
    if let most = command.mostOperands, operands.count > most {
      throw Fault(
        .usage, "'ferry \(command.name)' has no place for '\(operands[most])'",
        remedy: "usage: ferry \(command.name) \(command.operands)")
    }
  }

  /// `--name=value` in two; short forms stand for their long ones.
  private static func split(_ word: String) -> (String, String?) {
    let short = ["-j": "jobs", "-k": "keep-going", "-n": "dry-run", "-h": "help"]
    if let name = short[word] { return (name, nil) }
    if let number = word.hasPrefix("-j") ? Int(word.dropFirst(2)) : nil {
      return ("jobs", "\(number)")
    }
    let body = word.drop { $0 == "-" }
    guard let equals = body.firstIndex(of: "=") else { return (String(body), nil) }
    return (String(body[..<equals]), String(body[body.index(after: equals)...]))
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  func value(_ name: String) -> String? { values[name]?.last }

  /// A whole number of at least one.
  func count(_ name: String) throws -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), number > 0 else {
      throw Fault(.usage, "'--\(name)' takes a whole number of 1 or more, not '\(text)'")
    }
    return number
  }

  /// The manifest, and the operands after it.
  ///
  /// The first operand is the manifest where it is named or written like one; `ferry.yaml` is meant
  /// otherwise. A file that is called like a stage, and a result, are targets.
  var manifest: (path: String, rest: [String]) {
    guard let first = operands.first, Self.isManifest(first) else {
      return ("ferry.yaml", operands)
    }
    return (first, Array(operands.dropFirst()))
  }

  private static func isManifest(_ path: String) -> Bool {
    if path.split(separator: "/").contains("artifacts"), !namesVersion(path) { return false }
    return path.hasSuffix(".yaml") || path.hasSuffix(".yml") || namesVersion(path)
  }

  /// True if a file has a key `ferry` at the beginning of a line.
  private static func namesVersion(_ path: String) -> Bool {
    guard let status = Files.status(path), status.kind == .file, status.size > 0,
      let head = try? Files.read(0..<min(status.size, 1 << 16), of: path)
    else { return false }
    return head.split(separator: UInt8(ascii: "\n")).contains { line in
      line.drop { "\u{FEFF}{ \"".utf8.contains($0) }.starts(with: "ferry".utf8)
        && line.contains(UInt8(ascii: ":"))
    }
  }
}
