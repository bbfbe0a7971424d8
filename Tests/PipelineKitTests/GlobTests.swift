import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// Sources that are patterns.
@Suite struct GlobTests {
  static func driver(_ pattern: String) throws -> Driver {
    let driver = try Driver(
      """
      ferry: 1
      sources: { photos: "\(pattern)" }
      stages:
        list:
          command: [sh, -c, 'cd "$0"; find -L . -type f | sort > "$1"', "${in.p}", "${out.o}"]
          in: { p: sources.photos }
          out: { o: file }
      """)
    for name in ["a.jpg", "b.png", "c.JPG", ".d.jpg", "deep/e.jpg", "deep/er/f.jpg", ".g/h.jpg"] {
      try driver.write("photos/\(name)", name)
    }
    return driver
  }

  @Test(arguments: [
    ("photos/*.jpg", ["a.jpg"]), ("photos/**/*.jpg", ["a.jpg", "deep/e.jpg", "deep/er/f.jpg"]),
    ("photos/*.{jpg,png}", ["a.jpg", "b.png"]), ("photos/?.[Jj][!x]*", ["a.jpg", "c.JPG"]),
    ("photos/[a-b].*", ["a.jpg", "b.png"]), ("photos/.*.jpg", [".d.jpg"]),
    ("photos/deep/**", ["e.jpg", "er/f.jpg"]), ("p*s/deep/*", ["photos/deep/e.jpg"]),
  ])
  func patternsFindFiles(pattern: String, names: [String]) throws {
    let driver = try Self.driver(pattern)
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    let found = try driver.output("list/o").split(separator: "\n").map { String($0.dropFirst(2)) }
    #expect(found == names)
  }

  @Test func whatMatchesDecides() throws {
    let driver = try Self.driver("photos/**/*.jpg")
    #expect(try driver.ferry("status").output.contains("not made before"))
    #expect(try driver.ferry("run", "--json").started == ["list"])
    usleep(60_000)
    #expect(try driver.ferry("run").output.contains("1 up to date"))
    try driver.write("photos/notes.txt", "no match")
    #expect(try driver.ferry("run", "--json").started == [])
    try driver.write("photos/new/z.jpg", "z")
    #expect(try driver.ferry("run", "--json").started == ["list"])
    #expect(try driver.output("list/o").hasSuffix("./new/z.jpg\n"))
    try driver.write("photos/a.jpg", "changed")
    #expect(try driver.ferry("explain", "list").output.contains("input p: "))
    #expect(try driver.ferry("run", "--json").started == ["list"])
    #expect(try driver.script("rm -r photos/new; printf a.jpg > photos/a.jpg").ending == .exit(0))
    #expect(try driver.ferry("run").output.contains("1 restored"))
    #expect(try driver.ferry("gc", "--keep-runs", "1").ending == .exit(0))
    #expect(try driver.ferry("run").output.contains("1 up to date"))
  }

  @Test func aPatternIsAFolderOfWhatItFinds() throws {
    let pattern = try Self.driver("photos/deep/**")
    let folder = try Self.driver("photos/deep")
    #expect(try pattern.ferry("run").ending == .exit(0))
    #expect(try folder.ferry("run").ending == .exit(0))
    func key(_ driver: Driver) throws -> String? {
      try JSONValue.parse(try driver.ferry("explain", "list", "--json").output)
        .array?.first?["key"]?.string
    }
    #expect(try key(pattern) == key(folder))
  }

  @Test func aPatternThatFindsNothingIsAFault() throws {
    let driver = try Self.driver("photos/*.gif")
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(65))
    #expect(outcome.messages.contains("ferry.yaml:2:20: source 'photos': no file matches "))
    try driver.write("photos/*.gif", "a file of that very name")
    #expect(try driver.ferry("status").ending == .exit(0))
  }

  @Test func aFileAddedWhileAStageRunsIsForTheNextRun() throws {
    let driver = try Self.driver("photos/*.jpg")
    let manifest = try driver.read("ferry.yaml").replacing(
      "cd \"$0\"",
      with: "touch started; until test -e photos/late.jpg; do sleep 0.01; done; cd \"$0\"")
    try driver.write(
      "ferry.yaml",
      manifest.replacing("out: { o: file }", with: "out: { o: file }\n    writes: [.]"))
    let run = try driver.start(["run"])
    #expect(eventually { Files.exists(driver.folder("started")) })
    try driver.write("photos/late.jpg", "late")
    let outcome = try run.finish()
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    #expect(try driver.output("list/o") == "./a.jpg\n")
    #expect(try driver.ferry("run").output.contains("1 built"))
    #expect(try driver.output("list/o") == "./a.jpg\n./late.jpg\n")
  }
}
