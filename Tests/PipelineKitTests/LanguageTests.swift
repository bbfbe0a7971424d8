import Artifacts
import PipelineKit
import Platform
import Testing

private let here = Fault.Place("t.yaml", line: 3, column: 5)

@Test func templatesFillReferences() throws {
  let values: [String: JSONValue] = ["n": 3, "x": 0.5, "t": "a b", "l": [1, 2], "b": true]
  func fill(_ text: String) throws -> JSONValue {
    try Template(text, at: here).fill(at: here) { values[$0] ?? .null }
  }
  #expect(try fill("${n}") == 3)
  #expect(try fill("${ l }") == [1, 2])
  #expect(try fill("a-${n}-${x}-${b}-${t}") == "a-3-0.5-true-a b")
  #expect(try fill("$${n} costs $5 $") == "${n} costs $5 $")
  #expect(try fill("") == "")
  #expect(throws: Fault.self) { try fill("a ${l}") }
  #expect(throws: Fault.self) { try fill("${n") }
  #expect(throws: Fault.self) { try fill("${}") }
}

@Test(arguments: [
  ("${size} == 112", true), ("${size} != 112", false), ("${size} < 200 and ${size} >= 112", true),
  ("not ${quick}", true), ("!${quick} && true", true), ("${quick} or ${size} in [64, 112]", true),
  ("${name} == 'rafdb'", true), ("${name} == rafdb", true), ("(${size} > 1) == true", true),
  ("${size} == 112.0", true), ("${size} in [auto, 112]", true), ("${none} == null", true),
  ("${name} != null", true), ("'a' == 'a'", true), ("false or false or true and false", false),
])
func conditionsHold(text: String, expected: Bool) throws {
  let values: [String: JSONValue] = ["size": 112, "quick": false, "name": "rafdb"]
  #expect(try Condition(text, at: here).holds { values[$0] ?? .null } == expected)
}

@Test(arguments: [
  "", "1 +", "${size}", "1 < a", "(1 == 1", "1 in 2", "true true", "'x", "not", "[1", "== 1", "&",
])
func badConditionsAreFaults(text: String) throws {
  #expect(throws: Fault.self) { try Condition(text, at: here).holds { _ in 1 } }
}

@Test(arguments: ["(", "[", "not ", "!", "(not ["])
func conditionsDoNotOverflowTheStack(piece: String) {
  let deep = String(repeating: piece, count: 100_000) + "true"
  let fault = #expect(throws: Fault.self) { try Condition(deep, at: here).holds { _ in 1 } }
  #expect(fault?.message.hasSuffix("nests too deep") == true)
  #expect((fault?.description.utf8.count ?? 0) < 1_000)
}

@Test func onlyOpenParenthesesCountAsDepth() throws {
  let wide = Array(repeating: "not (${x} == [2])", count: 1_000).joined(separator: " and ")
  #expect(try Condition(wide, at: here).holds { _ in [1] })
}

@Test func quantitiesHaveUnits() {
  #expect(Quantities.seconds("2h") == 7_200)
  #expect(Quantities.seconds("1h30m") == 5_400)
  #expect(Quantities.seconds("1.5s") == 1.5)
  #expect(Quantities.seconds(90) == 90)
  #expect(Quantities.seconds("2 parsecs") == nil)
  #expect(Quantities.seconds("1h1h") == nil)
  #expect(Quantities.seconds(-1) == nil)
  #expect(Quantities.bytes("2GiB") == 2 << 30)
  #expect(Quantities.bytes("500 MB") == 500_000_000)
  #expect(Quantities.bytes(1_024) == 1_024)
  #expect(Quantities.bytes("9999999999 TiB") == nil)
  #expect(Quantities.bytes("") == nil)
}

@Test func referencesNameOrigins() throws {
  #expect(try Reference("sources.a", at: here).origin == .source("a"))
  #expect(try Reference("a-b.c", at: here).origin == .stage("a-b", .axes([:]), port: "c"))
  #expect(try Reference("a[*].p", at: here).origin == .stage("a", .all, port: "p"))
  let some = try Reference("a[seed=1, size=*].p", at: here)
  #expect(some.origin == .stage("a", .axes(["seed": "1", "size": nil]), port: "p"))
  #expect(some.gathers)
  for text in ["a", ".p", "a.", "a[.p", "a[].p", "a[x].p", "1a.p", "a..p"] {
    #expect(throws: Fault.self) { try Reference(text, at: here) }
  }
}
