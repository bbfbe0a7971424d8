import Artifacts
import Platform
import YAML

/// The planner's source of information about stages.
public protocol ContractCatalogue {
  /// The executable and contract of a stage.
  /// - Throws: `Fault` where there is none, or it does not describe itself.
  func program(_ stage: String) throws -> StageProgram
  /// The digest of a file, for `pin: binary`.
  func digest(ofFile path: String) throws -> Digest
}

/// Makes a plan of a manifest, noting every fault before anything runs.
public struct Planner {
  /// The meaning of a stage's name while the manifest is expanded.
  struct Instances {
    var axes: [String] = []
    /// One row an instance, in order; its job is nil where a condition left it out.
    var rows: [(values: [JSONValue], job: Int?)] = []
    var outputs: [Job.Output] = []
    /// Its faults are noted; what depends on it is not looked at.
    var isBroken = false
  }

  let manifest: Manifest
  let catalogue: any ContractCatalogue
  let overrides: [Override]
  var faults: FaultCollector
  var scope = Scope(variables: [:])
  var sources: [Plan.Source] = []
  var sourceIndex: [String: Int] = [:]
  /// Sources whose path is empty: those that no stage takes are of no account.
  var emptySources: Set<Int> = []
  var stageIndex: [String: Int] = [:]
  /// By the stage's index; nil where it is not looked at yet.
  var expansions: [Instances?] = []
  var programs: [String: StageProgram] = [:]
  var jobs: [Job] = []
  /// The instances of the stage that is expanded.
  var jobNames: Set<String> = []
  /// Words of commands that were met, as they were read and as they came out last.
  var words: [String: (template: Template, word: CommandWord)] = [:]
  var hints: [String] = []
  /// Whether a word of a command is a file of the project, by the word.
  var projectFiles: [String: Bool] = [:]
  /// The outputs of the command that was read last.
  var lastOutputs: [Job.Output] = []
  var pinnedPrograms: Set<String> = []
  /// How many of each named token there are, as the manifest says.
  private var totals: [String: Int] = [:]
  private var cache: String?

  /// Reads, checks and expands the manifest at `path`.
  /// - Throws: `Faults`, all of them.
  public static func plan(
    _ path: String, overrides: [String] = [], catalogue: any ContractCatalogue
  ) throws -> Plan {
    var (manifest, faults) = ManifestReader.read(path)
    let parsed = overrides.compactMap { text in faults.collect { try Override(text) } }
    for override in parsed { override.apply(to: &manifest, faults: faults) }
    var planner = Planner(
      manifest: manifest, catalogue: catalogue, overrides: parsed, faults: faults)
    planner.expand()
    try planner.faults.finish()
    return try planner.finish(overrides)
  }

  init(
    manifest: Manifest, catalogue: any ContractCatalogue, overrides: [Override],
    faults: FaultCollector
  ) {
    self.manifest = manifest
    self.catalogue = catalogue
    self.overrides = overrides
    self.faults = faults
  }

  private mutating func expand() {
    scope = VariableResolver.resolve(manifest.variables, faults: faults)
    for source in manifest.sources { add(source) }
    stageIndex.reserveCapacity(manifest.stages.count)
    for (index, stage) in manifest.stages.enumerated() { stageIndex[stage.name] = index }
    expansions = Array(repeating: nil, count: manifest.stages.count)
    jobs.reserveCapacity(manifest.stages.count)
    readTop()
    for index in stageOrder() { expand(index) }
  }

  private mutating func add(_ source: Manifest.Source) {
    let filled = faults.collect { try scope.fill(source.path) }
    sourceIndex[source.name] = sources.count
    guard let text = filled?.string else {
      if let filled {
        faults.refuse(
          "the path of source '\(source.name)' is \(filled.kindName) and must be text",
          at: source.place)
      }
      sources.append(.init(name: source.name, path: "", place: source.place))
      return
    }
    if text.isEmpty { emptySources.insert(sources.count) }
    let base = isFromCommandLine(source.path) ? currentDirectory() : manifest.root
    let path = Files.join(base, text)
    var found = Plan.Source(name: source.name, path: path, place: source.place)
    if !Files.exists(path) {
      found.pattern = Glob(path)
      let isEmpty = faults.collect { try found.pattern?.files().isEmpty ?? true } ?? false
      if isEmpty {
        let what = found.pattern == nil ? "there is nothing at" : "no file matches"
        faults.append(
          Fault(
            .missingInput, "source '\(source.name)': \(what) '\(path)'", at: source.place))
      }
    }
    sources.append(found)
  }

