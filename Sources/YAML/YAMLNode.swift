import Platform

/// A value of a YAML document, with the place it was written at.
public struct YAMLNode: Sendable {
  /// A value under the YAML 1.2 core schema.
  public enum Value: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case text(String)
    case list([YAMLNode])
    case map([YAMLEntry])
  }

  public var value: Value
  /// The scalar as the document has it (`0x10`, `~`), for messages; empty for lists and maps.
  public var text: String
  let source: YAMLSource
  let row: UInt32
  let character: UInt32

  init(_ value: Value, text: String = "", source: YAMLSource, row: Int, character: Int) {
    self.value = value
    self.text = text
    self.source = source
    self.row = UInt32(truncatingIfNeeded: row)
    self.character = UInt32(truncatingIfNeeded: character)
  }

  /// Line, from 1.
  public var line: Int { Int(row) }
  /// Column in characters, from 1.
  public var column: Int { Int(character) }
  /// File, line and column.
  public var place: Fault.Place { Fault.Place(source.file, line: line, column: column) }

  /// The kind of the value, in words for messages: `a list`, `an integer`.
  public var kind: String {
    switch value {
    case .null: "null"
    case .bool: "a truth value"
    case .integer: "an integer"
    case .real: "a number"
    case .text: "text"
    case .list: "a list"
    case .map: "a map"
    }
  }

  /// The value under `key` of a map.
  /// - Complexity: O(number of entries).
  public subscript(key: String) -> YAMLNode? {
    guard case .map(let entries) = value else { return nil }
    return entries.first { $0.key == key }?.value
  }
}

/// One `key: value` of a map; a scalar key counts by its text (`1:` is the key "1").
public struct YAMLEntry: Sendable {
  public var key: String
  public var value: YAMLNode
  /// The key itself, for its place.
  public var keyNode: YAMLNode

  public init(key: String, value: YAMLNode, keyNode: YAMLNode) {
    self.key = key
    self.value = value
    self.keyNode = keyNode
  }
}

/// The document a node came from; shared by its nodes.
final class YAMLSource: Sendable {
  let file: String
  init(file: String) { self.file = file }
}
