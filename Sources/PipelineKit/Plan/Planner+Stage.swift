import Artifacts
import Platform
import YAML

extension Planner {
  /// An input of a stage, with what its references stand for.
  struct Wire {
    var port: String
    var several: Bool
    var optional: Bool
    var links: [Link]
    /// A reference has a fault, or leads to a stage that has.
    var isBroken = false
  }

  /// One reference of an input.
  struct Link {
    enum Target {
      case source(Int)
      /// The one job of a producer without axes; nil where a condition left it out.
      case job(Int?, port: String)
      /// The producer's jobs by their values on `axes`.
      case jobs(axes: [String], byValue: [String: [Int?]], port: String)
      /// Another target for every value of the `axes` that the reference names.
      indirect case choice(axes: [String], byValue: [String: Target])
    }
    var target: Target
    var gathers: Bool
  }

  /// Expands one stage into jobs.
  mutating func expand(_ index: Int) {
    let stage = manifest.stages[index]
    let before = faults.list.count
    var expansion = Instances()
    expansion.isBroken = true
    expansions[index] = expansion
    let face = face(of: stage)
    var rows = ownRows(of: stage)
    var wires: [Wire] = []
    for input in stage.inputs {
      if let wire = wire(input, of: stage, face: face, rows: &rows) { wires.append(wire) }
    }
    guard let face else { return }
    if faults.list.count == before { checkRequired(stage, face, wires) }
    guard faults.list.count == before, !wires.contains(where: \.isBroken) else {
      checkAlone(stage, face, rows)
      return
    }
    guard jobs.count + rows.values.count <= Self.mostInstances else {
      faults.refuse(
        "from here on the manifest has more than \(Self.mostInstances) instances",
        at: stage.place)
      return
    }
    expansion = Instances(axes: rows.axes, rows: [], outputs: face.outputs, isBroken: false)
    for values in rows.values {
      let job = makeJob(stage, face: face, wires: wires, axes: rows.axes, values: values)
      expansion.rows.append((values, job))
    }
    hintAtScripts(of: stage, wires)
    expansion.isBroken = faults.list.count != before
    expansions[index] = expansion
    jobNames = []
  }

  /// Checks what can be checked of a stage whose inputs have faults.
  private mutating func checkAlone(_ stage: Manifest.Stage, _ face: Face, _ rows: InstanceRows) {
    scope.isPartial = true
    scope.axes = Dictionary(zip(rows.axes, rows.values.first ?? []), uniquingKeysWith: { $1 })
    _ = parameters(stage, face)
    _ = resources(stage)
    scope.isPartial = false
    scope.axes = [:]
  }

  private mutating func checkRequired(
    _ stage: Manifest.Stage, _ face: Face, _ wires: [Wire]
  ) {
    for port in face.inputs ?? [] where !port.optional {
      if !wires.contains(where: { $0.port == port.name }) {
        faults.refuse(
          "stage '\(stage.name)' has nothing on its input '\(port.name)' (\(port.kind))",
          at: stage.place, remedy: "add 'in: { \(port.name): ... }'")
      }
    }
  }

  /// The instances a stage asks for itself.
  mutating func ownRows(of stage: Manifest.Stage) -> InstanceRows {
    stage.foreach.isEmpty ? matrixRows(stage) : foreachRows(stage)
  }

  /// Instances of one stage, and of all stages together.
  static let mostInstances = 1_000_000

  private mutating func matrixRows(_ stage: Manifest.Stage) -> InstanceRows {
    var rows = InstanceRows.single
    for entry in stage.matrix {
      guard isName(entry.key) else {
        faults.refuse("'\(entry.key)' cannot name an axis", at: entry.keyNode.place)
        continue
      }
      guard let filled = faults.collect({ try scope.fill(entry.value) }) else { continue }
      guard let values = filled.array, !values.isEmpty else {
        faults.refuse(
          "the axis '\(entry.key)' is \(filled.kindName) and must be a list with a value or more",
          at: entry.value.place)
        continue
      }
      guard rows.values.count * values.count <= Self.mostInstances else {
        faults.refuse(
          "the matrix has more than \(Self.mostInstances) instances", at: entry.keyNode.place)
        return .single
      }
      scope.spellings.note(entry.key, entry.value)
      rows = rows.joined(with: InstanceRows(axes: [entry.key], values: values.map { [$0] }))
    }
    return rows
  }

