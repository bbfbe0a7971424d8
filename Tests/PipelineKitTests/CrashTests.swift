import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// What a killed, starved or hindered run leaves: the old state or the new one, and the next run
/// finishes.
@Suite struct CrashTests {
  /// first -> second (two outputs) -> third.
  static let manifest = """
    ferry: 1
    cache: shared
    sources: { a: a.txt }
    stages:
      first: { command: [sh, -c, 'cat "$1" > "$2"; echo first >> "$2"', sh, "${in.i}", "${out.o}"], in: { i: sources.a }, out: { o: file } }
      second:
        command: [sh, -c, 'cat "$1" > "$2"; mkdir "$3"; cat "$1" > "$3/x"; echo second >> "$3/x"', sh, "${in.i}", "${out.o}", "${out.p}"]
        in: { i: first.o }
        out: { o: file, p: files }
      third: { command: [sh, -c, 'cat "$1" "$2/x" > "$3"', sh, "${in.i}", "${in.j}", "${out.o}"], in: { i: second.o, j: second.p }, out: { o: file } }
    """

  static func result(_ text: String) -> String { "\(text)first\n\(text)first\nsecond\n" }

  static func makeDriver(_ text: String = manifest) throws -> Driver {
    let driver = try Driver(text)
    try driver.write("a.txt", "old\n")
    return driver
  }

  /// No result is a mixture, nothing is damaged, and the next run finishes and then rests.
  static func expectRecovery(_ driver: Driver, _ what: String) throws {
    if Files.exists(driver.folder(".ferry/artifacts/third/o")) {
      let found = try driver.output("third/o")
      #expect([result("old\n"), result("new\n")].contains(found), "\(what): a mixture")
    }
    let verified = try driver.ferry("verify")
    #expect(verified.ending == .exit(0), "\(what): \(verified.output)")
    let next = try driver.ferry("run")
    #expect(next.ending == .exit(0), "\(what): \(next.messages)")
    #expect(try driver.output("third/o") == result("new\n"), "\(what)")
    #expect(try driver.output("second/p/x") == "new\nfirst\nsecond\n", "\(what)")
    #expect(try driver.ferry("run", "--json").started == [], "\(what)")
    #expect(try driver.ferry("gc").ending == .exit(0), "\(what)")
    let attempts = driver.folder(".ferry/attempts")
    #expect(try !Files.exists(attempts) || Files.list(attempts) == [], "\(what)")
    #expect(try driver.ferry("run", "--json").started == [], "\(what)")
  }

  @Test(arguments: FaultPoint.allCases)
  func killedAtEveryPoint(point: FaultPoint) throws {
    let driver = try Self.makeDriver()
    #expect(try driver.ferry("run").ending == .exit(0))
    #expect(try driver.output("third/o") == Self.result("old\n"))
    try driver.write("a.txt", "new\n")
    // A snapshot is only left where no stamp is racy.
    usleep(60_000)
    let words = point == .insideCollection ? ["gc", "--keep-runs", "1"] : ["run"]
    let killed = try driver.start(words, environment: ["FERRY_FAULT": point.rawValue]).finish()
    #expect(killed.ending == .signal(Int(SIGKILL)), "\(point) is never reached")
    try Self.expectRecovery(driver, "\(point)")
  }

  @Test(arguments: [FaultPoint.beforeObjects, .object, .insideCommit, .link, .snapshot])
  func killedInTheFirstRun(point: FaultPoint) throws {
    let driver = try Self.makeDriver()
    try driver.write("a.txt", "new\n")
    usleep(60_000)
    let killed = try driver.start(["run"], environment: ["FERRY_FAULT": point.rawValue]).finish()
    #expect(killed.ending == .signal(Int(SIGKILL)))
    try Self.expectRecovery(driver, "\(point)")
  }

  /// Every name is used where the program can be cut off, and every cut has a name.
  @Test func theListOfPointsIsComplete() throws {
    var used: Set<String> = []
    let sources =
      "\(#filePath)".replacing("Tests/PipelineKitTests/CrashTests.swift", with: "")
      + "Sources/PipelineKit"
    for file in try Artifact.contents(of: sources) {
      for piece in try Files.readText(Files.join(sources, file)).split(separator: "\n") {
        guard let call = piece.split(separator: "FaultPoint.reach(.").last,
          piece.contains("FaultPoint.reach(.")
        else { continue }
        used.insert(String(call.prefix { $0 != ")" }))
      }
    }
    #expect(used == Set(FaultPoint.allCases.map { "\($0)" }))
  }

  @Test(arguments: [5, 10, 20, 40, 80, 120, 160, 240])
  func killedAtAnyTime(milliseconds: Int) throws {
    let driver = try Self.makeDriver()
    #expect(try driver.ferry("run").ending == .exit(0))
    try driver.write("a.txt", "new\n")
    let program = try driver.start(["run"])
    usleep(UInt32(milliseconds) * 1_000)
    program.signal(SIGKILL)
    _ = try program.finish()
    try Self.expectRecovery(driver, "\(milliseconds) ms")
  }

