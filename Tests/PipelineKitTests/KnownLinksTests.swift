import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// A manifest that is parsed anew finds what the last run left through that run's snapshot; what
/// was touched since is looked at all the same.
@Suite struct KnownLinksTests {
  /// After a run whose snapshot has no racy stamp.
  static func makeDriver() throws -> Driver {
    let driver = try CrashTests.makeDriver(
      CrashTests.manifest.replacing("cache: shared\n", with: ""))
    #expect(try driver.ferry("run").ending == .exit(0))
    usleep(60_000)
    try edit(driver)
    #expect(try driver.ferry("run").output.contains("3 up to date"))
    return driver
  }

  /// Makes the manifest one that has to be parsed anew.
  static func edit(_ driver: Driver) throws {
    try driver.write("ferry.yaml", try driver.read("ferry.yaml") + "# one more line\n")
  }

  @Test(arguments: [
    ("rm .ferry/artifacts/second/p", 0), ("rm -r .ferry/artifacts/second", 0),
    ("ln -sfn $(readlink .ferry/artifacts/first/o) .ferry/artifacts/second/o", 0),
    ("rm -f $(readlink -f .ferry/artifacts/first/o)", 1),
    ("rm -rf .ferry/artifacts .ferry/store", 3), ("mv .ferry/artifacts/third/o x", 0),
  ])
  func whatWasTouchedIsPutRight(damage: String, rerun: Int) throws {
    let driver = try Self.makeDriver()
    #expect(try driver.script(damage).ending == .exit(0))
    try Self.edit(driver)
    let outcome = try driver.ferry("run", "--json")
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    #expect(outcome.started.count == rerun, "\(damage): \(outcome.started)")
    #expect(try driver.output("third/o") == CrashTests.result("old\n"), "\(damage)")
    #expect(try driver.output("second/p/x") == "old\nfirst\nsecond\n", "\(damage)")
    #expect(try driver.output("second/o") == "old\nfirst\n", "\(damage)")
  }

  @Test func anEditedStageRunsAndTheOthersDoNot() throws {
    let driver = try Self.makeDriver()
    try driver.write(
      "ferry.yaml", try driver.read("ferry.yaml").replacing("echo second", with: "echo Second"))
    #expect(try driver.ferry("run", "--json").started == ["second", "third"])
    try Self.edit(driver)
    #expect(try driver.ferry("run", "--json").started == [])
    #expect(try driver.output("second/p/x") == "old\nfirst\nSecond\n")
    let states = try CommandTests.json(try driver.ferry("status", "--json")).array ?? []
    #expect(states.map { $0["state"]?.string } == Array(repeating: "up-to-date", count: 3))
  }
}