  private mutating func foreachRows(_ stage: Manifest.Stage) -> InstanceRows {
    var rows = InstanceRows(axes: [], values: [])
    for (index, node) in stage.foreach.enumerated() {
      guard let filled = faults.collect({ try scope.fill(node) }) else { continue }
      guard case .map(let entries) = node.value, let members = filled.object else {
        faults.refuse("an item of foreach is \(node.kind) and must be a map", at: node.place)
        continue
      }
      if index == 0 { rows.axes = entries.map(\.key) }
      if let entry = entries.first(where: { !isName($0.key) }) {
        faults.refuse("'\(entry.key)' cannot name an axis", at: entry.keyNode.place)
        continue
      }
      for entry in entries { scope.spellings.note(entry.key, entry.value) }
      guard Set(rows.axes) == Set(members.keys) else {
        faults.refuse(
          "this item of foreach has the axes \(members.keys.sorted().joined(separator: ", ")), "
            + "the first has \(rows.axes.sorted().joined(separator: ", "))", at: node.place)
        continue
      }
      rows.values.append(rows.axes.map { members[$0] ?? .null })
    }
    return rows
  }

  /// Resolves one input and joins the axes that its references carry.
  private mutating func wire(
    _ input: Manifest.Stage.Input, of stage: Manifest.Stage, face: Face?, rows: inout InstanceRows
  ) -> Wire? {
    let name = input.port.text
    var port: ContractPort?
    if let ports = face?.inputs {
      port = ports.first { $0.name == name }
      guard port != nil else {
        faults.unknown(
          "input of stage '\(stage.name)':", name, among: ports.map(\.name), at: input.port.place)
        return nil
      }
    }
    var wire = Wire(
      port: name, several: port?.several ?? (input.references.count > 1),
      optional: port?.optional ?? false, links: [])
    for node in input.references {
      let axes = Self.axes(in: node)
      let link =
        axes.isEmpty
        ? link(node, port: port, optional: wire.optional, rows: &rows)
        : choice(node, axes, of: stage, port: port, optional: wire.optional, rows: &rows)
      if let link { wire.links.append(link) } else { wire.isBroken = true }
    }
    if input.references.isEmpty, !wire.optional {
      faults.refuse(
        "the input '\(name)' of stage '\(stage.name)' is given nothing", at: input.port.place,
        remedy: "write sources.NAME, STAGE.PORT or STAGE[*].PORT")
    }
    let gathers = wire.links.contains { $0.gathers }
    if port == nil, gathers { wire.several = true }
    if !wire.several, wire.links.count > 1 || gathers {
      faults.refuse(
        "the input '\(name)' of stage '\(stage.name)' takes one artifact, not several",
        at: input.port.place)
    }
    return wire
  }

  /// What a reference with axes in it stands for: a link for each of the axes' values.
  private mutating func choice(
    _ node: YAMLNode, _ axes: [String], of stage: Manifest.Stage, port: ContractPort?,
    optional: Bool, rows: inout InstanceRows
  ) -> Link? {
    for axis in axes where !rows.axes.contains(axis) {
      faults.unknown("axis", axis, among: rows.axes, at: node.place)
      return nil
    }
    var united: InstanceRows?
    var gathers = false
    var targets: [String: Link.Target] = [:]
    defer { scope.axes = [:] }
    for values in rows.projected(on: axes).values {
      var part = rows.filtered(by: axes, values)
      scope.axes = Dictionary(uniqueKeysWithValues: zip(axes, values))
      guard let link = link(node, port: port, optional: optional, rows: &part) else { return nil }
      guard part.axes == united?.axes ?? part.axes else {
        faults.refuse(
          "what '\(node.text)' refers to carries different axes: \(part.axes) and "
            + "\(united?.axes ?? [])", at: node.place,
          remedy: "give all of these stages the same matrix")
        return nil
      }
      united = InstanceRows(axes: part.axes, values: (united?.values ?? []) + part.values)
      targets[InstanceRows.key(values)] = link.target
      gathers = gathers || link.gathers
    }
    rows = united ?? rows
    return Link(target: .choice(axes: axes, byValue: targets), gathers: gathers)
  }