  @Test(arguments: [2, 4])
  func runsAtOnceShareTheWork(count: Int) throws {
    let driver = try Driver(
      """
      ferry: 1
      sources: { a: a.txt }
      stages:
        one:
          command: [sh, -c, 'sleep 0.02; cat "$1" > "$2"; echo "$3" >> "$2"', sh, "${in.i}", "${out.o}", "${matrix.n}"]
          in: { i: sources.a }
          matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }
          out: { o: file }
        two: { command: [sh, -c, 'cat "$1" "$1" > "$2"', sh, "${in.i}", "${out.o}"], in: { i: one.o }, out: { o: file } }
        all: { command: [sh, -c, 'out="$1"; shift; cat "$@" > "$out"', sh, "${out.o}", "${in.i}"], in: { i: ["two[*].o"] }, out: { o: file } }
      """)
    try driver.write("a.txt", "text\n")
    let programs = try (0..<count).map { _ in try driver.start(["run", "--json"]) }
    let outcomes = try programs.map { try $0.finish() }
    for outcome in outcomes { #expect(outcome.ending == .exit(0), "\(outcome.messages)") }
    let started = outcomes.flatMap(\.started)
    #expect(started.count == 25 && Set(started).count == 25, "\(started.sorted())")
    let expected = (1...12).map { "text\n\($0)\ntext\n\($0)\n" }.joined()
    #expect(try driver.output("all/o") == expected)
    #expect(try driver.ferry("run", "--json").started == [])
    #expect(try driver.ferry("verify").ending == .exit(0))
  }

  @Test func writersOfASharedCacheDoNotMeet() throws {
    let drivers = try (0..<4).map { _ in try Self.makeDriver() }
    let cache = try TemporaryDirectory("cache")
    for driver in drivers {
      try driver.write("a.txt", "new\n")
      try driver.write(
        "ferry.yaml", Self.manifest.replacing("cache: shared", with: "cache: \(cache("shared"))"))
    }
    let programs = try drivers.map { try $0.start(["run"]) }
    for program in programs { #expect(try program.finish().ending == .exit(0)) }
    for driver in drivers { try Self.expectRecovery(driver, "shared") }
    #expect(try Files.list(cache("shared/incoming")) == [])
    let fifth = try Self.makeDriver(
      Self.manifest.replacing("cache: shared", with: "cache: \(cache("shared"))"))
    try fifth.write("a.txt", "new\n")
    #expect(try fifth.ferry("run", "--json").started == [])
  }

  @Test func anEditWithARestoredTimeIsNoticed() throws {
    let driver = try Self.makeDriver()
    #expect(try driver.ferry("run").ending == .exit(0))
    usleep(60_000)
    #expect(try driver.ferry("run").ending == .exit(0))
    let edit = try driver.script(
      "touch -r a.txt reference; printf 'new\\n' > a.txt; touch -r reference a.txt")
    #expect(edit.ending == .exit(0))
    #expect(try driver.ferry("run", "--json").started == ["first", "second", "third"])
    try Self.expectRecovery(driver, "restored time")
  }

  @Test(arguments: ["1999-01-01", "2037-01-01"])
  func fileTimesMayBeAnything(day: String) throws {
    let driver = try Self.makeDriver()
    let dated = { _ = try driver.script("touch -d \(day) a.txt ferry.yaml") }
    try dated()
    #expect(try driver.ferry("run").ending == .exit(0))
    usleep(60_000)
    #expect(try driver.ferry("run", "--json").started == [])
    try driver.write("a.txt", "new\n")
    try dated()
    #expect(try driver.ferry("run", "--json").started == ["first", "second", "third"])
    try Self.expectRecovery(driver, day)
  }

  @Test func aDamagedStateCostsOnlyTime() throws {
    let driver = try Self.makeDriver()
    try driver.write("a.txt", "new\n")
    #expect(try driver.ferry("run").ending == .exit(0))
    let state = driver.folder(".ferry/state.sqlite")
    let whole = try Files.read(state)
    var holed = whole
    for index in stride(from: 4_096, to: whole.count, by: 512) { holed[index] ^= 0x55 }
    let damages: [(String, [UInt8]?)] = [
      ("missing", nil), ("empty", []), ("cut", Array(whole.prefix(whole.count / 2))),
      ("garbage", [UInt8](repeating: 0xA5, count: 20_000)), ("holed", holed),
      ("head only", Array(whole.prefix(100))),
    ]
    for (what, bytes) in damages {
      try Files.removeTree(driver.folder(".ferry/snapshots"))
      if let bytes { try Files.write(bytes, to: state) } else { try Files.removeTree(state) }
      try Self.expectRecovery(driver, what)
    }
  }

  @Test func aDamagedSnapshotIsIgnored() throws {
    let driver = try Self.makeDriver()
    try driver.write("a.txt", "new\n")
    usleep(60_000)
    #expect(try driver.ferry("run").ending == .exit(0))
    let folder = driver.folder(".ferry/snapshots")
    let path = Files.join(folder, try #require(try Files.list(folder).first))
    let whole = try Files.read(path)
    for bytes in [[], Array(whole.prefix(whole.count - 8)), whole.map { $0 ^ 1 }, whole + whole] {
      try Files.write(bytes, to: path)
      let next = try driver.ferry("run")
      #expect(next.ending == .exit(0) && next.output.contains("3 up to date"))
    }
  }
}
