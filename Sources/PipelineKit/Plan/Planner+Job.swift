import Artifacts
import Platform
import YAML

extension Planner {
  /// The inputs and outputs of a stage, for every kind of stage.
  struct Face {
    /// Nil where any port may be connected (commands).
    var inputs: [ContractPort]?
    var outputs: [Job.Output]
    var program: StageProgram?
  }

  /// Asks a stage's executable, or reads what a command declares.
  mutating func face(of stage: Manifest.Stage) -> Face? {
    switch stage.body {
    case .contract(let node):
      guard let program = program(node) else { return nil }
      let outputs = program.contract.outputs.map {
        Job.Output(port: $0.name, kind: $0.kind, schema: $0.schema, form: .artifact)
      }
      return Face(
        inputs: program.contract.inputs,
        outputs: outputs.sorted { $0.port.utf8Precedes($1.port) },
        program: program)
    case .command:
      return Face(inputs: nil, outputs: commandOutputs(stage), program: nil)
    }
  }

  private mutating func program(_ node: YAMLNode) -> StageProgram? {
    if let known = programs[node.text] { return known }
    let found = faults.collect { () throws -> StageProgram in
      do { return try catalogue.program(node.text) } catch let fault as Fault {
        throw fault.located(at: node.place)
      }
    }
    programs[node.text] = found
    return found
  }

  private mutating func commandOutputs(_ stage: Manifest.Stage) -> [Job.Output] {
    var outputs: [Job.Output] = []
    for entry in stage.outputs {
      guard isName(entry.key) else {
        faults.refuse("'\(entry.key)' cannot name an output", at: entry.keyNode.place)
        continue
      }
      let kind = entry.value.text
      let suffix = kind.firstIndex(of: ".").map { String(kind[$0...]) } ?? ""
      guard let form = Job.Output.Form(rawValue: String(kind.dropLast(suffix.count))),
        form != .artifact, Self.isSuffix(suffix)
      else {
        faults.unknown(
          "kind of output", kind, among: ["file", "files", "file.ENDING"], at: entry.value.place)
        continue
      }
      outputs.append(.init(port: entry.key, kind: kind, schema: 1, form: form, suffix: suffix))
    }
    outputs.sort { $0.port.utf8Precedes($1.port) }
    // Stages of one kind share one list.
    if outputs == lastOutputs { return lastOutputs }
    lastOutputs = outputs
    return outputs
  }

  /// Whether a file's name may end so: nothing, or a dot and letters, digits, `.`, `_` and `-`.
  private static func isSuffix(_ text: String) -> Bool {
    text.isEmpty
      || (text.utf8.count > 1 && text.utf8.count <= 32
        && text.utf8.allSatisfy { byte in
          isName(String(UnicodeScalar(byte))) || "0123456789.-".utf8.contains(byte)
        })
  }

  /// Makes one instance; nil where its condition or an absent input leaves it out.
  mutating func makeJob(
    _ stage: Manifest.Stage, face: Face, wires: [Wire], axes: [String], values: [JSONValue]
  ) -> Int? {
    if !axes.isEmpty { scope.axes = Dictionary(uniqueKeysWithValues: zip(axes, values)) }
    defer { if !axes.isEmpty { scope.axes = [:] } }
    let axisList = zip(axes, values).map { Job.Axis(name: $0, value: $1) }
    let name = Job.name(stage.name, axisList)
    guard holds(stage.when), let inputs = inputs(wires) else { return nil }
    // Stages have names of their own, so only instances of one stage can meet.
    guard axes.isEmpty || jobNames.insert(name).inserted else {
      faults.refuse("two instances are called '\(name)'", at: stage.place)
      return nil
    }
    checkSources(inputs, stage)
    let environment = environment(stage)
    let parameters = parameters(stage, face)
    let command = commandWords(stage, face, inputs)
    let directory = directory(stage)
    guard let resources = resources(stage) else { return nil }
    let timeout = stage.timeout.flatMap {
      quantity($0, "a duration such as 2h") { value in
        Quantities.seconds(value).flatMap { $0 > 0 ? $0 : nil }
      }
    }
    let retries = stage.retries.flatMap { quantity($0, "a count") { Self.natural($0) } }
    let binary = stage.pinsBinary ? binary(stage, face, in: directory) : nil
    let program: Job.Program = face.program.map { .stage($0) } ?? .command(command)
    jobs.append(
      Job(
        index: jobs.count, stage: stage.name, axes: axisList, name: name, place: stage.place,
        program: program, inputs: inputs, outputs: face.outputs,
        parameters: parameters, environment: environment, resources: resources,
        retries: retries ?? 0, timeout: timeout, intermediate: stage.intermediate,
        always: stage.always, directory: directory,
        wrapper: stage.wrapper.compactMap { word in
          faults.collect { try commandWord(word, face, inputs, stage) }
        }, writes: writes(stage), binary: binary))
    return jobs.count - 1
  }

