import CYAML
import Platform

/// YAML 1.2 documents, read through libyaml, every node with its line and column.
///
/// One document a stream. Duplicate keys, merge keys, custom tags and keys that are lists or maps
/// are refused. Anchors and aliases work; what aliases may expand to is bounded.
public enum YAML {
  /// Bounds that keep a hostile document from costing more than a moment.
  public struct Limits: Sendable {
    /// Length of the document in bytes.
    public var bytes: Int
    /// Lists and maps inside one another.
    public var depth: Int
    /// Lists, maps, keys and values as written; each takes some sixty bytes of memory.
    public var nodes: Int
    /// Nodes that aliases add; a large document may add `aliasRatio` times its own nodes.
    public var aliasNodes: Int
    public var aliasRatio: Int

    public init(
      bytes: Int = 32 << 20, depth: Int = 64, nodes: Int = 6_000_000, aliasNodes: Int = 100_000,
      aliasRatio: Int = 16
    ) {
      self.bytes = bytes
      self.depth = depth
      self.nodes = nodes
      self.aliasNodes = aliasNodes
      self.aliasRatio = aliasRatio
    }
  }

  /// Reads a document; an empty one is null.
  ///
  /// `file` is the name that messages use.
  /// - Throws: `Fault` (badInput) with line and column.
  /// - Complexity: O(bytes + nodes).
  public static func parse(
    _ bytes: [UInt8], file: String, limits: Limits = Limits()
  ) throws -> YAMLNode {
    guard bytes.count <= limits.bytes else {
      throw Fault(
        .badInput, "the document has \(bytes.count) bytes, more than the limit of \(limits.bytes)",
        at: Fault.Place(file))
    }
    return try bytes.withUnsafeBufferPointer { whole in
      try refuseUTF16(whole, file: file)
      // A byte-order mark is no part of the text: the first key is in column 1.
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      let buffer = UnsafeBufferPointer(
        rebasing: whole.dropFirst(whole.starts(with: mark) ? mark.count : 0))
      var composer = try Composer(buffer, file: file, limits: limits)
      defer { composer.close() }
      return try composer.document()
    }
  }

  private static func refuseUTF16(_ bytes: UnsafeBufferPointer<UInt8>, file: String) throws {
    guard bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) else { return }
    throw Fault(
      .badInput, "the text is UTF-16", at: Fault.Place(file, line: 1, column: 1),
      remedy: "save it as UTF-8")
  }

  public static func parse(
    _ text: String, file: String, limits: Limits = Limits()
  ) throws -> YAMLNode {
    try parse(Array(text.utf8), file: file, limits: limits)
  }

  /// Reads a file, whose size is checked before it is read.
  public static func load(_ path: String, limits: Limits = Limits()) throws -> YAMLNode {
    try parse(try Files.read(path, limit: limits.bytes), file: path, limits: limits)
  }
}
