import Artifacts
import Platform
import StageKit
import Testing

@Suite struct StageRequestTests {
  static let contract = Contract(
    name: "toy", revision: 1, summary: "Copies.",
    parameters: [
      ContractParameter("size", .integer, default: 112, minimum: 1, help: "Pixels."),
      ContractParameter("names", .list(.string), default: [], help: "Names."),
    ],
    inputs: [
      ContractPort("samples", help: "Rows."),
      ContractPort("more", kind: "faces", several: true, optional: true, help: "More."),
    ],
    outputs: [ContractPort("faces", help: "Faces.")])

  static func request(
    _ inputs: [String], _ outputs: [String] = ["faces=out"], _ settings: [String] = []
  ) throws -> StageRequest {
    try StageRequest(
      contract: contract, inputs: inputs, outputs: outputs, settings: settings,
      parametersFile: nil)
  }

  static func message(_ body: () throws -> some Any) -> String {
    do {
      _ = try body()
      return "nothing was thrown"
    } catch { return "\(error)" }
  }

  @Test func settingsAreYAML() throws {
    let request = try Self.request(["samples=/"], ["faces=out"], ["size=64", "names=[a, 'b c']"])
    #expect(request.parameters["size"] == 64)
    #expect(request.parameters["names"] == ["a", "b c"])
  }

  @Test func portsRepeatInOrder() throws {
    let request = try Self.request(["samples=/", "more=/tmp", "more=/"])
    #expect(request.inputs["more"] == ["/tmp", "/"])
  }

  @Test func mistakesAreNamed() {
    #expect(Self.message { try Self.request([]) }.contains("'samples' is missing"))
    #expect(Self.message { try Self.request(["sample=/"]) }.contains("did you mean 'samples'"))
    #expect(Self.message { try Self.request(["samples=/", "samples=/"]) }.contains("takes one"))
    #expect(Self.message { try Self.request(["samples=/none/x"]) }.contains("/none/x"))
    #expect(Self.message { try Self.request(["samples"]) }.contains("NAME=VALUE"))
    #expect(Self.message { try Self.request(["samples=/"], []) }.contains("'faces' is missing"))
    #expect(
      Self.message { try Self.request(["samples=/"], ["faces=o"], ["sise=3"]) }
        .contains("did you mean 'size'"))
    #expect(
      Self.message { try Self.request(["samples=/"], ["faces=o"], ["size=[1"]) }
        .contains("--set size=[1 is not YAML"))
  }
}

@Suite struct PublicationTests {
  @Test func appearsWholeOrNotAtAll() throws {
    let folder = try TemporaryDirectory()
    let publication = try Publication(outputs: ["faces": folder("out")], replace: false)
    try Files.write("x", to: Files.join(publication.attempt("faces"), "file"))
    #expect(!Files.exists(folder("out")))
    try publication.publish()
    #expect(try Files.list(folder.path) == ["out"])
    #expect(try Files.list(folder("out")) == ["file"])
  }

  @Test func existingOutputsAreRefusedUnlessReplaced() throws {
    let folder = try TemporaryDirectory()
    try Files.makeDirectories(folder("out"))
    try Files.write("old", to: folder("out/old"))
    #expect(throws: Fault.self) {
      try Publication(outputs: ["faces": folder("out")], replace: false)
    }
    let publication = try Publication(outputs: ["faces": folder("out")], replace: true)
    try Files.write("new", to: Files.join(publication.attempt("faces"), "new"))
    #expect(try Files.list(folder("out")) == ["old"])
    try publication.publish()
    #expect(try Files.list(folder("out")) == ["new"])
    #expect(try Files.list(folder.path) == ["out"])
  }

  @Test func leftoversOfDeadRunsAreRemoved() throws {
    let folder = try TemporaryDirectory()
    // Process numbers end at 4,194,304 on Linux, so this one cannot be alive.
    try Files.makeDirectories(folder(".out.partial-4194999"))
    let publication = try Publication(outputs: ["faces": folder("out")], replace: false)
    #expect(try Files.list(folder.path).count == 1)
    publication.discard()
    #expect(try Files.list(folder.path).isEmpty)
  }
}

@Suite struct ProgressTests {
  @Test func readingsShowRateAndTimeLeft() {
    let reading = ProgressReading(
      done: 50, total: 200, unit: "images", message: "loss 1.5", rate: 2.5)
    #expect(reading.remaining == 60)
    #expect(reading.plain == "50/200 images  2.5/s  ETA 1:00  loss 1.5")
    #expect(reading.bar(stage: "train", width: 34).count == 33)
    #expect(reading.bar(stage: "train", width: 80).hasPrefix("train [#####..............."))
    #expect(ProgressReading.clock(3725) == "1:02:05")
  }
}
