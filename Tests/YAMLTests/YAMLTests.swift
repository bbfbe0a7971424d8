import Platform
import Testing
import YAML

private func describe(_ node: YAMLNode) -> String {
  switch node.value {
  case .null: "null"
  case .bool(let value): "\(value)"
  case .integer(let value): "i\(value)"
  case .real(let value): "r\(value)"
  case .text(let value): "'\(value)'"
  case .list(let items): "[" + items.map(describe).joined(separator: ",") + "]"
  case .map(let entries):
    "{" + entries.map { "\($0.key):\(describe($0.value))" }.joined(separator: ",") + "}"
  }
}

private func parse(_ text: String) throws -> String {
  describe(try YAML.parse(text, file: "t.yaml"))
}

private func refusal(_ text: String, limits: YAML.Limits = YAML.Limits()) -> Fault? {
  do {
    _ = try YAML.parse(text, file: "t.yaml", limits: limits)
    return nil
  } catch {
    return error as? Fault
  }
}

@Test(arguments: [
  ("~", "null"), ("", "null"), ("Null", "null"), ("nUll", "'nUll'"), ("true", "true"),
  ("FALSE", "false"), ("yes", "'yes'"), ("off", "'off'"), ("12", "i12"), ("-12", "i-12"),
  ("+7", "i7"), ("010", "i10"), ("0o17", "i15"), ("0x1F", "i31"), ("0xZ", "'0xZ'"), ("-", "[null]"),
  ("1.5", "r1.5"), ("1.", "r1.0"), (".5", "r0.5"), ("-.5e3", "r-500.0"), ("1e-3", "r0.001"),
  ("1e", "'1e'"), (".", "'.'"), ("1.2.3", "'1.2.3'"), (".inf", "rinf"), ("-.INF", "r-inf"),
  (".nan", "rnan"), ("1_000", "'1_000'"), ("0x1p3", "'0x1p3'"), ("2001-01-01", "'2001-01-01'"),
  ("'12'", "'12'"), ("\"true\"", "'true'"), ("!!str 12", "'12'"), ("! 12", "'12'"),
  ("!!float 1", "r1.0"), ("| \n  12\n", "'12\n'"),
])
func scalarsFollowTheCoreSchema(text: String, expected: String) throws {
  #expect(try parse(text) == expected)
}

@Test func collectionsNest() throws {
  let text = "a: [1, {b: ~, c: 'x'}]\n1:\n  - - y\n    - {}\n  - []\n"
  #expect(try parse(text) == "{a:[i1,{b:null,c:'x'}],1:[['y',{}],[]]}")
}

@Test func everyNodeKnowsItsPlace() throws {
  let root = try YAML.parse("a:\n  bé: [10, zz]\n", file: "dir/t.yaml")
  let inner = try #require(root["a"]?["bé"])
  #expect("\(inner.place)" == "dir/t.yaml:2:7")
  guard case .list(let items) = inner.value, case .map(let entries)? = root["a"]?.value else {
    Issue.record("not the expected shape")
    return
  }
  #expect(items.map { "\($0.line):\($0.column) \($0.text)" } == ["2:8 10", "2:12 zz"])
  #expect("\(entries[0].keyNode.place)" == "dir/t.yaml:2:3")
}

@Test func aliasesStandForTheirAnchors() throws {
  #expect(try parse("a: &x {p: 1}\nb: *x\nc: [*x, *x]") == "{a:{p:i1},b:{p:i1},c:[{p:i1},{p:i1}]}")
  #expect(try parse("[&a 1, *a, &a 2, *a]") == "[i1,i1,i2,i2]")
}

@Test(arguments: [
  ("a: 1\nb: 2\na: 3", "t.yaml:3:1: the key 'a' stands twice (first in line 1)"),
  ("a: *abd\n", "t.yaml:1:4: no anchor '&abd' is complete before this alias"),
  ("a: &abc [*abd]\nb: 1", "t.yaml:1:10: no anchor '&abd' is complete before this alias"),
  ("&abc [*abc]", "t.yaml:1:7: no anchor '&abc' is complete before this alias"),
  (
    "[&abc 1, *abd]",
    "t.yaml:1:10: no anchor '&abd' is complete before this alias; did you mean '*abc'?"
  ),
  ("a: 1\n---\nb: 2", "t.yaml:2:1: a second document begins here; keep one document a file"),
  (
    "a: 12345678901234567890",
    "t.yaml:1:4: the integer '12345678901234567890' does not fit 64 bits; quote it to make it text"
  ),
  ("a: !thing 1", "t.yaml:1:4: the tag '!thing' does not fit '1'; leave the tag out"),
  (
    "a: !!map [1]",
    "t.yaml:1:4: the tag 'tag:yaml.org,2002:map' is not understood; leave the tag out"
  ),
  ("? [a]\n: 1", "t.yaml:1:3: a key must be a single value"),
  ("a: &x {b: 1}\n*x : 1", "t.yaml:2:1: a key must be a single value"),
  (
    "a: &x {b: 1}\nc:\n  <<: *x",
    "t.yaml:3:3: merge keys are not part of YAML 1.2; write the entries out, or alias a whole value"
  ),
])
func refusalsNameThePlace(text: String, message: String) throws {
  let fault = try #require(refusal(text))
  #expect(fault.description == message)
  #expect(fault.code == .badInput)
}

