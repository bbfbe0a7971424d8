import Artifacts
import Platform

/// A `when:` expression, such as `${size} == 112 and not ${quick}`.
///
/// Operands are references, numbers, quoted or bare words; operators are `== != < <= > >= in`,
/// `not`, `and`, `or` and parentheses. The two sides of a comparison must be of one type, or one of
/// them null, and a bare word must be compared with a reference: a condition that cannot hold is a
/// mistake, not a stage to leave out.
package struct Condition {
  private enum Token: Equatable {
    case value(JSONValue)
    /// A word without quotes.
    case word(String)
    case reference(String)
    case symbol(String)
  }

  private let tokens: [Token]
  private let text: String
  private let place: Fault.Place

  /// - Throws: `Fault` at `place` where a word cannot be read.
  package init(_ text: String, at place: Fault.Place) throws {
    self.text = text
    self.place = place
    var scanner = Scanner(rest: text[...], place: place)
    tokens = try scanner.tokens()
  }

  /// The names that it refers to.
  package var references: [String] {
    tokens.compactMap { if case .reference(let name) = $0 { name } else { nil } }
  }

  /// Evaluates the condition.
  /// - Throws: `Fault` where it is not a truth value, or compares what has no order.
  package func holds(_ lookup: @escaping (String) throws -> JSONValue) throws -> Bool {
    var evaluation = Evaluation(condition: self, lookup: lookup)
    let value = try evaluation.disjunction()
    guard evaluation.position == tokens.count else { throw fault("has a word too many") }
    return try truth(value)
  }

  private func fault(
    _ message: String,
    remedy: String = "write for example '${size} == 112 and ${name} in [a, b]'"
  ) -> Fault {
    let shown = text.count > 200 ? "\(text.prefix(200))..." : text
    return Fault(.badInput, "the condition '\(shown)' \(message)", at: place, remedy: remedy)
  }

  private func truth(_ value: JSONValue) throws -> Bool {
    guard let bool = value.bool else { throw fault("has \(value.kindName) as a truth value") }
    return bool
  }

  private struct Scanner {
    var rest: Substring
    let place: Fault.Place

    mutating func tokens() throws -> [Token] {
      var tokens: [Token] = []
      let source = String(rest)
      while let first = rest.first {
        if first == " " || first == "\n" {
          rest = rest.dropFirst()
        } else if rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") {
          tokens.append(.reference(rest.dropFirst(2)[..<close].trimmed))
          rest = rest[rest.index(after: close)...]
        } else if let symbol = Self.symbols.first(where: { rest.hasPrefix($0) }) {
          tokens.append(.symbol(symbol))
          rest = rest.dropFirst(symbol.count)
        } else if first == "'" || first == "\"" {
          rest = rest.dropFirst()
          guard let close = rest.firstIndex(of: first) else { throw unreadable(source) }
          tokens.append(.value(.string(String(rest[..<close]))))
          rest = rest[rest.index(after: close)...]
        } else {
          let word = String(rest.prefix { !" ()[],=!<>'\"\n".contains($0) })
          guard !word.isEmpty else { throw unreadable(source) }
          guard !word.contains("$") else {
            let name = word.filter { !"${}".contains($0) }
            throw Fault(
              .badInput, "the condition '\(source)' has '\(word)', which stands for nothing",
              at: place, remedy: "write '${\(name)}' for the value of '\(name)'")
          }
          rest = rest.dropFirst(word.count)
          tokens.append(Self.token(word))
        }
      }
      return tokens
    }

    private static let symbols = [
      "==", "!=", "<=", ">=", "&&", "||", "<", ">", "(", ")", "[", "]", ",", "!",
    ]

    private static func token(_ word: String) -> Token {
      switch word {
      case "and", "or", "not", "in": .symbol(word)
      case "true": .value(.bool(true))
      case "false": .value(.bool(false))
      case "null": .value(.null)
      default:
        if let integer = Int(word) {
          .value(.integer(integer))
        } else if let number = Double(word), number.isFinite {
          .value(.number(number))
        } else {
          .word(word)
        }
      }
    }

    private func unreadable(_ source: String) -> Fault {
      Fault(.badInput, "the condition '\(source)' cannot be read from '\(rest)'", at: place)
    }
  }

  /// Recursive descent over the tokens.
  private struct Evaluation {
    let condition: Condition
    let lookup: (String) throws -> JSONValue
    var position = 0
    /// Parentheses, lists and negations that are open.
    var depth = 0
    /// References that were looked up, and the last bare word.
    var lookups = 0
    var word: String?

    mutating func take(_ symbols: String...) -> Bool {
      guard position < condition.tokens.count,
        case .symbol(let symbol) = condition.tokens[position],
        symbols.contains(symbol)
      else { return false }
      position += 1
      return true
    }

    mutating func disjunction() throws -> JSONValue {
      var value = try conjunction()
      while take("or", "||") {
        let right = try conjunction()
        value = .bool(try condition.truth(value) || condition.truth(right))
      }
      return value
    }

    mutating func conjunction() throws -> JSONValue {
      var value = try negation()
      while take("and", "&&") {
        let right = try negation()
        value = .bool(try condition.truth(value) && condition.truth(right))
      }
      return value
    }

    mutating func negation() throws -> JSONValue {
      if take("not", "!") {
        try deepen()
        defer { depth -= 1 }
        return .bool(!(try condition.truth(try negation())))
      }
      return try comparison()
    }

    mutating func comparison() throws -> JSONValue {
      let before = lookups
      word = nil
      let left = try operand()
      for symbol in ["==", "!=", "<=", ">=", "<", ">", "in"] where take(symbol) {
        let right = try operand()
        if let word, lookups == before {
          throw condition.fault(
            "compares '\(word)', a plain word, with a constant and is always the same",
            remedy: "write '${\(word)}' for the value of '\(word)'")
        }
        return .bool(try compare(left, symbol, right))
      }
      return left
    }

    mutating func operand() throws -> JSONValue {
      if take("(") {
        try deepen()
        defer { depth -= 1 }
        let value = try disjunction()
        guard take(")") else { throw condition.fault("lacks a ')'") }
        return value
      }
      if take("[") { return try list() }
      guard position < condition.tokens.count else { throw condition.fault("ends early") }
      defer { position += 1 }
      switch condition.tokens[position] {
      case .value(let value): return value
      case .word(let text):
        word = text
        return .string(text)
      case .reference(let name):
        lookups += 1
        return try lookup(name)
      case .symbol(let symbol): throw condition.fault("has '\(symbol)' where a value belongs")
      }
    }

    mutating func list() throws -> JSONValue {
      try deepen()
      defer { depth -= 1 }
      var items: [JSONValue] = []
      if take("]") { return .array(items) }
      repeat { items.append(try operand()) } while take(",")
      guard take("]") else { throw condition.fault("lacks a ']'") }
      return .array(items)
    }

    mutating func deepen() throws {
      depth += 1
      if depth > 64 { throw condition.fault("nests too deep") }
    }

    func compare(_ left: JSONValue, _ symbol: String, _ right: JSONValue) throws -> Bool {
      switch symbol {
      case "==": return try equal(left, right)
      case "!=": return try !equal(left, right)
      case "in":
        guard let items = right.array else { throw condition.fault("needs a list after 'in'") }
        // Lists may mix types; one in which nothing can be equal is a mistake.
        let fitting = items.filter { Self.isComparable(left, $0) }
        if let first = items.first, fitting.isEmpty { throw mixed(left, first) }
        return try fitting.contains { try equal(left, $0) }
      default: return try ordered(left, symbol, right)
      }
    }

    func equal(_ left: JSONValue, _ right: JSONValue) throws -> Bool {
      if let a = left.number, let b = right.number { return a == b }
      guard Self.isComparable(left, right) else { throw mixed(left, right) }
      return left == right
    }

    private static func isComparable(_ left: JSONValue, _ right: JSONValue) -> Bool {
      switch (left, right) {
      case (.null, _), (_, .null), (.bool, .bool), (.string, .string), (.array, .array),
        (.object, .object):
        true
      default: left.number != nil && right.number != nil
      }
    }

    private func mixed(_ left: JSONValue, _ right: JSONValue) -> Fault {
      condition.fault(
        "compares \(left.kindName) (\(left.canonical.prefix(40))) with \(right.kindName) "
          + "(\(right.canonical.prefix(40))), which are never equal",
        remedy: "give both sides one type; quotes make a value text")
    }

    func ordered(_ left: JSONValue, _ symbol: String, _ right: JSONValue) throws -> Bool {
      guard let a = left.number, let b = right.number else {
        throw condition.fault("orders \(left.kindName) against \(right.kindName)")
      }
      return switch symbol {
      case "<": a < b
      case "<=": a <= b
      case ">": a > b
      default: a >= b
      }
    }
  }
}
