import Artifacts
import Platform

/// A `when:` expression, such as `${size} == 112 and not ${quick}`.
///
/// Operands are references, numbers, quoted or bare words; operators are `== != < <= > >= in`,
/// `not`, `and`, `or` and parentheses.
package struct Condition {
  private enum Token: Equatable {
    case value(JSONValue)
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

  private func fault(_ message: String) -> Fault {
    Fault(
      .badInput, "the condition '\(text)' \(message)", at: place,
      remedy: "write for example '${size} == 112 and ${name} in [a, b]'")
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
          .value(.string(word))
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
    var depth = 0

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
        return .bool(!(try condition.truth(try negation())))
      }
      return try comparison()
    }

    mutating func comparison() throws -> JSONValue {
      let left = try operand()
      for symbol in ["==", "!=", "<=", ">=", "<", ">", "in"] where take(symbol) {
        let right = try operand()
        return .bool(try compare(left, symbol, right))
      }
      return left
    }

    mutating func operand() throws -> JSONValue {
      if take("(") {
        try deepen()
        let value = try disjunction()
        guard take(")") else { throw condition.fault("lacks a ')'") }
        return value
      }
      if take("[") { return try list() }
      guard position < condition.tokens.count else { throw condition.fault("ends early") }
      defer { position += 1 }
      switch condition.tokens[position] {
      case .value(let value): return value
      case .reference(let name): return try lookup(name)
      case .symbol(let symbol): throw condition.fault("has '\(symbol)' where a value belongs")
      }
    }

    mutating func list() throws -> JSONValue {
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
      case "==": return equal(left, right)
      case "!=": return !equal(left, right)
      case "in":
        guard let items = right.array else { throw condition.fault("needs a list after 'in'") }
        return items.contains { equal(left, $0) }
      default: return try ordered(left, symbol, right)
      }
    }

    func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
      if let a = left.number, let b = right.number { return a == b }
      return left == right
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
