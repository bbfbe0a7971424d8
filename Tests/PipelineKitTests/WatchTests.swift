import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// `ferry watch`: runs again when something changes.
@Suite struct WatchTests {
  static let manifest = """
    ferry: 1
    sources: { a: a.txt, photos: "photos/**/*.jpg" }
    parameters: params.yaml
    stages:
      one: { command: [sh, -c, 'cat "$0" > "$1"; echo "$2" >> "$1"', "${in.a}", "${out.o}", "${n}"], in: { a: sources.a }, out: { o: file } }
      list: { command: [sh, -c, 'cd "$0"; find -L . -type f > "$1"', "${in.p}", "${out.o}"], in: { p: sources.photos }, out: { o: file } }
    """

  static func driver() throws -> Driver {
    let driver = try Driver(manifest)
    try driver.write("a.txt", "first")
    try driver.write("params.yaml", "n: 1")
    try driver.write("photos/a.jpg", "a")
    return driver
  }

  @Test func changesAreRunAtOnce() throws {
    let driver = try Self.driver()
    let watch = try driver.start(["watch"])
    func shows(_ link: String, _ text: String) -> Bool {
      eventually { (try? driver.output(link)) == text }
    }
    #expect(shows("one/o", "first1\n"))
    try driver.write("a.txt", "second")
    #expect(shows("one/o", "second1\n"))
    try driver.write("params.yaml", "n: 2")
    #expect(shows("one/o", "second2\n"))
    // A file that is replaced by rename, as editors do.
    try driver.write("draft", "third")
    try Files.rename(driver.folder("draft"), to: driver.folder("a.txt"))
    #expect(shows("one/o", "third2\n"))
    try driver.write("photos/new/deep/b.jpg", "b")
    #expect(eventually { (try? driver.output("list/o"))?.contains("./new/deep/b.jpg") == true })
    // A manifest with a fault is told of and waited for.
    try driver.write("ferry.yaml", "ferry: 1\nstages: [")
    usleep(500_000)
    try driver.write("ferry.yaml", Self.manifest.replacing("echo \"$2\"", with: "echo \"x$2\""))
    #expect(shows("one/o", "thirdx2\n"))
    watch.signal(SIGINT)
    let outcome = try watch.finish()
    #expect(outcome.ending == .exit(130))
    #expect(outcome.messages.contains("folders for changes; Ctrl-C ends"))
    #expect(outcome.messages.contains("1 fault; nothing was run"))
  }

  @Test func anInterruptReachesTheRun() throws {
    let driver = try Driver(
      "ferry: 1\nstages: { a: { command: [sh, -c, 'echo $$ > pid; exec sleep 100'], writes: [.] } }"
    )
    let watch = try driver.start(["watch"])
    #expect(eventually { ((try? driver.read("pid")) ?? "").hasSuffix("\n") })
    let stage = try #require(pid_t(try driver.read("pid").split(separator: "\n").first ?? ""))
    watch.signal(SIGTERM)
    #expect(try watch.finish().ending == .exit(130))
    #expect(eventually { kill(stage, 0) != 0 })
  }

  @Test func whatCannotBeWatchedIsSaid() throws {
    let driver = try Driver("")
    #expect(try driver.ferry("watch", "none.yaml").ending == .exit(65))
    #expect(try driver.ferry("watch", "--force", "x").ending == .exit(64))
    try driver.write("ferry.yaml", "ferry: 1\nstages: { a: { command: [sh, -c, 'true'] } }")
    #expect(try driver.ferry("watch", "nonesuch").ending == .exit(64))
  }
}
