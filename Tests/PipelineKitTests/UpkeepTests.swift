import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// first -> second -> third, and other -> third.
private let chain = """
  ferry: 1
  variables: { word: x }
  sources: { a: a.txt, b: b.txt }
  stages:
    first: { command: [sh, join, "${out.o}", "${word}", "${in.i}"], in: { i: sources.a }, out: { o: file } }
    second: { command: [sh, upper, "${out.o}", "${in.i}"], in: { i: first.o }, out: { o: file } }
    other: { command: [sh, folder, "${out.o}", "${in.i}"], in: { i: sources.b }, out: { o: files } }
    third: { command: [sh, join, "${out.o}", ".", "${in.i}", "${in.j}"], in: { i: second.o, j: other.o }, out: { o: file } }
  """

private func makeBench(_ manifest: String = chain) throws -> Bench {
  let bench = try Bench()
  try bench.write("a.txt", "hello")
  try bench.write("b.txt", "b")
  try bench.write("ferry.yaml", manifest)
  return bench
}

extension Bench {
  fileprivate func space() throws -> Workspace { try Workspace(workspace, create: false) }

  fileprivate func object(_ link: String) -> String {
    Files.resolve(Files.join(workspace, "artifacts/\(link)"))
  }

  /// Changes an object's bytes behind the store's back.
  fileprivate func damage(_ link: String) throws {
    let path = object(link)
    try Files.removeTree(path)
    try Files.write("not what it was", to: path)
  }
}

@Test func verifyNamesWhatRotted() throws {
  let bench = try makeBench()
  try bench.run()
  #expect(try bench.space().verify(threads: 2).damages.isEmpty)
  try bench.damage("second/o")
  try Files.write("more", to: Files.join(bench.object("other/o"), "more.txt"))
  let found = try bench.space().verify(threads: 2)
  #expect(found.objects == 4)
  #expect(found.damages.map(\.makers).sorted { $0[0] < $1[0] } == [["other"], ["second"]])
  for damage in found.damages {
    #expect(Files.exists(try #require(damage.quarantine)))
  }
  #expect(try bench.run().started == ["other", "second"])
  #expect(try bench.output("second/o") == "XHELLO")
  #expect(try bench.space().verify(threads: 2).damages.isEmpty)
}

@Test func aDamagedInputIsFoundBeforeAStageReadsIt() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.damage("second/o")
  try bench.write("b.txt", "changed")
  #expect(try bench.run().started == ["other", "second", "third"])
  #expect(try bench.output("third/o") == ".XHELLO0.txt=changed")
  #expect(bench.lastNotes.notes.contains { $0.contains("'second.o' is damaged") })
}

@Test func collectionSaysWhatItWouldDelete() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.run("word=y")
  let before = try Files.list("\(bench.workspace)/store/objects")
  let dry = try bench.space().collect(.init(runs: 1), dryRun: true)
  #expect(dry.items.map(\.kind) == [.object, .object, .object])
  #expect(dry.items.allSatisfy { $0.reason.contains("no link points at it") && $0.bytes > 0 })
  #expect(try Files.list("\(bench.workspace)/store/objects") == before)
  #expect(try bench.space().collect(.init(runs: 2), dryRun: true).items.isEmpty)
  #expect(try bench.space().collect(.init(age: 3_600), dryRun: true).items.isEmpty)
  #expect(try bench.space().collect(.init(age: 0), dryRun: true).items.count == 3)
  #expect(try bench.space().collect(.init(runs: 1, age: 3_600), dryRun: true).items.isEmpty)
}

@Test func collectionKeepsWhatIsLinked() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.run("word=y")
  #expect(try bench.space().collect(.init(runs: 1), dryRun: false).items.count == 3)
  #expect(try bench.run("word=y").started == [])
  #expect(try bench.output("third/o") == ".YHELLO0.txt=b")
  #expect(try bench.run().started == ["first", "second", "third"])
  #expect(try bench.output("third/o") == ".XHELLO0.txt=b")
}

@Test func collectionTakesLeftoversAway() throws {
  let bench = try makeBench(chain.replacing("[sh, upper", with: "[sh, fail"))
  try bench.run()
  try Files.makeDirectories("\(bench.workspace)/attempts/killed-1-1/out")
  try Files.makeDirectories("\(bench.workspace)/store/incoming/host-1-1")
  let kinds = try bench.space().collect(.init(runs: 5), dryRun: false).items.map(\.kind.rawValue)
  #expect(kinds.sorted() == ["attempt", "attempt", "failed"])
  #expect(try Files.list("\(bench.workspace)/attempts") == [])
  #expect(try Files.list("\(bench.workspace)/failed") == [])
}

@Test func collectionDropsIntermediateBytes() throws {
  let manifest = chain.replacing(
    "in: { i: first.o }, out", with: "in: { i: first.o }, intermediate: true, out")
  let bench = try makeBench(manifest)
  try bench.run()
  let items = try bench.space().collect(.init(runs: 5), dryRun: false).items
  #expect(items.map(\.kind) == [.intermediate])
  #expect(!Files.exists(bench.object("second/o")))
  #expect(try bench.run().started == [])
  try bench.write("b.txt", "changed")
  #expect(try bench.run().started == ["other", "second", "third"])
}

@Test func collectionWaitsForNoOne() throws {
  let bench = try makeBench()
  try bench.run()
  let user = try bench.space()
  #expect(try user.lockStore(alone: false))
  let fault = #expect(throws: Fault.self) {
    try bench.space().collect(.init(runs: 1), dryRun: false)
  }
  #expect(fault?.code == .temporary)
}

