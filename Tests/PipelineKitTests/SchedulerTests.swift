import Artifacts
import PipelineKit
import Platform
import Testing

/// a -> first -> second -> third, and b -> other -> third.
private let chain = """
  ferry: 1
  variables: { word: x }
  sources: { a: { path: a.txt }, b: { path: b } }
  stages:
    first: { command: [sh, join, "${out.o}", "${word}", "${in.i}"], in: { i: sources.a }, out: { o: file } }
    second: { command: [sh, upper, "${out.o}", "${in.i}"], in: { i: first.o }, out: { o: file } }
    other: { command: [sh, folder, "${out.o}", "${in.i}"], in: { i: sources.b }, out: { o: files } }
    third: { command: [sh, join, "${out.o}", ".", "${in.i}", "${in.j}"], in: { i: second.o, j: other.o }, out: { o: file } }
  """

private func makeBench(_ manifest: String = chain) throws -> Bench {
  let bench = try Bench()
  try bench.write("a.txt", "hello")
  try bench.write("b/1.txt", "one")
  try bench.write("b/2.txt", "two")
  try bench.write("ferry.yaml", manifest)
  return bench
}

@Test func everythingRunsOnceAndThenNothing() throws {
  let bench = try makeBench()
  #expect(try bench.run().started == ["first", "other", "second", "third"])
  #expect(try bench.output("second/o") == "XHELLO")
  #expect(try bench.output("third/o") == ".XHELLO0.txt=1.txt=one2.txt=two")
  let again = try bench.run()
  #expect(again.started == [])
  #expect(again.summary.isNoOp && again.summary.upToDate == 4)
}

@Test func aTouchRunsNothing() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.write("a.txt", "hello")
  #expect(try bench.run().started == [])
}

@Test func anEditRunsWhatFollowsFromIt() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.write("a.txt", "other")
  #expect(try bench.run().started == ["first", "second", "third"])
  try bench.write("b/3.txt", "three")
  #expect(try bench.run().started == ["other", "third"])
}

@Test func anEditThatComesOutTheSameStops() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.write("a.txt", "HELLO")
  // The capitals are the same as before, so the third stage is not touched.
  #expect(try bench.run().started == ["first", "second"])
}

@Test func goingBackRestoresWithoutRunning() throws {
  let bench = try makeBench()
  try bench.run()
  #expect(try bench.run("word=y").started == ["first", "second", "third"])
  #expect(try bench.output("second/o") == "YHELLO")
  let back = try bench.run()
  #expect(back.started == [])
  #expect(back.summary.restored == 3)
  #expect(try bench.output("second/o") == "XHELLO")
}

@Test func reasonsNameWhatChanged() throws {
  let bench = try makeBench()
  try bench.run()
  #expect(bench.lastNotes.reasons["first"] == .isNew)
  try bench.run("word=y")
  guard case .changed(let changes)? = bench.lastNotes.reasons["first"] else {
    Issue.record("no change was named")
    return
  }
  #expect(changes.map(\.subject) == [.command])
  guard case .changed(let inputs)? = bench.lastNotes.reasons["second"] else { return }
  #expect(inputs.map(\.name) == ["i"])
}

@Test func renamingAStageRunsNothing() throws {
  let bench = try makeBench()
  try bench.run()
  try bench.write("ferry.yaml", chain.replacing("second", with: "louder"))
  let renamed = try bench.run()
  #expect(renamed.started == [])
  #expect(try bench.output("louder/o") == "XHELLO")
}

@Test func aMissingObjectIsMadeAgain() throws {
  let bench = try makeBench()
  try bench.run()
  let object = Files.resolve(bench.folder(".ferry/artifacts/second/o"))
  try Files.removeTree(object)
  #expect(try bench.run().started == ["second"])
  #expect(try bench.output("second/o") == "XHELLO")
}

