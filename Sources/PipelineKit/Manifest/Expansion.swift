import Artifacts
import Platform
import YAML

/// Bounds on what references may expand to, so that a few lines cannot fill the memory.
final class Expansion {
  /// Bytes of one text, and values of one list or map together with the bytes of their texts.
  static let most = 1 << 20
  /// Bytes of all texts together.
  static let mostInAll = 1 << 29
  /// Variables that refer to one another in a chain.
  static let chain = 200

  private var spent = 0

  /// Counts a text that references were filled into.
  /// - Throws: `Fault` at `place` where it, or all texts together, grow beyond the bound.
  func count(_ text: String, at place: Fault.Place?) throws {
    spent += text.utf8.count
    guard text.utf8.count <= Self.most else {
      throw Self.fault("this text expands to more than \(Self.most) bytes", place)
    }
    guard spent <= Self.mostInAll else {
      throw Self.fault(
        "from here on texts would expand to more than \(Self.mostInAll) bytes together", place)
    }
  }

  /// Checks the size of a list or map.
  static func check(_ value: JSONValue, at place: Fault.Place?) throws {
    var left = most
    guard fits(value, &left) else {
      throw fault("this \(value.kindName.dropFirst(2)) expands to more than \(most) values", place)
    }
  }

  private static func fits(_ value: JSONValue, _ left: inout Int) -> Bool {
    left -= 1
    switch value {
    case .string(let text): left -= text.utf8.count
    case .array(let items):
      for item in items { if !fits(item, &left) { return false } }
    case .object(let members):
      for (name, member) in members {
        left -= name.utf8.count
        if !fits(member, &left) { return false }
      }
    default: break
    }
    return left >= 0
  }

  private static func fault(_ message: String, _ place: Fault.Place?) -> Fault {
    Fault(.badInput, message, at: place, remedy: "keep long texts and lists in a file, a source")
  }
}

/// Numbers as a manifest writes them, which is how they stand inside a text: `1e5`, `3.10`, `.inf`.
struct Spellings {
  /// The value of each variable, with conditions and references to single variables resolved.
  var variables: [String: YAMLNode] = [:]
  /// By axis and value.
  private var axes: [String: [String: String]] = [:]

  /// How the number that a variable stands for is written; nil where it is no number.
  func spelling(ofVariable name: String) -> String? { variables[name].flatMap { Self.number($0) } }

  /// How a value on an axis is written.
  func spelling(ofAxis axis: String, _ value: JSONValue) -> String? {
    guard value.number != nil else { return nil }
    return axes[axis]?[value.canonical]
  }

  /// Notes how an axis's values are written; the first way stands.
  mutating func note(_ axis: String, _ node: YAMLNode) {
    let node = followed(node)
    if case .list(let items) = node.value {
      for item in items { note(axis, item) }
    } else if let text = Self.number(node) {
      let value = JSONValue(node).canonical
      if axes[axis]?[value] == nil { axes[axis, default: [:]][value] = text }
    }
  }

  private func followed(_ node: YAMLNode) -> YAMLNode {
    guard case .text(let text) = node.value, text.hasPrefix("${"),
      let name = (try? Template(text, at: nil))?.lone
    else { return node }
    return variables[name] ?? node
  }

  private static func number(_ node: YAMLNode) -> String? {
    switch node.value {
    case .integer, .real: node.text
    default: nil
    }
  }
}
