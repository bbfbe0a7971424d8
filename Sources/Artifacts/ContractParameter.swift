import Platform

/// A parameter of a stage: its type, default, range and documentation.
public struct ContractParameter: Sendable, Equatable {
  /// A parameter's type.
  public indirect enum Kind: Sendable, Equatable {
    case boolean
    case integer
    case number
    case string
    /// One of a closed set of words.
    case choice([String])
    case list(Kind)
    /// A map with any keys.
    case map
    /// Any of several types, tried in order.
    case either([Kind])
  }

  public var name: String
  public var kind: Kind
  /// The value where none is given; nil means that one must be given.
  public var fallback: JSONValue?
  /// Whether null is a value.
  public var nullable: Bool
  /// Inclusive bounds of a number, or of a list's numbers.
  public var minimum: Double?
  public var maximum: Double?
  public var help: String
  /// Whether another value can change the output's bytes; only then is it part of the action key.
  public var affectsOutput: Bool

  public init(
    _ name: String, _ kind: Kind, default fallback: JSONValue?, minimum: Double? = nil,
    maximum: Double? = nil, nullable: Bool? = nil, affectsOutput: Bool = true, help: String
  ) {
    self.name = name
    self.kind = kind
    self.fallback = fallback
    self.nullable = nullable ?? (fallback == .null)
    self.minimum = minimum
    self.maximum = maximum
    self.help = help
    self.affectsOutput = affectsOutput
  }

  /// Returns `value` in canonical form (a whole number for a number parameter becomes a double).
  /// - Throws: `ContractProblem`.
  public func check(_ value: JSONValue?) throws -> JSONValue {
    guard let value = value ?? fallback else {
      throw ContractProblem(
        name, "the parameter '\(name)' has no default", remedy: "give it: \(help)")
    }
    if value.isNull {
      guard nullable else {
        throw ContractProblem(
          name, "'\(name)' must not be null", remedy: "it takes \(kind.description)")
      }
      return value
    }
    return try check(value, as: kind)
  }

  private func check(_ value: JSONValue, as kind: Kind) throws -> JSONValue {
    switch (kind, value) {
    case (.boolean, .bool), (.string, .string), (.map, .object): return value
    case (.integer, _) where value.integer != nil:
      return .integer(Int(try bounded(Double(value.integer!))))
    case (.number, _) where value.number != nil:
      return .number(try bounded(value.number!))
    case (.choice(let words), .string(let word)):
      if words.contains(word) { return value }
      throw unknownWord(word, words)
    case (.list(let element), .array(let values)):
      return .array(try values.map { try check($0, as: element) })
    case (.either(let kinds), _): return try checkEither(value, kinds)
    default:
      throw ContractProblem(
        name, "'\(name)' is \(value.kindName) (\(value.canonical))",
        remedy: "it takes \(kind.description)")
    }
  }

  private func unknownWord(_ word: String, _ words: [String]) -> ContractProblem {
    let near = nearestWord(to: word, among: words).map { "did you mean '\($0)'? " } ?? ""
    return ContractProblem(
      name, "'\(name)' cannot be '\(word)'",
      remedy: "\(near)it takes \(words.joined(separator: ", "))")
  }

  private func checkEither(_ value: JSONValue, _ kinds: [Kind]) throws -> JSONValue {
    var last: (any Error)?
    for kind in kinds {
      do { return try check(value, as: kind) } catch { last = last ?? error }
    }
    if kinds.count == 1, let last { throw last }
    throw ContractProblem(
      name, "'\(name)' cannot be \(value.canonical)",
      remedy: "it takes \(Kind.either(kinds).description)")
  }

  private func bounded(_ value: Double) throws -> Double {
    let low = minimum.map { value < $0 } ?? false
    let high = maximum.map { value > $0 } ?? false
    guard low || high || value.isNaN else { return value }
    throw ContractProblem(
      name, "'\(name)' is \(JSONValue.plain(value)), outside its range",
      remedy: "it takes \(range)")
  }

  /// The range in words: `1 to 512`, `at least 0`.
  public var range: String {
    switch (minimum, maximum) {
    case (let low?, let high?): "\(JSONValue.plain(low)) to \(JSONValue.plain(high))"
    case (let low?, nil): "at least \(JSONValue.plain(low))"
    case (nil, let high?): "at most \(JSONValue.plain(high))"
    case (nil, nil): "any value"
    }
  }
}

extension JSONValue {
  /// A number for people: without `.0` where it is whole.
  public static func plain(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? value.description
  }
}

extension ContractParameter.Kind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .boolean: "true or false"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .choice(let words): "one of \(words.joined(separator: ", "))"
    case .list(let element): "a list, each \(element)"
    case .map: "a map"
    case .either(let kinds): kinds.map(\.description).joined(separator: ", or ")
    }
  }
}
