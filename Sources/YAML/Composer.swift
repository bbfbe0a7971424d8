import CYAML
import Platform

/// Builds nodes from libyaml's events.
struct Composer {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let event: UnsafeMutablePointer<yaml_event_t>
  private let source: YAMLSource
  private let bytes: UnsafeBufferPointer<UInt8>
  private let limits: YAML.Limits
  private var anchors: [String: (node: YAMLNode, nodes: Int)] = [:]
  /// Nodes written in the document, and nodes that aliases added.
  private var written = 0
  private var expanded = 0
  private var depth = 0
  /// Items of the lists and maps that are open, so that each becomes an array of its exact size.
  private var openItems: [YAMLNode] = []
  private var openEntries: [YAMLEntry] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>, file: String, limits: YAML.Limits) throws {
    parser = .allocate(capacity: 1)
    event = .allocate(capacity: 1)
    event.initialize(to: yaml_event_t())
    source = YAMLSource(file: file)
    self.bytes = bytes
    self.limits = limits
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      event.deallocate()
      throw Fault(.internal, "the YAML reader cannot start")
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  func close() {
    yaml_event_delete(event)
    yaml_parser_delete(parser)
    parser.deallocate()
    event.deallocate()
  }

  /// The one document of the stream.
  mutating func document() throws -> YAMLNode {
    try advance()
    try advance()
    if event.pointee.type == YAML_STREAM_END_EVENT {
      return YAMLNode(.null, source: source, row: 1, character: 1)
    }
    try advance()
    let root = try node()
    try advance()
    try advance()
    guard event.pointee.type == YAML_STREAM_END_EVENT else {
      throw fault("a second document begins here", remedy: "keep one document a file")
    }
    return root
  }

  private func advance() throws {
    yaml_event_delete(event)
    guard yaml_parser_parse(parser, event) == 1 else { throw parserFault() }
  }

  /// The node that begins at the current event; leaves the last event of the node current.
  private mutating func node() throws -> YAMLNode {
    switch event.pointee.type {
    case YAML_ALIAS_EVENT: return try alias()
    case YAML_SCALAR_EVENT:
      return try anchored(event.pointee.data.scalar.anchor) { try $0.scalar() }
    case YAML_SEQUENCE_START_EVENT:
      return try anchored(event.pointee.data.sequence_start.anchor) { try $0.list() }
    default: return try anchored(event.pointee.data.mapping_start.anchor) { try $0.map() }
    }
  }

  private mutating func anchored(
    _ anchor: UnsafeMutablePointer<yaml_char_t>?, _ body: (inout Composer) throws -> YAMLNode
  ) throws -> YAMLNode {
    let name = anchor.map { String(cString: $0) }
    let before = written + expanded
    written += 1
    guard written <= limits.nodes else {
      throw fault("the document has more than \(limits.nodes) values")
    }
    let node = try body(&self)
    if let name { anchors[name] = (node, written + expanded - before) }
    return node
  }

  private mutating func alias() throws -> YAMLNode {
    let name = String(cString: event.pointee.data.alias.anchor)
    guard let known = anchors[name] else {
      let near = nearestWord(to: name, among: anchors.keys.sorted())
      throw fault(
        "no anchor '&\(name)' is complete before this alias",
        remedy: near.map { "did you mean '*\($0)'?" })
    }
    expanded += known.nodes
    guard expanded <= max(limits.aliasNodes, limits.aliasRatio * written) else {
      throw fault("aliases expand to more than \(limits.aliasNodes) values here")
    }
    return known.node
  }

  private mutating func scalar() throws -> YAMLNode {
    let scalar = event.pointee.data.scalar
    let text = String(
      decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    let plain = scalar.style == YAML_PLAIN_SCALAR_STYLE
    let tag = scalar.tag.map { String(cString: $0) }
    return make(try value(of: text, plain: plain, tag: tag), text: text)
  }

  private func value(of text: String, plain: Bool, tag: String?) throws -> YAMLNode.Value {
    guard let tag else {
      guard plain else { return .text(text) }
      guard let value = CoreSchema.resolve(text) else {
        throw fault(
          "the integer '\(text)' does not fit 64 bits", remedy: "quote it to make it text")
      }
      return value
    }
    switch (tag, CoreSchema.resolve(text)) {
    case ("!", _), ("tag:yaml.org,2002:str", _): return .text(text)
    case ("tag:yaml.org,2002:null", .some(.null)): return .null
    case ("tag:yaml.org,2002:bool", .some(.bool(let value))): return .bool(value)
    case ("tag:yaml.org,2002:int", .some(.integer(let value))): return .integer(value)
    case ("tag:yaml.org,2002:float", .some(.real(let value))): return .real(value)
    case ("tag:yaml.org,2002:float", .some(.integer(let value))): return .real(Double(value))
    default: throw fault("the tag '\(tag)' does not fit '\(text)'", remedy: "leave the tag out")
    }
  }

  private mutating func list() throws -> YAMLNode {
    try checkTag(event.pointee.data.sequence_start.tag, is: "tag:yaml.org,2002:seq")
    var result = make(.null)
    try enter()
    let base = openItems.count
    while try next(before: YAML_SEQUENCE_END_EVENT) { openItems.append(try node()) }
    depth -= 1
    result.value = .list(Array(openItems[base...]))
    openItems.removeSubrange(base...)
    return result
  }

  private mutating func map() throws -> YAMLNode {
    try checkTag(event.pointee.data.mapping_start.tag, is: "tag:yaml.org,2002:map")
    var result = make(.null)
    try enter()
    let base = openEntries.count
    var keys: [String: Int] = [:]
    while try next(before: YAML_MAPPING_END_EVENT) {
      let key = try keyNode()
      if let first = firstLine(of: key, since: base, &keys) {
        throw Fault(
          .badInput, "the key '\(key.text)' stands twice (first in line \(first))", at: key.place)
      }
      try advance()
      openEntries.append(YAMLEntry(key: key.text, value: try node(), keyNode: key))
    }
    depth -= 1
    result.value = .map(Array(openEntries[base...]))
    openEntries.removeSubrange(base...)
    return result
  }

  /// The line in which a key of the open map stands already; `keys` spares large maps the search.
  private func firstLine(
    of key: YAMLNode, since base: Int, _ keys: inout [String: Int]
  ) -> Int? {
    guard openEntries.count - base >= 16 else {
      return openEntries[base...].first { $0.key == key.text }?.keyNode.line
    }
    if keys.isEmpty {
      for entry in openEntries[base...] { keys[entry.key] = entry.keyNode.line }
    }
    return keys.updateValue(key.line, forKey: key.text)
  }

  private mutating func keyNode() throws -> YAMLNode {
    let type = event.pointee.type
    guard type == YAML_SCALAR_EVENT || type == YAML_ALIAS_EVENT else {
      throw fault("a key must be a single value")
    }
    let plain =
      type == YAML_SCALAR_EVENT
      && event.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
    let here = make(.null)
    var key = try node()
    if case .list = key.value { throw fault("a key must be a single value") }
    if case .map = key.value { throw fault("a key must be a single value") }
    if plain, key.text == "<<" {
      throw fault(
        "merge keys are not part of YAML 1.2",
        remedy: "write the entries out, or alias a whole value")
    }
    key = YAMLNode(
      key.value, text: key.text, source: source, row: here.line, character: here.column)
    return key
  }

  /// Moves to the next event; false where it closes the list or map.
  private func next(before end: yaml_event_type_t) throws -> Bool {
    try advance()
    return event.pointee.type != end
  }

  private mutating func enter() throws {
    depth += 1
    guard depth <= limits.depth else {
      throw fault("lists and maps nest deeper than \(limits.depth) levels here")
    }
  }

  private func checkTag(_ tag: UnsafeMutablePointer<yaml_char_t>?, is expected: String) throws {
    guard let tag else { return }
    let name = String(cString: tag)
    guard name == expected || name == "!" else {
      throw fault("the tag '\(name)' is not understood", remedy: "leave the tag out")
    }
  }

  private func make(_ value: YAMLNode.Value, text: String = "") -> YAMLNode {
    let mark = event.pointee.start_mark
    return YAMLNode(
      value, text: text, source: source, row: Int(mark.line) + 1, character: Int(mark.column) + 1)
  }

  private func fault(_ message: String, remedy: String? = nil) -> Fault {
    Fault(.badInput, message, at: make(.null).place, remedy: remedy)
  }

  private func parserFault() -> Fault {
    let state = parser.pointee
    let problem = state.problem.map { String(cString: $0) } ?? "not YAML"
    guard state.error == YAML_SCANNER_ERROR || state.error == YAML_PARSER_ERROR else {
      return Fault(
        .badInput, "not YAML: \(problem)", at: place(ofByte: Int(state.problem_offset)),
        remedy: "save the file as UTF-8, without control characters")
    }
    let mark = state.problem_mark
    let context = state.context.map { String(cString: $0) }
    return Fault(
      .badInput, "not YAML: \(problem)",
      at: Fault.Place(source.file, line: Int(mark.line) + 1, column: Int(mark.column) + 1),
      cause: context.map { "\($0) that began in line \(state.context_mark.line + 1)" })
  }

  /// Line and column, in characters, of a byte.
  private func place(ofByte offset: Int) -> Fault.Place {
    var line = 1
    var column = 1
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return Fault.Place(source.file, line: line, column: column)
  }
}
