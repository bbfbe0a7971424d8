import Artifacts
import Platform
import YAML

/// A file that a manifest consists of.
public struct ManifestFile: Sendable, Equatable {
  public var path: String
  public var digest: Digest
}

/// Reads a manifest and what it includes, noting every fault on the way.
struct ManifestReader {
  static let reservedStageNames = ["sources", "variables", "matrix", "in", "out"]
  /// The words with which `${name.` begins a reference of another kind.
  private static let reservedVariables = ["matrix", "in", "out", "place"]
  private static let keys = [
    "ferry", "name", "variables", "include", "sources", "stages", "cache", "tokens",
    "parameters",
  ]

  /// Files that include one another in a chain.
  private static let mostIncludes = 32

  private(set) var manifest: Manifest
  let faults = FaultCollector()
  private var open: [String] = []
  /// The place where each source and stage was first named, by kind and name.
  private var places: [String: [String: Fault.Place]] = [:]

  /// Reads the manifest at `path`; faults are in `faults`.
  static func read(_ path: String) -> (Manifest, FaultCollector) {
    var reader = ManifestReader(manifest: Manifest(file: path))
    reader.load(path, isRoot: true, from: nil)
    if reader.manifest.stages.isEmpty, reader.faults.isEmpty {
      reader.faults.refuse("the manifest has no stages", at: Fault.Place(path))
    }
    return (reader.manifest, reader.faults)
  }

  private init(manifest: Manifest) { self.manifest = manifest }

  private mutating func load(_ path: String, isRoot: Bool, from place: Fault.Place?) {
    let canonical = Files.resolve(path)
    guard !open.contains(canonical) else {
      faults.refuse("'\(path)' includes itself", at: place)
      return
    }
    guard isRoot || !manifest.files.contains(where: { Files.resolve($0.path) == canonical }) else {
      return
    }
    guard open.count < Self.mostIncludes else {
      faults.refuse("includes nest deeper than \(Self.mostIncludes) files", at: place)
      return
    }
    open.append(canonical)
    defer { open.removeLast() }
    let loaded = faults.collect { () throws -> (YAMLNode, Digest) in
      do {
        let bytes = try Files.read(path, limit: YAML.Limits().bytes)
        return (try YAML.parse(bytes, file: path), Digest(hashing: bytes))
      } catch let fault as Fault {
        throw fault.located(at: place ?? Fault.Place(path))
      }
    }
    guard let (root, digest) = loaded else { return }
    manifest.files.append(ManifestFile(path: path, digest: digest))
    readTop(root, isRoot: isRoot)
  }

  private mutating func readTop(_ root: YAMLNode, isRoot: Bool) {
    guard let entries = map(root, "the manifest") else { return }
    check(entries, against: Self.keys, what: "key")
    if isRoot { checkVersion(root) }
    for entry in entries {
      switch entry.key {
      case "name": if isRoot { manifest.name = text(entry.value, "name") ?? "" }
      case "variables": readVariables(entry.value)
      case "sources": readSources(entry.value)
      case "stages": readStages(entry.value)
      case "cache": if isRoot { manifest.cache = entry.value }
      case "tokens": manifest.tokens += map(entry.value, "tokens") ?? []
      default: break
      }
    }
    if let parameters = root["parameters"] { readParameters(parameters) }
    if let include = root["include"] { readIncludes(include) }
  }

  private mutating func checkVersion(_ root: YAMLNode) {
    guard let version = root["ferry"] else {
      faults.refuse(
        "the manifest does not say its version", at: root.place, remedy: "begin with 'ferry: 1'")
      return
    }
    guard case .integer(1) = version.value else {
      faults.refuse(
        "this Ferry reads manifests of version 1, not '\(version.text)'", at: version.place)
      return
    }
  }

  private mutating func readIncludes(_ node: YAMLNode) {
    let project = Files.resolve(manifest.root)
    for item in list(node) {
      guard let name = text(item, "include") else { continue }
      let path = Files.join(Files.parent(of: item.place.file), name)
      let inside = project == "/" || Files.resolve(path).hasPrefix(project + "/")
      guard !Files.exists(path) || inside else {
        faults.refuse(
          "'\(name)' lies outside the project '\(manifest.root)'", at: item.place,
          remedy: "include only files beside the manifest or below it")
        continue
      }
      load(path, isRoot: false, from: item.place)
    }
  }

  private mutating func readVariables(_ node: YAMLNode) {
    for entry in map(node, "variables") ?? [] {
      // The including file is read first, so its value stands.
      guard named(entry, "variable", unique: false) else { continue }
      if manifest.variables.contains(where: { $0.name == entry.key }) { continue }
      manifest.variables.append(.init(name: entry.key, node: entry.value))
    }
  }

