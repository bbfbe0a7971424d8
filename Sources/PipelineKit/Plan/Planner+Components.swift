import Artifacts
import Platform
import YAML

extension Planner {
  /// The digest of the executable, under `pin: binary`.
  mutating func binary(
    _ stage: Manifest.Stage, _ face: Face, in directory: String?
  ) -> Digest? {
    var path = face.program?.path
    if case .command(let words) = stage.body {
      let root = directory.map { Files.join(manifest.root, $0) } ?? manifest.root
      path = findProgram(words[0].text, root: root)
    }
    guard let path else {
      faults.refuse("the program cannot be found, so 'pin: binary' cannot hold", at: stage.place)
      return nil
    }
    pinnedPrograms.insert(path)
    return faults.collect { try catalogue.digest(ofFile: path) }
  }

  /// The folder that a command runs in, from the manifest's.
  mutating func directory(_ stage: Manifest.Stage) -> String? {
    guard let node = stage.directory, let value = faults.collect({ try scope.fill(node) }) else {
      return nil
    }
    guard let text = value.string, !text.isEmpty else {
      faults.refuse(
        "directory is \(value == "" ? "empty" : value.kindName) and must be a folder's path",
        at: node.place)
      return nil
    }
    let path = lexical(absolute(Files.join(manifest.root, text)))
    guard (path + "/").hasPrefix(lexical(absolute(manifest.root)) + "/"), Files.isDirectory(path)
    else {
      faults.refuse(
        "there is no folder '\(text)' in the project for '\(stage.name)' to run in",
        at: node.place)
      return nil
    }
    return lexical(text)
  }

  mutating func resources(_ stage: Manifest.Stage) -> Resources? {
    var resources = Resources()
    for entry in stage.resources {
      switch entry.key {
      case "cpu":
        resources.cpu = quantity(entry.value, "a count of 1 or more") { Self.positive($0) }
      case "memory":
        resources.memory =
          quantity(entry.value, "a size such as 2GiB") { Quantities.bytes($0) } ?? 0
      case "gpu": resources.gpu = quantity(entry.value, "a count") { Self.natural($0) } ?? 0
      case "tokens":
        guard case .map(let tokens) = entry.value.value else {
          faults.refuse("tokens is \(entry.value.kind) and must be a map", at: entry.value.place)
          continue
        }
        for token in tokens {
          resources.tokens[token.key] = quantity(token.value, "a count") { Self.natural($0) }
        }
      default:
        faults.unknown(
          "resource", entry.key, among: ["cpu", "memory", "gpu", "tokens"],
          at: entry.keyNode.place)
      }
    }
    return resources
  }

  private static func positive(_ value: JSONValue) -> Int? {
    value.integer.flatMap { $0 > 0 ? $0 : nil }
  }

  static func natural(_ value: JSONValue) -> Int? {
    value.integer.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// A node's value read by `read`, or a fault that says what is expected.
  mutating func quantity<T>(
    _ node: YAMLNode, _ expected: String, _ read: (JSONValue) -> T?
  ) -> T? {
    guard let value = faults.collect({ try scope.fill(node) }) else { return nil }
    if let result = read(value) { return result }
    faults.refuse(
      "'\(value.canonical)' is not \(expected)", at: node.place)
    return nil
  }
}

/// The file a command's first word means: a path from `root`, or a name on PATH.
func findProgram(_ word: String, root: String) -> String? {
  if word.contains("/") {
    let path = Files.join(root, word)
    return Files.status(path)?.kind == .file ? path : nil
  }
  for directory in (environmentValue("PATH") ?? "/usr/bin:/bin").split(separator: ":") {
    let path = Files.join(String(directory), word)
    if isExecutable(path) { return path }
  }
  return nil
}