  /// A source that is used must have a path.
  private mutating func checkSources(_ inputs: [Job.Input], _ stage: Manifest.Stage) {
    guard !emptySources.isEmpty else { return }
    for case .source(let index) in inputs.flatMap(\.origins) where emptySources.contains(index) {
      faults.refuse(
        "the path of source '\(sources[index].name)', which '\(stage.name)' takes, is empty",
        at: sources[index].place)
    }
  }

  private mutating func holds(_ when: YAMLNode?) -> Bool {
    guard let when else { return true }
    let scope = scope
    let result = faults.collect { () throws -> Bool in
      if case .bool(let value) = when.value { return value }
      guard case .text(let text) = when.value else {
        throw Fault(.badInput, "when is \(when.kind) and must be a condition", at: when.place)
      }
      return try Condition(text, at: when.place).holds { try scope.value($0, at: when.place) }
    }
    return result ?? true
  }

  /// The artifacts of one instance; nil where a required one was left out by its condition.
  private func inputs(_ wires: [Wire]) -> [Job.Input]? {
    var inputs: [Job.Input] = []
    for wire in wires {
      var origins: [Job.Origin] = []
      for link in wire.links {
        switch plain(link.target) {
        case .source(let index): origins.append(.source(index))
        case .job(let index?, let port): origins.append(.job(index, port: port))
        case .job(nil, _): if !wire.optional { return nil }
        case .jobs(let axes, let byValue, let port):
          let key = InstanceRows.key(axes.map { scope.axes[$0] ?? .null })
          let found = byValue[key] ?? []
          if !link.gathers, found.contains(nil), !wire.optional { return nil }
          origins += found.compactMap { $0.map { .job($0, port: port) } }
        case .choice, nil: continue
        }
      }
      if origins.isEmpty {
        if wire.optional { continue }
        return nil
      }
      inputs.append(.init(port: wire.port, several: wire.several, origins: origins))
    }
    if inputs.count > 1 { inputs.sort { $0.port.utf8Precedes($1.port) } }
    return inputs
  }

  /// The meaning of a target for this instance.
  private func plain(_ target: Link.Target) -> Link.Target? {
    guard case .choice(let axes, let byValue) = target else { return target }
    return byValue[InstanceRows.key(axes.map { scope.axes[$0] ?? .null })].flatMap { plain($0) }
  }

  private mutating func environment(_ stage: Manifest.Stage) -> [String: String?] {
    var environment: [String: String?] = [:]
    for node in stage.environment {
      guard case .text(let name) = node.value, !name.isEmpty, !name.contains("="),
        !name.contains("\0")
      else {
        let what = node.text.isEmpty ? node.kind : "'\(node.text)'"
        faults.refuse(
          "\(what) cannot name an environment variable", at: node.place,
          remedy: "environment takes a list of names, such as [LANG]")
        continue
      }
      environment.updateValue(environmentValue(name), forKey: name)
    }
    return environment
  }

  private mutating func writes(_ stage: Manifest.Stage) -> [String] {
    stage.writes.compactMap { node in
      guard let value = faults.collect({ try scope.fill(node) }) else { return nil }
      if let text = value.string, !text.isEmpty { return text }
      faults.refuse(
        "writes has \(value == "" ? "an empty text" : value.kindName) and takes paths",
        at: node.place)
      return nil
    }
  }

