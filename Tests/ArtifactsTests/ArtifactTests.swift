import Artifacts
import Platform
import Testing

@Suite struct ArtifactTests {
  static func make(_ path: String, text: String = "hello") throws -> Artifact {
    try Files.makeDirectories(Files.join(path, "sub"))
    try Files.write(text, to: Files.join(path, "sub/b"))
    try Files.write("x", to: Files.join(path, "a"))
    return try Artifact.seal(path, kind: "samples", schema: 3, rows: ["rows": 2], threads: 2)
  }

  @Test func equalContentIsEqual() throws {
    let folder = try TemporaryDirectory()
    let first = try Self.make(folder("one"))
    let second = try Self.make(folder("two"))
    #expect(first.digest == second.digest)
    #expect(first.files.map(\.path) == ["a", "sub/b"])
    try Files.write("{}", to: folder("one/provenance.json"))
    #expect(try Artifact.open(folder("one")).digest == second.digest)
    #expect(try Self.make(folder("three"), text: "hallo").digest != first.digest)
  }

  @Test func verifyNamesWhatRotted() throws {
    let folder = try TemporaryDirectory()
    let artifact = try Self.make(folder("one"))
    try artifact.verify(threads: 2)
    try Files.write("jello", to: folder("one/sub/b"))
    #expect {
      try artifact.verify()
    } throws: { ($0 as? Fault)?.place?.file.hasSuffix("sub/b") == true }
  }

  @Test func kindsAndVersionsAreChecked() throws {
    let folder = try TemporaryDirectory()
    _ = try Self.make(folder("one"))
    #expect(throws: Never.self) { try Artifact.open(folder("one"), kind: "samples", schema: 4) }
    #expect(throws: Fault.self) { try Artifact.open(folder("one"), kind: "faces") }
    #expect {
      try Artifact.open(folder("one"), kind: "samples", schema: 2)
    } throws: { "\($0)".contains("version 3") && "\($0)".contains("version 2") }
    #expect(throws: Fault.self) { try Artifact.open(folder("none")) }
    #expect(throws: Fault.self) { try Artifact.open(folder("one/sub")) }
  }
}

@Suite struct ContractTests {
  static let contract = Contract(
    name: "toy", revision: 2, summary: "Does nothing.",
    parameters: [
      ContractParameter("epochs", .integer, default: 5, minimum: 1, maximum: 100, help: "Rounds."),
      ContractParameter("rate", .number, default: 0.1, minimum: 0, help: "Step."),
      ContractParameter("mode", .choice(["fast", "slow"]), default: "fast", help: "How."),
      ContractParameter("classes", .list(.string), default: nil, help: "Names."),
      ContractParameter(
        "limit", .either([.integer, .choice(["all"])]), default: nil as JSONValue?, nullable: true,
        help: "How many."),
    ],
    inputs: [ContractPort("a", kind: "samples", several: true, help: "Rows.")],
    outputs: [ContractPort("b", kind: "faces", help: "Faces.")])

  @Test func survivesItsJSON() throws {
    #expect(try Contract(json: Self.contract.json, file: "toy") == Self.contract)
  }

  @Test func defaultsAndCanonicalForms() throws {
    let values = try Self.contract.resolve([
      "classes": ["x"], "rate": 2, "limit": nil, "epochs": 7.0,
    ])
    #expect(values["rate"] == .number(2))
    #expect(values["epochs"] == .integer(7))
    #expect(values["mode"] == "fast")
    #expect(values["limit"] == .null)
  }

  @Test func allProblemsAtOnce() {
    do {
      _ = try Self.contract.resolve([
        "epoch": 3, "epochs": 0, "rate": "x", "mode": "fats", "limit": "alls",
      ])
      Issue.record("nothing was thrown")
    } catch let problems as ContractProblems {
      let text = problems.description
      #expect(problems.problems.count == 6)
      #expect(text.contains("did you mean 'epochs'"))
      #expect(text.contains("1 to 100"))
      #expect(text.contains("did you mean 'fast'"))
      #expect(text.contains("'classes' has no default"))
    } catch { Issue.record(error) }
  }
}
