import Artifacts
import Platform
import Testing

@Suite struct JSONTests {
  @Test func canonicalTextSortsKeysByBytes() {
    let value: JSONValue = ["b": 1, "a": [true, nil, 0.5], "é": "x", "B": "q\"\\\n\u{1}"]
    #expect(
      value.canonical == #"{"B":"q\"\\\n\u0001","a":[true,null,0.5],"b":1,"é":"x"}"#)
  }

  @Test(arguments: [
    0.1, 1e-5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -0.0, 3, 1e21, 123456.789,
  ])
  func numbersReadBackExactly(_ number: Double) throws {
    let text = JSONValue.number(number).canonical
    #expect(try JSONValue.parse(text).number?.bitPattern == number.bitPattern)
  }

  @Test func wholeNumbersStayWhole() throws {
    #expect(
      try JSONValue.parse("[1,1.0,-0,9223372036854775807]").array == [
        .integer(1), .number(1), .integer(0), .integer(.max),
      ])
  }

  @Test func escapesAreRead() throws {
    let text = #""a\u00e9\ud83d\ude00\/\b\f\n\r\t\\\"""#
    #expect(try JSONValue.parse(text).string == "aé😀/\u{8}\u{c}\n\r\t\\\"")
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "01", "1.", ".5", "+1", "1e", "nul",
    "\"\\x\"", "\"\\ud800\"", "\"\u{1}\"", "[1] 2", "{\"a\":1,\"a\":2}", "{a:1}", "'a'", "NaN",
    "1e999", "\"abc",
  ])
  func badTextIsRefused(_ text: String) {
    #expect(throws: Fault.self) { try JSONValue.parse(text) }
  }

  @Test func faultsHaveLineAndColumn() {
    #expect {
      try JSONValue.parse("{\n  \"a\": tru\n}", file: "x.json")
    } throws: { ($0 as? Fault)?.place == Fault.Place("x.json", line: 2, column: 8) }
  }

  @Test func depthIsBounded() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: Fault.self) { try JSONValue.parse(deep) }
  }

  @Test func prettyTextReadsBack() throws {
    let value: JSONValue = ["a": [1, ["b": []]], "c": [:]]
    #expect(try JSONValue.parse(value.pretty) == value)
  }
}