  /// Reads parameter files, of which each value is a variable named by its path: `train.lr`.
  private mutating func readParameters(_ node: YAMLNode) {
    for item in list(node) {
      guard let name = text(item, "parameters"), !name.isEmpty else { continue }
      let path = Files.join(Files.parent(of: item.place.file), name)
      let loaded = faults.collect { () throws -> YAMLNode in
        do {
          let bytes = try Files.read(path, limit: YAML.Limits().bytes)
          manifest.files.append(ManifestFile(path: path, digest: Digest(hashing: bytes)))
          return try YAML.parse(bytes, file: path)
        } catch let fault as Fault {
          throw fault.located(at: item.place)
        }
      }
      guard let loaded, let entries = map(loaded, "'\(name)'") else { continue }
      addParameters(entries, prefix: "")
    }
  }

  private mutating func addParameters(_ entries: [YAMLEntry], prefix: String) {
    for entry in entries {
      // A name that no reference can be written to, and a null, are left out.
      guard isName(entry.key) else { continue }
      if case .null = entry.value.value { continue }
      let name = prefix + entry.key
      guard !Self.reservedVariables.contains(name) else {
        faults.refuse(
          "'\(name)' is a reserved name", at: entry.keyNode.place,
          remedy: "give the parameters another name")
        continue
      }
      if let first = manifest.variables.first(where: { $0.name == name }) {
        faults.refuse(
          "the variable '\(name)' stands in \(first.node.place) too", at: entry.keyNode.place)
        continue
      }
      manifest.variables.append(.init(name: name, node: entry.value, isLiteral: true))
      if case .map(let members) = entry.value.value { addParameters(members, prefix: name + ".") }
    }
  }

  private mutating func readSources(_ node: YAMLNode) {
    for entry in map(node, "sources") ?? [] {
      guard named(entry, "source") else { continue }
      if case .text = entry.value.value {
        manifest.sources.append(.init(name: entry.key, path: entry.value))
        continue
      }
      guard let members = map(entry.value, "source '\(entry.key)'") else { continue }
      check(members, against: ["path"], what: "key of a source")
      guard let path = entry.value["path"] else {
        faults.refuse(
          "source '\(entry.key)' has no path", at: entry.keyNode.place,
          remedy: "write { path: FILE or FOLDER }")
        continue
      }
      manifest.sources.append(.init(name: entry.key, path: path))
    }
  }

  private mutating func readStages(_ node: YAMLNode) {
    for entry in map(node, "stages") ?? [] {
      guard named(entry, "stage") else { continue }
      guard !Self.reservedStageNames.contains(entry.key) else {
        faults.refuse("'\(entry.key)' is a reserved name", at: entry.keyNode.place)
        continue
      }
      if let stage = readStage(entry) { manifest.stages.append(stage) }
    }
  }

  /// Checks that a name is well formed and stands once in all files together.
  private mutating func named(_ entry: YAMLEntry, _ what: String, unique: Bool = true) -> Bool {
    guard isName(entry.key) else {
      faults.refuse(
        "'\(entry.key)' cannot name a \(what)", at: entry.keyNode.place,
        remedy: "use letters, digits, '_' and '-', a letter first")
      return false
    }
    guard unique else { return true }
    let place = entry.keyNode.place
    if let first = places[what, default: [:]].updateValue(place, forKey: entry.key) {
      faults.refuse("the \(what) '\(entry.key)' stands in \(first) too", at: entry.keyNode.place)
      return false
    }
    return true
  }
}

extension ManifestReader {
  mutating func check(_ entries: [YAMLEntry], against known: [String], what: String) {
    for entry in entries where !known.contains(entry.key) {
      faults.unknown(what, entry.key, among: known, at: entry.keyNode.place)
    }
  }

  mutating func map(_ node: YAMLNode, _ what: String) -> [YAMLEntry]? {
    if case .map(let entries) = node.value { return entries }
    if case .null = node.value { return [] }
    faults.refuse("\(what) is \(node.kind) and must be a map", at: node.place)
    return nil
  }

  /// The items of a list; anything else is a list of itself.
  func list(_ node: YAMLNode) -> [YAMLNode] {
    switch node.value {
    case .list(let items): items
    case .null: []
    default: [node]
    }
  }

  mutating func text(_ node: YAMLNode, _ what: String) -> String? {
    switch node.value {
    case .text, .integer, .real, .bool: return node.text
    default:
      faults.refuse("\(what) is \(node.kind) and must be text", at: node.place)
      return nil
    }
  }
}