  /// Whether a path is one variable that `--set` gave: such a path starts where the user is.
  private func isFromCommandLine(_ node: YAMLNode) -> Bool {
    guard case .text(let text) = node.value, let template = try? Template(text, at: nil),
      let name = template.lone
    else { return false }
    return manifest.variables.contains { $0.name == name && $0.isOverride }
  }

  /// Reads what stands at the top of the manifest beside the stages.
  private mutating func readTop() {
    for entry in manifest.tokens {
      totals[entry.key] = quantity(entry.value, "a count of 0 or more") { Self.natural($0) }
    }
    guard let node = manifest.cache, let value = faults.collect({ try scope.fill(node) }),
      !value.isNull
    else { return }
    guard let text = value.string, !text.isEmpty else {
      faults.refuse(
        "cache is " + (value == "" ? "empty" : "\(value.kindName)")
          + " and must be the path of a folder", at: node.place)
      return
    }
    cache = text
  }

  private func finish(_ overrides: [String]) throws -> Plan {
    var tokens: [String: Int] = [:]
    for job in jobs {
      for (name, count) in job.resources.tokens { tokens[name] = max(tokens[name] ?? 1, count) }
    }
    let maps = Set(manifest.variables.filter(\.isLiteralMap).map(\.name))
    for (name, count) in totals { tokens[name] = count }
    return Plan(
      files: manifest.files, name: manifest.name, root: lexical(absolute(manifest.root)),
      sources: sources, jobs: jobs, pinnedPrograms: pinnedPrograms.sorted(), tokens: tokens,
      cache: cache.map { Files.join(manifest.root, $0) }, overrides: overrides,
      hints: hints,
      // Of a parameter file its values are told, not the maps that they stand in.
      variables: scope.variables.filter { !maps.contains($0.key) })
  }
}

/// A `--set NAME=VALUE`.
struct Override {
  let target: String
  let node: YAMLNode

  init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw Fault(.usage, "--set takes NAME=VALUE, not '\(text)'")
    }
    target = String(text[..<equals])
    node = try YAML.parse(String(text[text.index(after: equals)...]), file: "--set \(target)")
  }

  func apply(to manifest: inout Manifest, faults: FaultCollector) {
    let isVariable = manifest.variables.contains { $0.name == target }
    guard let dot = target.firstIndex(of: "."), !isVariable else {
      guard let index = manifest.variables.firstIndex(where: { $0.name == target }) else {
        faults.unknown(
          "variable", target, among: manifest.variables.map(\.name), at: node.place)
        return
      }
      guard !manifest.variables[index].isLiteralMap else {
        faults.refuse(
          "'\(target)' is a map of a parameter file", at: node.place,
          remedy: "set one of its values, such as \(target).NAME")
        return
      }
      manifest.variables[index] = .init(name: target, node: node, isOverride: true)
      return
    }
    let stage = String(target[..<dot])
    let parameter = String(target[target.index(after: dot)...])
    guard let index = manifest.stages.firstIndex(where: { $0.name == stage }) else {
      faults.unknown("stage", stage, among: manifest.stages.map(\.name), at: node.place)
      return
    }
    if case .command = manifest.stages[index].body {
      faults.refuse("'\(stage)' runs a command and has no parameters", at: node.place)
      return
    }
    manifest.stages[index].parameters.removeAll { $0.key == parameter }
    manifest.stages[index].parameters.append(
      YAMLEntry(key: parameter, value: node, keyNode: node))
  }
}
