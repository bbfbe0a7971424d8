import Artifacts
import PipelineKit
import Platform
import Testing

/// Two workspaces that share a folder.
private func manifest(_ cache: String) -> String {
  """
  ferry: 1
  cache: \(cache)
  sources: { a: a.txt }
  stages:
    first: { command: [sh, join, "${out.o}", x, "${in.i}"], in: { i: sources.a }, out: { o: file } }
    second: { command: [sh, folder, "${out.o}", "${in.i}"], in: { i: first.o }, out: { o: files } }
  """
}

private func makeBench(_ cache: String) throws -> Bench {
  let bench = try Bench()
  try bench.write("a.txt", "hello")
  try bench.write("ferry.yaml", manifest(cache))
  return bench
}

private func files(_ folder: String) throws -> [String] {
  try Files.list(folder).flatMap { start in
    try Files.list("\(folder)/\(start)").map { "\(folder)/\(start)/\($0)" }
  }
}

@Test func resultsAreTakenFromASharedFolder() throws {
  let cache = try TemporaryDirectory("cache")
  #expect(try makeBench(cache("shared")).run().started == ["first", "second"])
  let other = try makeBench(cache("shared"))
  let run = try other.run()
  #expect(run.started == [] && run.summary.restored == 2)
  #expect(try other.output("second/o/0.txt") == "xhello")
  #expect(try other.run().summary.isNoOp)
  #expect(try Files.list(cache("shared/incoming")) == [])
}

@Test func whatIsReadFromASharedFolderIsHashedAgain() throws {
  let cache = try TemporaryDirectory("cache")
  #expect(try makeBench(cache("shared")).run().started == ["first", "second"])
  for object in try files(cache("shared/objects")) where !Files.isDirectory(object) {
    try Files.removeTree(object)
    try Files.write("rotten", to: object)
  }
  let other = try makeBench(cache("shared"))
  #expect(try other.run().started == ["first"])
  #expect(try other.output("first/o") == "xhello")
  // The good result took the place of the rotten one.
  let third = try makeBench(cache("shared"))
  #expect(try third.run().started == [])
  #expect(try third.output("first/o") == "xhello")
}

@Test func damagedRecordsOfASharedFolderAreMisses() throws {
  let cache = try TemporaryDirectory("cache")
  #expect(try makeBench(cache("shared")).run().started == ["first", "second"])
  let records = try files(cache("shared/actions"))
  try Files.write("{", to: records[0])
  let swapped = try Files.readText(records[1]).replacing("\"layout\":1", with: "\"layout\":2")
  try Files.write(swapped, to: records[1])
  let other = try makeBench(cache("shared"))
  #expect(try other.run().started == ["first", "second"])
}

@Test func aSharedFolderThatCannotBeUsedCostsOnlyTheSharing() throws {
  let cache = try TemporaryDirectory("cache")
  try Files.write("a file", to: cache("shared"))
  let bench = try makeBench(cache("shared"))
  #expect(try bench.run().started == ["first", "second"])
  #expect(bench.lastNotes.notes.contains { $0.contains("shared cache cannot be written") })
  #expect(try bench.run().started == [])
}

@Test func aSharedFolderCanBeImported() throws {
  let cache = try TemporaryDirectory("cache")
  let maker = try makeBench(cache("shared"))
  try maker.run()
  let other = try makeBench(cache("empty"))
  let space = try Workspace(other.workspace, create: true)
  let first = try space.importCache(cache("shared"), threads: 2)
  #expect(first.taken == 2 && first.damaged == 0)
  #expect(try space.importCache(cache("shared"), threads: 2).taken == 0)
  #expect(try other.run().started == [])
  #expect(try other.output("first/o") == "xhello")
  #expect(throws: Fault.self) { try space.importCache(cache("nowhere"), threads: 1) }
}