@Test(arguments: [
  "a: [1, 2", "a: 'x", "a:\n\t- 1", "a: b: c", "\u{1}", "{", "- a\nb", "%YAML 3.0\n--- a",
])
func brokenSyntaxIsAFault(text: String) throws {
  let fault = try #require(refusal(text))
  #expect(fault.code == .badInput)
  #expect(fault.place != nil)
}

@Test func invalidUTF8IsAFault() {
  #expect(throws: Fault.self) { try YAML.parse([0x61, 0x3a, 0x20, 0xff, 0xfe], file: "t") }
}

@Test func aByteOrderMarkIsSkipped() throws {
  #expect(describe(try YAML.parse([0xEF, 0xBB, 0xBF] + Array("a: 1".utf8), file: "t")) == "{a:i1}")
}

@Test func cuttingAtEveryByteNeverCrashes() {
  let text = Array("a: &x [1, 'two', \"th\\u00e9\"]\nb: {c: *x, d: |\n  text\n}\n".utf8)
  for length in 0...text.count {
    _ = try? YAML.parse(Array(text[..<length]), file: "t")
  }
}

@Test func anAliasBombIsRefused() throws {
  var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
  for level in 1..<12 {
    let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
    text += "a\(level): &a\(level) [\(items)]\n"
  }
  let fault = try #require(refusal(text))
  #expect(fault.message.hasPrefix("aliases expand to more than"))
}

@Test func deepNestingIsRefused() throws {
  for text in [String(repeating: "[", count: 1_000_000), String(repeating: "{a: ", count: 100_000)]
  {
    let fault = try #require(refusal(text))
    #expect(fault.message.contains("nest deeper"))
  }
  let blocks = (0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
  #expect(try #require(refusal(blocks)).message.contains("nest deeper"))
}

@Test func hugeDocumentsAreRefusedUnread() throws {
  let fault = try #require(
    refusal("a: " + String(repeating: "x", count: 200), limits: .init(bytes: 100)))
  #expect(fault.description == "t.yaml: the document has 203 bytes, more than the limit of 100")
  // No byte of it is UTF-8: a reader that looked at one would name that instead of the size.
  let unread = #expect(throws: Fault.self) {
    try YAML.parse([UInt8](repeating: 0xFF, count: (32 << 20) + 1), file: "t")
  }
  #expect(unread?.message.contains("more than the limit of") == true)
}

@Test func manyValuesAreRefused() throws {
  let list = "[" + String(repeating: "x,", count: 100) + "]"
  #expect(refusal(list, limits: .init(nodes: 101)) == nil)
  let fault = try #require(refusal(list, limits: .init(nodes: 100)))
  #expect(fault.description == "t.yaml:1:200: the document has more than 100 values")
  let map = "{" + (0..<50).map { "k\($0): 1, " }.joined() + "}"
  #expect(refusal(map, limits: .init(nodes: 101)) == nil)
  #expect(refusal(map, limits: .init(nodes: 100)) != nil)
}

@Test func largeMapsNameTheirDoubles() throws {
  let keys = (0..<40).map { "k\($0): 1\n" }.joined()
  for twice in [0, 15, 16, 39] {
    let fault = try #require(refusal(keys + "k\(twice): 2\n"))
    #expect(
      fault.description
        == "t.yaml:41:1: the key 'k\(twice)' stands twice (first in line \(twice + 1))")
  }
}

/// What nests or repeats without end is refused within its first thousand characters.
@Test(arguments: ["- ", "? ", "a: ", "&a ", "\"", "!!x "])
func hostileDocumentsAreRefusedAtTheirBeginning(piece: String) throws {
  let text = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
  let fault = #expect(throws: Fault.self) { try YAML.parse(text, file: "t") }
  let place = try #require(fault?.place)
  #expect(place.line == 1)
  #expect(try #require(place.column) <= 1000)
}

@Test func longDocumentsWithoutDepthAreRead() throws {
  for piece in ["#", "\n"] {
    let node = try YAML.parse(String(repeating: piece, count: 1 << 20), file: "t")
    #expect(node.kind == "null")
  }
  let list = try YAML.parse(String(repeating: "- a\n", count: 1 << 18), file: "t")
  guard case .list(let items) = list.value else {
    Issue.record("\(list.kind) where a list was written")
    return
  }
  #expect(items.count == 1 << 18)
}

@Test func aByteOrderMarkIsNoText() throws {
  let node = try YAML.parse("\u{FEFF}a: 1\nb: 2\n", file: "t.yaml")
  #expect(node["b"]?.place.description == "t.yaml:2:4")
  #expect(node["a"]?.place.description == "t.yaml:1:4")
}

@Test func encodingErrorsHaveLineAndColumn() throws {
  func place(_ bytes: [UInt8]) throws -> String? {
    let fault = #expect(throws: Fault.self) { try YAML.parse(bytes, file: "t.yaml") }
    return fault?.place?.description
  }
  #expect(try place(Array("a: 1\nb\u{E9}: x".utf8) + [0xFF, 0x0A]) == "t.yaml:2:6")
  #expect(try place([0xEF, 0xBB, 0xBF] + Array("a: ".utf8) + [0xC3, 0x28]) == "t.yaml:1:5")
  #expect(try place(Array("a: 1\n\n\u{1}".utf8)) == "t.yaml:3:1")
  #expect(try place([0xFF, 0xFE, 0x61, 0x00]) == "t.yaml:1:1")
}
