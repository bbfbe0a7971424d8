import Artifacts
import PipelineKit
import Platform
import Testing

/// What a few lines may grow to, and how numbers stand in texts.
@Suite struct ManifestBoundsTests {
  static func plan(_ text: String, _ overrides: String...) throws -> Plan {
    let bench = try Bench()
    try bench.write("ferry.yaml", text)
    return try Planner.plan(
      bench.folder("ferry.yaml"), overrides: overrides, catalogue: Contracts())
  }

  static func refusal(_ text: String) throws -> Fault {
    let faults = #expect(throws: Faults.self) { try plan(text) }
    return try #require(faults?.list.first)
  }

  /// The words of the first job's command, as texts.
  static func words(_ plan: Plan, _ job: Int = 0) -> [String] {
    guard case .command(let words) = plan.jobs[job].program else { return [] }
    return words.map { word in
      word.parts.map { if case .text(let text) = $0 { text } else { "?" } }.joined()
    }
  }

  static let stage = "stages: { a: { command: [x, \"${v0}\"] } }\n"

  @Test func aLongChainOfVariablesIsRefused() throws {
    func chain(_ count: Int) -> String {
      let lines = (0..<count).map { "  v\($0): \"${v\($0 + 1)}\"\n" }
      return "ferry: 1\nvariables:\n\(lines.joined())  v\(count): 1\n" + Self.stage
    }
    #expect(Self.words(try Self.plan(chain(150))) == ["x", "1"])
    let fault = try Self.refusal(chain(10_000))
    #expect(fault.message == "variables refer to one another in a chain of more than 200")
    #expect(fault.place?.line == 202)
  }

  @Test func textsThatDoubleAreRefused() throws {
    let lines = (0..<60).map { "  v\($0): \"${v\($0 + 1)}${v\($0 + 1)}\"\n" }
    let fault = try Self.refusal(
      "ferry: 1\nvariables:\n\(lines.joined())  v60: aa\n" + Self.stage)
    #expect(fault.message == "this text expands to more than 1048576 bytes")
    #expect(fault.place?.line == 43)
  }

  @Test func listsThatDoubleAreRefused() throws {
    let lines = (0..<60).map { "  v\($0): [\"${v\($0 + 1)}\", \"${v\($0 + 1)}\"]\n" }
    let fault = try Self.refusal(
      "ferry: 1\nvariables:\n\(lines.joined())  v60: aa\nstages: { a: { command: [x] } }\n")
    #expect(fault.message == "this list expands to more than 1048576 values")
    #expect((fault.place?.line ?? 0) > 3)
  }

  @Test func aMatrixThatMultipliesIsRefused() throws {
    let values = (0..<20).map { "\($0)" }.joined(separator: ", ")
    let axes = (0..<12).map { "      a\($0): [\(values)]\n" }.joined()
    let fault = try Self.refusal(
      "ferry: 1\nstages:\n  a:\n    command: [x]\n    matrix:\n\(axes)")
    #expect(fault.message == "the matrix has more than 1000000 instances")
    #expect(fault.place?.line == 10)
  }

  @Test func inputsThatMultiplyAreRefused() throws {
    let values = (0..<2_000).map { "\($0)" }.joined(separator: ", ")
    let fault = try Self.refusal(
      """
      ferry: 1
      stages:
        a: { command: [x], out: { o: file }, matrix: { p: [\(values)] } }
        b: { command: [x], out: { o: file }, matrix: { q: [\(values)] } }
        c: { command: [x], in: { a: a.o, b: b.o } }
      """)
    #expect(fault.message == "with this input the stage has more than 1000000 instances")
    #expect(fault.place?.line == 5)
  }

  @Test func includesDoNotOverflowTheStack() throws {
    let bench = try Bench()
    for index in 0..<500 {
      try bench.write("f\(index).yaml", "include: [f\(index + 1).yaml]")
    }
    try bench.write("f500.yaml", "")
    try bench.write("ferry.yaml", "ferry: 1\ninclude: [f0.yaml]\nstages: { a: { command: [x] } }")
    let faults = #expect(throws: Faults.self) { try bench.plan() }
    #expect(faults?.list.first?.message == "includes nest deeper than 32 files")
  }

  @Test func numbersStandInTextsAsTheyWereWritten() throws {
    let plan = try Self.plan(
      """
      ferry: 1
      variables:
        rate: 1e5
        version: 3.10
        most: .inf
        fold: 007
        same: "${version}"
        rates: [1e-4, 2.50]
        chosen: { if: "${version} > 3", then: 4.0, else: 5 }
      stages:
        a: { command: [x, "${rate}", "v${version}", "${most}", "${fold}", "${same}", "${chosen}"] }
        b: { command: [x, "${matrix.r}"], matrix: { r: "${rates}" } }
        c: { command: [x, "r=${matrix.r}"], foreach: [{ r: 1.0 }] }
      """, "rate=2e3")
    #expect(Self.words(plan) == ["x", "2e3", "v3.10", ".inf", "007", "3.10", "4.0"])
    #expect(Self.words(plan, 1) == ["x", "1e-4"])
    #expect(Self.words(plan, 2) == ["x", "2.50"])
    #expect(Self.words(plan, 3) == ["x", "r=1.0"])
    #expect(plan.jobs[1].name == "b[r=0.0001]")
    #expect(plan.variables["rate"] == 2_000.0)
  }

  @Test func instancesAreChosenByValue() throws {
    let plan = try Self.plan(
      """
      ferry: 1
      stages:
        a: { command: [x], out: { o: file }, matrix: { r: [0.10, 2] } }
        b: { command: [x], in: { a: "a[r=0.10].o" } }
      """)
    #expect(plan.jobs.map(\.name) == ["a[r=0.1]", "a[r=2]", "b"])
  }
}