@Test func missingLinksArePutBack() throws {
  let bench = try makeBench()
  try bench.run()
  try Files.removeTree(bench.folder(".ferry/artifacts"))
  let again = try bench.run()
  #expect(again.started == [] && again.summary.restored == 4)
  #expect(try bench.output("second/o") == "XHELLO")
}

@Test func aLostOrDamagedStateCostsOnlyTime() throws {
  let bench = try makeBench()
  try bench.run()
  for damage in [[], Array("not a database".utf8), [UInt8](repeating: 0, count: 100_000)] {
    try Files.write(damage, to: bench.folder(".ferry/state.sqlite"))
    #expect(try bench.run().started.count == 4)
    #expect(try bench.run().started == [])
  }
  let whole = try Files.read(bench.folder(".ferry/state.sqlite"))
  try Files.write(whole.prefix(whole.count / 2), to: bench.folder(".ferry/state.sqlite"))
  try bench.run()
  #expect(try bench.run().started == [])
  #expect(try bench.output("second/o") == "XHELLO")
}

@Test func failuresStopWhatFollows() throws {
  let bench = try makeBench(chain.replacing("[sh, upper", with: "[sh, fail"))
  let failed = try bench.run()
  #expect(failed.summary.failed == 1 && failed.summary.blocked == 1)
  #expect(bench.lastNotes.failures == ["it ended with exit status 3"])
  #expect(!Files.exists(bench.folder(".ferry/artifacts/second/o")))
  #expect(try Files.list(bench.folder(".ferry/failed")).count == 1)
  try bench.write("ferry.yaml", chain)
  #expect(try bench.run().started.contains("second"))
}

@Test func keepGoingRunsTheRest() throws {
  let text = chain.replacing("[sh, join, \"${out.o}\", \"${word}\"", with: "[sh, fail, \"${word}\"")
  let bench = try makeBench(text)
  #expect(try bench.run(keepGoing: true).started == ["first", "other"])
}

@Test func retriesTryAgain() throws {
  let bench = try makeBench(
    chain.replacing("in: { i: first.o }", with: "retries: 2, in: { i: first.o }"))
  var left = 2
  bench.recorder.before = { launch in
    if launch.arguments.contains("upper"), left > 0 {
      left -= 1
      throw Fault(.internal, "unused")
    }
  }
  bench.recorder.failsOnThrow = true
  let result = try bench.run()
  #expect(result.started.count { $0 == "second" } == 3)
  #expect(result.summary.failed == 0)
}

@Test func aStageWithoutItsOutputFails() throws {
  let bench = try makeBench(chain.replacing("[sh, upper", with: "[sh, nothing"))
  #expect(try bench.run().summary.failed == 1)
  #expect(bench.lastNotes.failures == ["the stage ended well but made no output 'o'"])
}

@Test func anInputEditedMeanwhilePublishesNothing() throws {
  let bench = try makeBench()
  bench.recorder.before = { launch in
    if launch.arguments.contains("join") { try bench.write("a.txt", "edited") }
  }
  #expect(try bench.run().summary.failed == 1)
  #expect(bench.lastNotes.failures.first?.contains("changed while 'first' ran") == true)
  bench.recorder.before = { _ in }
  try bench.run()
  #expect(try bench.output("second/o") == "XEDITED")
}

@Test func forcedStagesRunAgain() throws {
  let bench = try makeBench()
  try bench.run()
  #expect(try bench.run(force: "second").started == ["second"])
}

@Test func targetsRunAlone() throws {
  let bench = try makeBench()
  #expect(try bench.run(targets: ["second"]).started == ["first", "second"])
}

@Test func equalActionsRunOnce() throws {
  let bench = try makeBench(
    """
    ferry: 1
    sources: { a: { path: a.txt } }
    stages:
      one: { command: [sh, upper, "${out.o}", "${in.i}"], in: { i: sources.a }, out: { o: file } }
      two: { command: [sh, upper, "${out.o}", "${in.i}"], in: { i: sources.a }, out: { o: file } }
    """)
  #expect(try bench.run().started.count == 1)
  #expect(try bench.output("two/o") == "HELLO")
}