  private mutating func link(
    _ node: YAMLNode, port: ContractPort?, optional: Bool, rows: inout InstanceRows
  ) -> Link? {
    let reference = faults.collect { () throws -> Reference in
      guard let text = try scope.fill(node).string else {
        throw Fault(.badInput, "an input is \(node.kind) and must be text", at: node.place)
      }
      return try Reference(text, at: node.place)
    }
    guard let reference else { return nil }
    switch reference.origin {
    case .source(let name):
      guard let index = sourceIndex[name] else {
        faults.unknown("source", name, among: Array(sourceIndex.keys), at: node.place)
        return nil
      }
      return Link(target: .source(index), gathers: false)
    case .stage(let name, let selection, let output):
      guard let producer = producer(name, output, for: port, at: node) else { return nil }
      if producer.axes.isEmpty, producer.rows.count == 1, selection == .axes([:]) {
        return Link(target: .job(producer.rows[0].job, port: output), gathers: false)
      }
      return join(producer, output, selection, node, optional: optional, rows: &rows)
    }
  }

  /// The producing stage, once its port and kind are known to fit.
  private mutating func producer(
    _ name: String, _ output: String, for port: ContractPort?, at node: YAMLNode
  ) -> Instances? {
    guard let index = stageIndex[name] else {
      faults.unknown("stage", name, among: Array(stageIndex.keys) + ["sources"], at: node.place)
      return nil
    }
    guard let expansion = expansions[index] else { return nil }
    guard !expansion.isBroken else { return nil }
    guard let found = expansion.outputs.first(where: { $0.port == output }) else {
      faults.unknown(
        "output of stage '\(name)':", output, among: expansion.outputs.map(\.port),
        at: node.place)
      return nil
    }
    if let port, let problem = Self.mismatch(found, port) {
      faults.refuse(
        "the input '\(port.name)' takes \(port.kind), '\(name).\(output)' is \(problem)",
        at: node.place)
      return nil
    }
    return expansion
  }

  /// Why an output does not fit a port; nil where it does.
  private static func mismatch(_ output: Job.Output, _ port: ContractPort) -> String? {
    guard output.form == .artifact else { return nil }
    let general = ["files", "archive"].contains(port.kind)
    let weights = port.kind == "weights" && ["model", "files"].contains(output.kind)
    if output.kind != port.kind, !general, !weights { return output.kind }
    if output.kind == port.kind, output.schema != port.schema, output.schema != port.schema - 1 {
      return
        "\(output.kind) of version \(output.schema), read are \(port.schema) and the one before"
    }
    return nil
  }

  private mutating func join(
    _ producer: Instances, _ output: String, _ selection: Reference.Selection, _ node: YAMLNode,
    optional: Bool, rows: inout InstanceRows
  ) -> Link? {
    var fixed: [String: String?] = [:]
    var carried = producer.axes
    switch selection {
    case .all: carried = []
    case .axes(let axes):
      fixed = axes
      carried.removeAll { axes.keys.contains($0) }
      for axis in axes.keys.sorted() where !producer.axes.contains(axis) {
        faults.unknown("axis", axis, among: producer.axes, at: node.place)
        return nil
      }
    }
    let chosen = producer.rows.filter { row in
      zip(producer.axes, row.values).allSatisfy { axis, value in
        guard let wanted = fixed[axis] ?? nil else { return true }
        return value.plainText == wanted || value.number.map { $0 == Double(wanted) } == true
      }
    }
    if chosen.isEmpty {
      faults.refuse("no instance is called '\(node.text)'", at: node.place)
      return nil
    }
    let columns = carried.map { producer.axes.firstIndex(of: $0)! }
    var byValue: [String: [Int?]] = [:]
    for row in chosen {
      byValue[InstanceRows.key(columns.map { row.values[$0] }), default: []].append(row.job)
    }
    let all = InstanceRows(axes: producer.axes, values: chosen.map(\.values))
    let projected = all.projected(on: carried)
    guard rows.joins(with: projected, within: Self.mostInstances) else {
      faults.refuse(
        "with this input the stage has more than \(Self.mostInstances) instances", at: node.place,
        remedy: "gather the input with '[*]', or give both stages the same axes")
      return nil
    }
    rows = rows.joined(with: projected)
    let gathers = selection == .all || fixed.values.contains { $0 == nil }
    return Link(target: .jobs(axes: carried, byValue: byValue, port: output), gathers: gathers)
  }
}