  mutating func parameters(_ stage: Manifest.Stage, _ face: Face) -> [String: JSONValue] {
    guard let contract = face.program?.contract else { return [:] }
    var given: [String: JSONValue] = [:]
    for entry in stage.parameters {
      given[entry.key] = faults.collect { try scope.fill(entry.value) }
    }
    guard given.count == stage.parameters.count else { return [:] }
    do {
      return try contract.resolve(given)
    } catch let problems as ContractProblems {
      for problem in problems.problems {
        let entry = stage.parameters.first { $0.key == problem.parameter }
        let known = contract.parameter(problem.parameter) != nil
        let place = known ? entry?.value.place : entry?.keyNode.place
        faults.refuse(problem.message, at: place ?? stage.place, remedy: problem.remedy)
      }
    } catch {
      faults.refuse("\(error)", at: stage.place)
    }
    return [:]
  }

  private mutating func commandWords(
    _ stage: Manifest.Stage, _ face: Face, _ inputs: [Job.Input]
  ) -> [CommandWord] {
    guard case .command(let words) = stage.body else { return [] }
    return words.compactMap { node in
      faults.collect { try commandWord(node, face, inputs, stage) }
    }
  }

  private mutating func commandWord(
    _ node: YAMLNode, _ face: Face, _ inputs: [Job.Input], _ stage: Manifest.Stage
  ) throws -> CommandWord {
    guard case .text = node.value else {
      let value = JSONValue(node)
      guard value.number != nil || value.bool != nil else {
        throw Fault(.badInput, "a word of the command is \(node.kind)", at: node.place)
      }
      return CommandWord(parts: [.text(node.text)])
    }
    if let known = words[node.text] {
      let word = try self.word(known.template, node.place, face, inputs, stage)
      // Equal words share their parts.
      return word == known.word ? known.word : word
    }
    let template = try Template(node.text, at: node.place)
    let word = try self.word(template, node.place, face, inputs, stage)
    if words.count < Self.wordLimit { words[node.text] = (template, word) }
    return word
  }

  /// Words that are kept; more differ from one another anyway.
  private static let wordLimit = 4_096

  private func word(
    _ template: Template, _ place: Fault.Place, _ face: Face, _ inputs: [Job.Input],
    _ stage: Manifest.Stage
  ) throws -> CommandWord {
    CommandWord(
      parts: try template.parts.map { part in
        guard case .reference(let name) = part else {
          if case .text(let text) = part { return .text(text) }
          return .text("")
        }
        if name.hasPrefix("place.") {
          let word = String(name.dropFirst("place.".count))
          guard let found = CommandWord.Place(rawValue: word) else {
            throw unknown("place", word, CommandWord.Place.allCases.map(\.rawValue), place)
          }
          return .place(found)
        }
        if name.hasPrefix("in.") { return try inputPart(name, template, stage, inputs, place) }
        if name.hasPrefix("out.") {
          let port = String(name.dropFirst(4))
          guard face.outputs.contains(where: { $0.port == port }) else {
            throw unknown("output", port, face.outputs.map(\.port), place)
          }
          return .output(port)
        }
        return .text(try scope.text(name, at: place))
      })
  }

  private func inputPart(
    _ name: String, _ template: Template, _ stage: Manifest.Stage, _ inputs: [Job.Input],
    _ place: Fault.Place
  ) throws -> CommandWord.Part {
    let port = String(name.dropFirst(3))
    guard stage.inputs.contains(where: { $0.port.text == port }) else {
      throw unknown("input", port, stage.inputs.map(\.port.text), place)
    }
    let count = inputs.first { $0.port == port }?.origins.count ?? 0
    guard template.lone != nil || count == 1 else {
      throw Fault(
        .badInput, "'${\(name)}' stands for \(count) paths and must be a word of its own", at: place
      )
    }
    return .input(port)
  }

  private func unknown(
    _ what: String, _ word: String, _ known: [String], _ place: Fault.Place
  ) -> Fault {
    Fault(
      .badInput, "unknown \(what) '\(word)' in the command", at: place,
      remedy: suggestion(for: word, among: known))
  }
}