@Test func lostIntermediateBytesAreMadeOnlyWhenNeeded() throws {
  let bench = try makeBench(
    chain.replacing("in: { i: first.o }, out", with: "in: { i: first.o }, intermediate: true, out"))
  try bench.run()
  try Files.removeTree(Files.resolve(bench.folder(".ferry/artifacts/second/o")))
  #expect(try bench.run().started == [])
  try bench.write("b/3.txt", "three")
  #expect(try bench.run().started == ["other", "second", "third"])
}

@Test func tokensAndProcessorsBoundWhatRunsAtOnce() throws {
  func manifest(_ resources: String) -> String {
    """
    ferry: 1
    stages:
      one:
        command: [sh, join, "${out.o}", "${matrix.n}"]
        matrix: { n: [1, 2, 3, 4, 5, 6] }
        out: { o: file }
        resources: \(resources)
    """
  }
  for (resources, peak) in [
    ("{ cpu: 1 }", 4), ("{ cpu: 2 }", 2), ("{ cpu: 99 }", 1), ("{ tokens: { disk: 1 } }", 1),
  ] {
    let bench = try makeBench(manifest(resources))
    try bench.run()
    #expect(bench.recorder.peak == peak, "\(resources)")
  }
}

@Test func whatNoMachineHasIsRefused() throws {
  let bench = try makeBench(
    chain.replacing("in: { i: first.o }", with: "resources: { gpu: 99 }, in: { i: first.o }"))
  #expect(try bench.run().summary.failed == 1)
  #expect(bench.lastNotes.failures.first?.contains("needs 99 GPUs") == true)
}

@Test func theLongestWayGoesFirst() throws {
  func stage(_ name: String, _ input: String) -> String {
    "  \(name): { command: [sh, join, \"${out.o}\", \(name), \"${in.i}\"], in: { i: \(input) }, "
      + "out: { o: file }, resources: { cpu: 4 } }\n"
  }
  let bench = try makeBench(
    "ferry: 1\nsources: { a: a.txt }\nstages:\n" + stage("short", "sources.a")
      + stage("other", "sources.a") + stage("long", "sources.a") + stage("longer", "long.o")
      + stage("longest", "longer.o"))
  try bench.run()
  #expect(bench.recorder.launches.prefix(2).map { $0[2] } == ["long", "longer"])
}

@Test func resourcesAreHandedOutById() {
  var pool = ResourcePool(processors: 8, memory: 100, gpus: ["3", "5"], tokens: ["disk": 2])
  var wanted = Resources()
  wanted.cpu = 1
  wanted.gpu = 1
  wanted.memory = 60
  wanted.tokens = ["disk": 1]
  let first = pool.take(wanted, waiting: 0)
  #expect(first?.gpus == ["3"])
  let tooMuch = pool.take(wanted, waiting: 0)
  #expect(tooMuch == nil, "the memory is taken")
  wanted.memory = 40
  let second = pool.take(wanted, waiting: 0)
  #expect(second?.gpus == ["5"])
  wanted.memory = 0
  let third = pool.take(wanted, waiting: 0)
  #expect(third == nil, "no GPU and no token is left")
  if let first { pool.give(back: first) }
  let again = pool.take(wanted, waiting: 0)
  #expect(again?.gpus == ["3"])
}

@Test func stagesSeeTheResourcesTheyWereGiven() throws {
  let bench = try makeBench(
    chain.replacing("in: { i: first.o }", with: "resources: { cpu: 3 }, in: { i: first.o }"))
  var seen: [String: String] = [:]
  bench.recorder.before = { launch in
    if launch.arguments.contains("upper") { seen = launch.environment }
  }
  try bench.run()
  #expect(seen["FERRY_THREADS"] == "3" && seen["OMP_NUM_THREADS"] == "3")
  #expect(seen["CUDA_VISIBLE_DEVICES"] == "")
  #expect(seen["PATH"] != nil && seen["FERRY_BINARIES"] == nil)
}
