import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

private let manifest = """
  ferry: 1
  sources: { a: { path: a.txt }, b: { path: b } }
  stages:
    one: { command: [sh, join, "${out.o}", x, "${in.i}"], in: { i: sources.a }, out: { o: file } }
    two: { command: [sh, folder, "${out.o}", "${in.i}"], in: { i: sources.b }, out: { o: files } }
  """

private func makeBench() throws -> Bench {
  let bench = try Bench()
  try bench.write("a.txt", "own")
  try bench.write("b/1.txt", "own")
  try bench.write("ferry.yaml", manifest)
  return bench
}

/// Runs with `edit` and `putBack` around the work of the job whose command is `word`.
private func runWhile(
  _ bench: Bench, _ word: String, _ edit: @escaping () throws -> Void,
  _ putBack: @escaping () throws -> Void
) throws -> Bool {
  bench.recorder.before = { if $0.arguments.contains(word) { try edit() } }
  bench.recorder.after = { if $0.arguments.contains(word) { try putBack() } }
  defer {
    bench.recorder.before = { _ in }
    bench.recorder.after = { _ in }
  }
  return try bench.run(keepGoing: true).summary.failed == 1
    && bench.lastNotes.failures.first?.contains("changed while") == true
}

@Test func anInputEditedAndPutBackPublishesNothing() throws {
  let bench = try makeBench()
  let isRefused = try runWhile(
    bench, "join", { try bench.write("a.txt", "other") }, { try bench.write("a.txt", "own") })
  #expect(isRefused)
  try bench.run()
  #expect(try bench.output("one/o") == "xown")
}

@Test func anInputSwappedAndPutBackPublishesNothing() throws {
  let bench = try makeBench()
  let (file, aside) = (bench.folder("a.txt"), bench.folder("aside.txt"))
  let isRefused = try runWhile(
    bench, "join",
    {
      try Files.rename(file, to: aside)
      try bench.write("a.txt", "other")
    }, { try Files.rename(aside, to: file) })
  #expect(isRefused)
}

@Test func aFolderSwappedOrLentPublishesNothing() throws {
  let bench = try makeBench()
  let (folder, aside) = (bench.folder("b"), bench.folder("aside"))
  let isSwapRefused = try runWhile(
    bench, "folder",
    {
      try Files.rename(folder, to: aside)
      try bench.write("b/1.txt", "other")
    },
    {
      try Files.removeTree(folder)
      try Files.rename(aside, to: folder)
    })
  #expect(isSwapRefused)
  let isGuestRefused = try runWhile(
    bench, "folder", { try bench.write("b/2.txt", "guest") },
    { try Files.removeTree(bench.folder("b/2.txt")) })
  #expect(isGuestRefused)
}

@Test func aLinkTurnedAndTurnedBackPublishesNothing() throws {
  let bench = try makeBench()
  try bench.write("own.txt", "own")
  try bench.write("other.txt", "other")
  let link = bench.folder("a.txt")
  func turn(_ target: String) throws {
    try Files.removeTree(link)
    try Files.symbolicLink(to: target, at: link)
  }
  try turn("own.txt")
  #expect(try runWhile(bench, "join", { try turn("other.txt") }, { try turn("own.txt") }))
}

@Test func aPinnedProgramReplacedMeanwhilePublishesNothing() throws {
  let bench = try Bench()
  func install(_ text: String) throws {
    try bench.write("tool", text)
    chmod(bench.folder("tool"), 0o755)
  }
  try install("one")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    stages:
      one: { command: [./tool, join, "${out.o}", x], out: { o: file }, pin: binary }
    """)
  var catalogue = Contracts()
  catalogue.readsFiles = true
  bench.catalogue = catalogue
  bench.recorder.before = { _ in try install("two") }
  bench.recorder.after = { _ in try install("one") }
  #expect(try bench.run().summary.failed == 1)
  #expect(bench.lastNotes.failures.first?.contains("changed during the run") == true)
  bench.recorder.before = { _ in }
  bench.recorder.after = { _ in }
  #expect(try bench.run().summary.built == 1)
}

@Test func aSourceThatHoldsTheWorkspaceIsRefused() throws {
  let bench = try Bench()
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    sources: { all: { path: . } }
    stages:
      one: { command: [sh, folder, "${out.o}", "${in.i}"], in: { i: sources.all }, out: { o: files } }
    """)
  let fault = #expect(throws: Fault.self) { try bench.run() }
  #expect(fault?.message.contains("holds the workspace") == true)
  #expect(bench.recorder.started == [])
}
