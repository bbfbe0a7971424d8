import Artifacts
import Platform
import YAML

/// A text with references `${name}`; `$${` stands for a plain `${`.
package struct Template {
  package enum Part: Equatable {
    case text(String)
    case reference(String)
  }

  package let parts: [Part]

  /// - Throws: `Fault` at `place` where a reference does not end or has no name.
  package init(_ source: String, at place: Fault.Place?) throws {
    guard source.utf8.contains(UInt8(ascii: "$")) else {
      parts = source.isEmpty ? [] : [.text(source)]
      return
    }
    var parts: [Part] = []
    var text = ""
    var rest = source[...]
    while let dollar = rest.firstIndex(of: "$") {
      text += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        text += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        guard let close = rest.firstIndex(of: "}") else {
          throw Fault(.badInput, "'\(rest)' does not end", at: place, remedy: "close it with '}'")
        }
        let name = rest[rest.index(dollar, offsetBy: 2)..<close].trimmed
        guard !name.isEmpty else {
          throw Fault(.badInput, "'${}' names nothing", at: place, remedy: "write '$${' for '${'")
        }
        if !text.isEmpty { parts.append(.text(text)) }
        text = ""
        parts.append(.reference(name))
        rest = rest[rest.index(after: close)...]
      } else {
        text.append(rest.removeFirst())
      }
    }
    text += rest
    if !text.isEmpty { parts.append(.text(text)) }
    self.parts = parts
  }

  /// The name, where the whole text is one reference.
  package var lone: String? {
    if parts.count == 1, case .reference(let name) = parts[0] { name } else { nil }
  }

  /// The text without any reference, or nil.
  var plain: String? {
    if parts.isEmpty { return "" }
    if parts.count == 1, case .text(let text) = parts[0] { return text }
    return nil
  }

  /// Fills the references in; a lone one keeps its value's type.
  ///
  /// `spelling` says how a number is written, which is how it stands inside a text.
  package func fill(
    at place: Fault.Place?, spelling: (String) -> String? = { _ in nil },
    _ lookup: (String) throws -> JSONValue
  ) throws -> JSONValue {
    if let plain { return .string(plain) }
    if let lone { return try lookup(lone) }
    var text = ""
    for part in parts {
      switch part {
      case .text(let piece): text += piece
      case .reference(let name):
        text += try Self.text(of: try lookup(name), name, at: place, spelling: spelling(name))
      }
      guard text.utf8.count <= Expansion.most else { break }
    }
    return .string(text)
  }

  /// A value as it stands inside a text; `spelling` is how a number is written.
  static func text(
    of value: JSONValue, _ name: String, at place: Fault.Place?, spelling: String? = nil
  ) throws -> String {
    switch value {
    case .string(let text): return text
    case .integer, .number: return spelling ?? value.canonical
    case .bool: return value.canonical
    case .null, .array, .object:
      throw Fault(
        .badInput, "'${\(name)}' is \(value.kindName) and cannot stand inside a text", at: place)
    }
  }
}

extension Substring {
  /// Without blanks at either end.
  var trimmed: String {
    var view = self
    while view.first == " " { view = view.dropFirst() }
    while view.last == " " { view = view.dropLast() }
    return String(view)
  }
}

extension String {
  var trimmed: String { self[...].trimmed }
}

extension JSONValue {
  /// A YAML value as it stands, references unfilled.
  init(_ node: YAMLNode) {
    switch node.value {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .real(let value): self = .number(value)
    case .text(let value): self = .string(value)
    case .list(let items): self = .array(items.map { JSONValue($0) })
    case .map(let entries):
      self = .object(
        Dictionary(entries.map { ($0.key, JSONValue($0.value)) }, uniquingKeysWith: { $1 }))
    }
  }

  /// The value in words of a name: text as it is, anything else canonical.
  var plainText: String { string ?? canonical }
}
