import Artifacts
import Platform
import YAML

/// The names a `${...}` can reach: the manifest's variables and one instance's axes.
struct Scope {
  var variables: [String: JSONValue]
  var axes: [String: JSONValue] = [:]
  /// How the numbers among them are written.
  var spellings = Spellings()
  private let expansion = Expansion()
  /// A producer's faults leave the axes that it carries unknown.
  var isPartial = false

  /// The value of `variable` or `matrix.axis`.
  func value(_ name: String, at place: Fault.Place?) throws -> JSONValue {
    if name.hasPrefix("matrix.") {
      let axis = String(name.dropFirst("matrix.".count))
      if let value = axes[axis] { return value }
      if isPartial { throw AlreadyReported() }
      throw Fault(
        .badInput, "unknown axis '\(axis)' in '${\(name)}'", at: place,
        remedy: suggestion(for: axis, among: Array(axes.keys))
          ?? "give the stage a matrix, or take an input from a stage that has one")
    }
    if let value = variables[name] {
      if value.isNull { throw AlreadyReported() }
      return value
    }
    throw Fault(
      .badInput, "unknown variable '\(name)' in '${\(name)}'", at: place,
      remedy: suggestion(for: name, among: Array(variables.keys))
        ?? "declare it under 'variables:'")
  }

  /// How the number that a reference stands for is written; nil where it is no number.
  func spelling(_ name: String) -> String? {
    guard name.hasPrefix("matrix.") else { return spellings.spelling(ofVariable: name) }
    let axis = String(name.dropFirst("matrix.".count))
    return axes[axis].flatMap { spellings.spelling(ofAxis: axis, $0) }
  }

  /// `node` with every reference filled in, at any depth.
  /// - Throws: `Fault` at its place where it expands to too much.
  func fill(_ node: YAMLNode) throws -> JSONValue {
    let value = try expand(node)
    switch value {
    case .array, .object: try Expansion.check(value, at: node.place)
    default: break
    }
    return value
  }

  private func expand(_ node: YAMLNode) throws -> JSONValue {
    switch node.value {
    case .text(let text):
      guard text.utf8.contains(UInt8(ascii: "$")) else { return .string(text) }
      return try fill(try Template(text, at: node.place), at: node.place)
    case .list(let items): return .array(try items.map { try expand($0) })
    case .map(let entries):
      if let choice = Choice(node) {
        return try expand(choice.branch { try value($0, at: choice.test.place) })
      }
      var members: [String: JSONValue] = [:]
      for entry in entries { members[entry.key] = try expand(entry.value) }
      return .object(members)
    default: return JSONValue(node)
    }
  }

  private func fill(_ template: Template, at place: Fault.Place) throws -> JSONValue {
    let filled = try template.fill(at: place, spelling: { spelling($0) }) {
      try value($0, at: place)
    }
    if template.lone == nil, case .string(let text) = filled {
      try expansion.count(text, at: place)
    }
    return filled
  }

  /// A text of a command that a reference stands for.
  func text(_ name: String, at place: Fault.Place) throws -> String {
    let value = try value(name, at: place)
    let text = try Template.text(of: value, name, at: place, spelling: spelling(name))
    try expansion.count(text, at: place)
    return text
  }
}

/// A value that depends on a condition: `{ if: "${tiny}", then: 1, else: 50 }`.
struct Choice {
  let test: YAMLNode
  private let then: YAMLNode
  private let otherwise: YAMLNode

  /// Nil where the node is anything else.
  init?(_ node: YAMLNode) {
    guard case .map(let entries) = node.value, entries.count == 3, let test = node["if"],
      let then = node["then"], let otherwise = node["else"]
    else { return nil }
    self.test = test
    self.then = then
    self.otherwise = otherwise
  }

  /// The node that the condition chooses; the other one is not looked at.
  func branch(_ lookup: (String) throws -> JSONValue) throws -> YAMLNode {
    switch test.value {
    case .text, .bool: break
    default:
      throw Fault(.badInput, "'if' is \(test.kind) and must be a condition", at: test.place)
    }
    let condition = try Condition(test.text, at: test.place)
    var values: [String: JSONValue] = [:]
    for name in condition.references { values[name] = try lookup(name) }
    return try condition.holds { [values] in values[$0] ?? .null } ? then : otherwise
  }
}

/// The manifest's variables, which may refer to one another, and may depend on a condition:
/// `epochs: { if: "${tiny}", then: 1, else: 50 }`.
struct VariableResolver {
  private let nodes: [String: YAMLNode]
  private var done: [String: JSONValue] = [:]
  private var open: [String] = []
  /// Variables from parameter files.
  private var literals: Set<String> = []
  private var spellings = Spellings()
  private let expansion = Expansion()

