import Platform
import YAML

/// Reads the stages of a dvc.yaml, noting what has no counterpart.
struct DVCReader {
  private static let keys = [
    "cmd", "wdir", "deps", "params", "outs", "metrics", "plots", "always_changed", "frozen", "desc",
    "meta",
  ]

  let faults = FaultCollector()

  func stages(_ document: YAMLNode) -> [DVCImport.Stage] {
    if let vars = document["vars"] {
      faults.refuse(
        "'vars' is not taken over", at: vars.place, remedy: "write the values out in dvc.yaml")
    }
    guard case .map(let entries)? = document["stages"]?.value else { return [] }
    return entries.compactMap { stage($0) }
  }

  private func stage(_ entry: YAMLEntry) -> DVCImport.Stage? {
    let node = entry.value
    guard case .map(let members) = node.value, isName(entry.key),
      !ManifestReader.reservedStageNames.contains(entry.key)
    else {
      faults.refuse("'\(entry.key)' cannot become a stage", at: entry.keyNode.place)
      return nil
    }
    for member in members where !Self.keys.contains(member.key) {
      faults.refuse(
        "'\(member.key)' of stage '\(entry.key)' is not taken over", at: member.keyNode.place,
        remedy: "write its stages out one by one")
    }
    let commands = texts(node["cmd"])
    if commands.isEmpty { faults.refuse("'\(entry.key)' has no cmd", at: entry.keyNode.place) }
    let directory = node["wdir"].map { path($0.text, in: ".", at: $0.place) } ?? "."
    var inputs = paths(node["deps"], in: directory)
    inputs += parameterFiles(node["params"], in: directory)
    let outputs = ["outs", "metrics", "plots"].flatMap { paths(node[$0], in: directory) }
    var always = false
    if case .bool(true)? = node["always_changed"]?.value { always = true }
    return DVCImport.Stage(
      name: entry.key, commands: commands, directory: directory, inputs: inputs, outputs: outputs,
      always: always, place: entry.keyNode.place)
  }

  private func list(_ node: YAMLNode?) -> [YAMLNode] {
    switch node?.value {
    case .list(let items)?: items
    case nil, .null?: []
    default: [node].compactMap { $0 }
    }
  }

  private func texts(_ node: YAMLNode?) -> [String] {
    list(node).map { item in
      check(item.text, at: item.place)
      return item.text
    }
  }

  private func check(_ text: String, at place: Fault.Place) {
    guard text.contains("${") else { return }
    faults.refuse(
      "the template in '\(text)' is not taken over", at: place, remedy: "write its value out")
  }

  /// Paths, each a text or a map of one path to its options.
  private func paths(_ node: YAMLNode?, in directory: String) -> [String] {
    list(node).compactMap { item in
      guard case .map(let entries) = item.value else {
        return path(item.text, in: directory, at: item.place)
      }
      guard let entry = entries.first else { return nil }
      if case .bool(true)? = entry.value["persist"]?.value {
        faults.refuse(
          "'\(entry.key)' persists between runs, which no output does here",
          at: entry.keyNode.place)
      }
      return path(entry.key, in: directory, at: entry.keyNode.place)
    }
  }

  /// The files that parameters come from; params.yaml where none is named.
  private func parameterFiles(_ node: YAMLNode?, in directory: String) -> [String] {
    var files: [String] = []
    for item in list(node) {
      if case .map(let entries) = item.value {
        files += entries.map { path($0.key, in: directory, at: $0.keyNode.place) }
      } else {
        files.append(path("params.yaml", in: directory, at: item.place))
      }
    }
    return files.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// A path from the project's folder.
  private func path(_ text: String, in directory: String, at place: Fault.Place) -> String {
    check(text, at: place)
    let path = lexical(Files.join(directory, text))
    if text.isEmpty || path.hasPrefix("/") || path.hasPrefix("..") || text.contains("://") {
      faults.refuse(
        "'\(text)' lies outside the project", at: place, remedy: "declare it as a source by hand")
    }
    return path.isEmpty ? "." : path
  }
}