@Test func historyTellsWhatRunsDid() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.run()
  try bench.run("word=y")
  let runs = try bench.space().history()
  #expect(runs.map(\.id) == [2, 1], "a run with nothing to do leaves no record")
  #expect(runs.map(\.outcome) == ["succeeded", "succeeded"])
  #expect(runs[0].attempts == ["built": 3] && runs[1].attempts == ["built": 4])
  #expect(runs[0].json["host"]?.string?.isEmpty == false)
  #expect(runs[0].json["set"]?.strings == ["word=y"])
  let attempts = try bench.space().attempts(of: 2)
  #expect(attempts.compactMap { $0["name"]?.string } == ["first", "second", "third"])
  #expect(attempts.allSatisfy { ($0["seconds"]?.number ?? -1) >= 0 && $0["peak_bytes"] != nil })
  #expect(attempts[1]["reason"]?["changes"]?.array?[0]["name"]?.string == "i")
}

@Test func runsAreComparedSideBySide() throws {
  let bench = try makeBench(
    chain.replacing("out: { o: files }", with: "out: { o: files }, environment: [HOME]"))
  try bench.run()
  try bench.run("word=y")
  let difference = try bench.space().difference(1, 2)
  #expect(difference.variables.map(\.text) == ["variable word: \"x\" -> \"y\""])
  #expect(difference.instances.map(\.name) == ["first", "second", "third"])
  #expect(difference.instances[0].changes.map(\.subject) == [.command])
  #expect(difference.instances[1].changes.map(\.subject) == [.input])
  #expect(try bench.space().difference(2, 2).instances.isEmpty)
  let fault = #expect(throws: Fault.self) { try bench.space().difference(1, 9) }
  #expect(fault?.code == .usage)
}

@Test func theClockMayGoBackwards() throws {
  let bench = try makeBench()
  try bench.run()
  Clock.shift(by: -86_400)
  defer { Clock.shift(by: 0) }
  #expect(try bench.run().started == [])
  try bench.write("a.txt", "HELLO")
  #expect(try bench.run().started == ["first", "second"])
  try bench.write("a.txt", "other")
  #expect(try bench.run("word=y").started == ["first", "second", "third"])
  #expect(try bench.output("second/o") == "YOTHER")
  Clock.shift(by: 0)
  #expect(try bench.run().started == ["first", "second", "third"])
  #expect(try bench.output("second/o") == "XOTHER")
  #expect(try bench.space().history().count == 4)
}

/// What they may cost is bounded in `DriverTests.hostileManifestsStayWithinBounds`.
@Test func hostileManifestsAreRefused() throws {
  let bench = try Bench()
  var bomb = "ferry: 1\nvariables:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
  for level in 1..<12 {
    let inside = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
    bomb += "  a\(level): &a\(level) [\(inside)]\n"
  }
  try bench.write("ferry.yaml", bomb + "stages: { a: { command: [x] } }\n")
  let faults = #expect(throws: Faults.self) { try bench.plan() }
  #expect(faults?.list.first?.message.contains("aliases expand") == true)
  let line = [UInt8]("# a comment of thirty-two bytes\n".utf8)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(100 << 20)
  while bytes.count < 100 << 20 { bytes += line }
  try Files.write(bytes, to: bench.folder("ferry.yaml"))
  let large = #expect(throws: Faults.self) { try bench.plan() }
  #expect(large?.list.first?.message.contains("more than the limit") == true)
  try bench.write("ferry.yaml", String(repeating: "[", count: 100_000))
  #expect(throws: Faults.self) { try bench.plan() }
}

@Test func anchorsStandForStages() throws {
  let bench = try makeBench(
    """
    ferry: 1
    sources: { a: a.txt }
    stages:
      one: &copy { command: [sh, upper, "${out.o}", "${in.i}"], in: { i: sources.a }, out: { o: file } }
      two: *copy
    """)
  #expect(try bench.plan().jobs.map(\.name) == ["one", "two"])
  #expect(try bench.run().started.count == 1)
}

/// A folder's digest is that of its listing in order of path, and only what changed is read again.
@Test func foldersAreReadOnce() throws {
  let folder = try TemporaryDirectory("trees")
  var expected: [(path: String, size: Int, digest: Digest)] = []
  // A folder's files come after those whose names go on with a byte before the slash.
  for path in ["a/x", "a/y/z", "a-b", "a.txt", "aé", "a0/q", "é/1", "A", "b/long name"] {
    try Files.makeDirectories(Files.parent(of: folder(path)))
    try Files.write(path, to: folder(path))
    expected.append((path, path.utf8.count, Digest(hashing: path)))
  }
  try Files.makeDirectories(folder("empty"))
  expected.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  let state = try State.inMemory()
  func read() throws -> (digest: Digest, files: Int) {
    let trees = Trees(state, threads: 2)
    return (try trees.digest(folder("")), trees.filesRead)
  }
  let listed = ContentDigest.listing(expected)
  usleep(60_000)
  #expect(try read() == (listed, 9))
  #expect(try read() == (listed, 0))
  try Files.write("other", to: folder("a/x"))
  expected[try #require(expected.firstIndex { $0.path == "a/x" })] = (
    "a/x", 5, Digest(hashing: "other")
  )
  usleep(60_000)
  #expect(try read() == (ContentDigest.listing(expected), 1))
  try Files.removeTree(folder("a.txt"))
  expected.removeAll { $0.path == "a.txt" }
  try Files.write("b", to: folder("b/new"))
  usleep(60_000)
  expected.append(("b/new", 1, Digest(hashing: "b")))
  expected.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  #expect(try read() == (ContentDigest.listing(expected), 1))
  #expect(try read() == (ContentDigest.listing(expected), 0))
  #expect(symlink(folder(""), folder("b/circle")) == 0)
  let fault = #expect(throws: Fault.self) { try read() }
  #expect(fault?.message.contains("is a link to a folder around it") == true)
}