  init(_ nodes: [String: YAMLNode]) { self.nodes = nodes }

  /// Every variable's value; one that is null must be given on the command line.
  static func resolve(_ variables: [Manifest.Variable], faults: FaultCollector) -> Scope {
    var resolver = VariableResolver(
      Dictionary(variables.map { ($0.name, $0.node) }, uniquingKeysWith: { $1 }))
    resolver.literals = Set(variables.filter(\.isLiteral).map(\.name))
    for variable in variables {
      _ = faults.collect { try resolver.value(variable.name, at: variable.node.place) }
    }
    var scope = Scope(variables: resolver.done)
    scope.spellings = resolver.spellings
    return scope
  }

  private mutating func value(_ name: String, at place: Fault.Place) throws -> JSONValue {
    if let value = done[name] { return value }
    guard let node = nodes[name] else {
      throw Fault(
        .badInput, "unknown variable '\(name)' in '${\(name)}'", at: place,
        remedy: suggestion(for: name, among: Array(nodes.keys)))
    }
    if case .null = node.value { throw missing(name, at: node.place) }
    if literals.contains(name) { return try literal(name, node) }
    try checkChain(name, at: place)
    open.append(name)
    defer { open.removeLast() }
    do {
      var chosen = node
      while let branch = try choose(chosen) { chosen = branch }
      let value = try fill(chosen)
      switch value {
      case .array, .object: try Expansion.check(value, at: node.place)
      default: break
      }
      done[name] = value
      spellings.variables[name] = followed(chosen)
      return value
    } catch {
      // What refers to it is not blamed as well.
      done[name] = .null
      throw error
    }
  }

  /// A value of a parameter file; a map is made of its members, which may be given anew.
  private mutating func literal(_ name: String, _ node: YAMLNode) throws -> JSONValue {
    var value = JSONValue(node)
    if case .map(let entries) = node.value {
      for entry in entries where nodes["\(name).\(entry.key)"] != nil {
        value[entry.key] = try self.value("\(name).\(entry.key)", at: node.place)
      }
    }
    done[name] = value
    spellings.variables[name] = node
    return value
  }

  /// Refuses a circle, and a chain that is too long.
  private mutating func checkChain(_ name: String, at place: Fault.Place) throws {
    let problem: String
    if open.contains(name) {
      problem =
        "variables refer to one another in a circle: \((open + [name]).joined(separator: " -> "))"
    } else if open.count >= Expansion.chain {
      problem = "variables refer to one another in a chain of more than \(Expansion.chain)"
    } else {
      return
    }
    for name in open { done[name] = .null }
    throw Fault(.badInput, problem, at: place)
  }

  /// The value that a lone reference finally resolves to.
  private func followed(_ node: YAMLNode) -> YAMLNode {
    guard case .text(let text) = node.value, text.hasPrefix("${"),
      let name = (try? Template(text, at: nil))?.lone
    else { return node }
    return spellings.variables[name] ?? node
  }

  private mutating func missing(_ name: String, at place: Fault.Place) -> Fault {
    done[name] = .null
    return Fault(
      .badInput, "the variable '\(name)' has no value", at: place,
      remedy: "give it with --set \(name)=VALUE")
  }

  /// The branch that a condition chooses.
  private mutating func choose(_ node: YAMLNode) throws -> YAMLNode? {
    guard let choice = Choice(node) else { return nil }
    let branch = try choice.branch { try value($0, at: choice.test.place) }
    if case .null = branch.value, let name = open.last {
      throw missing(name, at: branch.place)
    }
    return branch
  }

  /// Values of references; one that is null has been reported.
  private mutating func fill(_ node: YAMLNode) throws -> JSONValue {
    if let branch = try choose(node) { return try fill(branch) }
    let place = node.place
    switch node.value {
    case .text(let text):
      let template = try Template(text, at: place)
      var values: [String: JSONValue] = [:]
      for case .reference(let name) in template.parts { values[name] = try value(name, at: place) }
      if values.values.contains(.null) { throw AlreadyReported() }
      let filled = try template.fill(
        at: place, spelling: { spellings.spelling(ofVariable: $0) }, { values[$0] ?? .null })
      if template.lone == nil, case .string(let text) = filled {
        try expansion.count(text, at: place)
      }
      return filled
    case .list(let items):
      var filled: [JSONValue] = []
      for item in items { filled.append(try fill(item)) }
      return .array(filled)
    case .map(let entries):
      var members: [String: JSONValue] = [:]
      for entry in entries { members[entry.key] = try fill(entry.value) }
      return .object(members)
    default: return JSONValue(node)
    }
  }
}
