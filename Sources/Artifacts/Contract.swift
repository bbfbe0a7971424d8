import Platform

/// A stage's declaration of itself; `ferry-<stage> describe` prints it as JSON.
///
/// The command line, the manifest check, the generated reference and the action key all read it.
public struct Contract: Sendable, Equatable {
  /// The version of this record's own layout.
  public static let schema = 1

  /// The stage's name, `align`; its executable is `ferry-align`.
  public var name: String
  /// Raised by hand whenever the same inputs and parameters give other bytes.
  public var revision: Int
  /// One sentence.
  public var summary: String
  public var parameters: [ContractParameter]
  public var inputs: [ContractPort]
  public var outputs: [ContractPort]

  public init(
    name: String, revision: Int, summary: String, parameters: [ContractParameter] = [],
    inputs: [ContractPort] = [], outputs: [ContractPort]
  ) {
    self.name = name
    self.revision = revision
    self.summary = summary
    self.parameters = parameters
    self.inputs = inputs
    self.outputs = outputs
  }

  public func parameter(_ name: String) -> ContractParameter? {
    parameters.first { $0.name == name }
  }

  public func input(_ name: String) -> ContractPort? { inputs.first { $0.name == name } }

  public func output(_ name: String) -> ContractPort? { outputs.first { $0.name == name } }

  /// Returns every parameter's value: the given ones checked, the others at their defaults.
  ///
  /// All problems are found in one pass.
  /// - Throws: `ContractProblems`.
  public func resolve(_ given: [String: JSONValue]) throws -> [String: JSONValue] {
    var values: [String: JSONValue] = [:]
    var problems: [ContractProblem] = []
    for name in given.keys.sorted() where parameter(name) == nil {
      problems.append(.unknown(name, among: parameters.map(\.name), stage: self.name))
    }
    for parameter in parameters {
      do {
        values[parameter.name] = try parameter.check(given[parameter.name])
      } catch let problem as ContractProblem {
        problems.append(problem)
      }
    }
    guard problems.isEmpty else { throw ContractProblems(problems: problems) }
    return values
  }
}

/// A named place where a stage takes or gives an artifact.
public struct ContractPort: Sendable, Equatable {
  public var name: String
  /// The artifact's kind: `archive`, `files`, `samples`, `faces`, `shards`, `embeddings`, `model`,
  /// `evaluation`, `features`, `predictions`, `page`.
  public var kind: String
  /// The version of the artifact's layout.
  public var schema: Int
  /// Whether the port takes several artifacts, in order.
  public var several: Bool
  /// Whether the port may stay empty.
  public var optional: Bool
  public var help: String

  public init(
    _ name: String, kind: String? = nil, schema: Int = 1, several: Bool = false,
    optional: Bool = false, help: String
  ) {
    self.name = name
    self.kind = kind ?? name
    self.schema = schema
    self.several = several
    self.optional = optional
    self.help = help
  }
}

/// A fault of one parameter's value.
public struct ContractProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The parameter, or the unknown name.
  public var parameter: String
  public var message: String
  /// The nearest valid word, or what is allowed.
  public var remedy: String?

  public init(_ parameter: String, _ message: String, remedy: String? = nil) {
    self.parameter = parameter
    self.message = message
    self.remedy = remedy
  }

  static func unknown(_ name: String, among names: [String], stage: String) -> ContractProblem {
    let near = nearestWord(to: name, among: names)
    return ContractProblem(
      name, "stage '\(stage)' has no parameter '\(name)'",
      remedy: near.map { "did you mean '\($0)'?" }
        ?? "it has: \(names.sorted().joined(separator: ", "))")
  }

  public var description: String { message + (remedy.map { "; \($0)" } ?? "") }
}

/// All problems of one set of parameters.
public struct ContractProblems: Error, Sendable, CustomStringConvertible {
  public var problems: [ContractProblem]

  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
