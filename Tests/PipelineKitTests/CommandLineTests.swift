import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// What the driver makes of its words, and how it ends.
@Suite struct CommandLineTests {
  static let manifest = """
    ferry: 1
    variables: { word: hello, size: 3 }
    stages:
      first: { command: [sh, -c, 'echo $0 > "$1"', "${word}", "${out.o}"], out: { o: file } }
      many:
        command: [sh, -c, 'mkdir "$2"; echo $0 > "$2/x"', "${matrix.n}", "${in.i}", "${out.d}"]
        in: { i: first.o }
        out: { d: files }
        matrix: { n: [1, 2] }
      other: { command: [sh, -c, 'echo x > "$1"', sh, "${out.o}"], out: { o: file } }
    """

  @Test(arguments: [
    (".ferry/artifacts/first/o", ["first"]), ("artifacts/first/o", ["first"]),
    (".ferry/artifacts/many/n=2/d/x", ["first", "many[n=2]"]),
    (".ferry/artifacts/many", ["first", "many[n=1]", "many[n=2]"]),
    ("./.ferry//artifacts/other/", ["other"]), ("other", ["other"]),
  ])
  func targetsMayBeOutputs(target: String, names: [String]) throws {
    let driver = try Driver(Self.manifest)
    #expect(try driver.ferry("run", target, "--json").started.sorted() == names)
    // A result that stands there already is a target, too, and no manifest.
    let again = try driver.ferry("run", target)
    #expect(again.ending == .exit(0), "\(again.messages)")
    #expect(again.output.contains("\(names.count) up to date"))
  }

  @Test func aFileNamedLikeAStageDoesNotHideIt() throws {
    let driver = try Driver(Self.manifest)
    try driver.write("other", "any text\n")
    try driver.write("first", "")
    #expect(try driver.ferry("run", "other", "--json").started == ["other"])
    #expect(try driver.ferry("run", "first", "--json").started == ["first"])
    // A manifest needs no ending.
    try driver.write("pipeline", Self.manifest)
    #expect(try driver.ferry("run", "pipeline", "other").output.contains("1 up to date"))
  }

  @Test func failedOutputGivesAStatus() throws {
    let driver = try Driver(Self.manifest)
    #expect(try driver.ferry("run").ending == .exit(0))
    for words in ["status", "run", "help", "graph --format svg", "completions bash"] {
      let full = try driver.script("\"$FERRY\" \(words) > /dev/full || echo status $?")
      #expect(full.output == "status 74\n", "\(words)")
      #expect(full.messages.contains("standard output cannot be written: No space left"))
      let closed = try driver.script("exec 3>&1; \"$FERRY\" \(words) >&- || echo status $? >&3")
      #expect(closed.output == "status 74\n", "\(words)")
    }
    let gone = try driver.script(
      "{ sleep 0.2; \"$FERRY\" status || echo $? > code; } | true; cat code")
    #expect(gone.output == "74\n" && gone.messages.isEmpty, "\(gone)")
  }

  @Test func aClosedDescriptorIsNotTakenByAFile() throws {
    let driver = try Driver(Self.manifest)
    let run = try driver.script("\"$FERRY\" run <&- >&- 2>&- || echo status $? ; \"$FERRY\" verify")
    #expect(run.output.hasPrefix("status 74\n"))
    #expect(run.output.contains(": 0 damaged"))
    #expect(try driver.ferry("run").output.contains("4 up to date"))
  }

  @Test func statusTellsScripts() throws {
    let driver = try Driver(Self.manifest)
    #expect(try driver.ferry("status").ending == .exit(0))
    #expect(try driver.ferry("status", "--exit-code").ending == .exit(1))
    #expect(try driver.ferry("status", "--exit-code", "--json").ending == .exit(1))
    #expect(try driver.ferry("run", "other").ending == .exit(0))
    #expect(try driver.ferry("status", "--exit-code", "other").ending == .exit(0))
    #expect(try driver.ferry("status", "--exit-code").ending == .exit(1))
    #expect(try driver.ferry("run").ending == .exit(0))
    #expect(try driver.ferry("status", "--exit-code").ending == .exit(0))
    #expect(try driver.ferry("status", "--exit-code", "--set", "word=x").ending == .exit(1))
    #expect(try driver.ferry("status", "--exit-code", "nonesuch").ending == .exit(64))
  }

  @Test func wordsTooManyAndNamesOfNothingAreRefused() throws {
    let driver = try Driver(Self.manifest)
    #expect(try driver.ferry("run").ending == .exit(0))
    for words in [
      ["history", "99"], ["history", "soon"], ["history", "1", "2"], ["verify", "nonesuch"],
      ["gc", "first"], ["graph", "first"], ["doctor", "first"], ["schema", "x"], ["diff", "1"],
      ["diff", "1", "99"], ["show"], ["init", "a", "b"], ["status", "nonesuch"],
    ] {
      let outcome = try driver.start(words).finish()
      #expect(outcome.ending == .exit(64), "\(words): \(outcome)")
      #expect(outcome.messages.hasPrefix("ferry: "))
    }
    for words in [
      ["verify", "nosuch.yaml"], ["history", "nosuch.yaml"], ["gc", "nosuch.yaml"],
      ["run", "nosuch.yaml"], ["status", "nosuch.yaml"], ["explain", "nosuch.yaml", "first"],
      ["show", "nosuch"], ["rows", "nosuch"],
    ] {
      let outcome = try driver.start(words).finish()
      #expect(outcome.ending == .exit(65), "\(words): \(outcome)")
    }
    #expect(!Files.exists(driver.folder("a")))
  }

  @Test func stagesAndValuesComplete() throws {
    let driver = try Driver(Self.manifest)
    func complete(_ words: String...) throws -> [String] {
      try driver.start(["complete", "--"] + words).finish().output.split(separator: "\n")
        .map(String.init)
    }
    #expect(try complete("run", "") == ["first", "many", "other", "ferry.yaml"])
    #expect(try complete("run", "ferry.yaml", "o") == ["other"])
    #expect(try complete("explain", "m") == ["many"])
    #expect(try complete("run", "--force", "f") == ["first"])
    #expect(try complete("run", "--set", "") == ["word=", "size="])
    #expect(try complete("graph", "--format", "") == ["dot", "mermaid", "svg", "json"])
    #expect(try complete("graph", "--format", "=", "s") == ["svg"])
    #expect(try complete("graph", "--format", "=") == ["dot", "mermaid", "svg", "json"])
    #expect(try complete("completions", "") == ["bash", "zsh", "fish"])
    #expect(try complete("run", "--dry") == ["--dry-run"])
    try driver.write("ferry.yaml", "ferry: 1\nstages: [")
    #expect(try complete("explain", "m") == [])
  }

  @Test func scriptsThatAreNoInputsAreHintedAt() throws {
    let driver = try Driver(
      """
      ferry: 1
      sources: { known: tools/known.sh }
      stages:
        a: { command: [sh, tools/mine.sh, "${out.o}"], out: { o: file } }
        b: { command: [sh, tools/known.sh, "${out.o}"], in: { s: sources.known }, out: { o: file } }
        c: { command: [tools/mine.sh, "${out.o}"], out: { o: file } }
        d: { command: [tools/mine.sh, "${out.o}"], out: { o: file }, pin: binary }
        e: { command: [sh, none.sh, -c, ., ..], when: "false" }
      """)
    try driver.write("tools/mine.sh", "#!/bin/sh\necho x > \"$1\"\n")
    try driver.write("tools/known.sh", "echo x > \"$1\"\n")
    #expect(try driver.script("chmod +x tools/mine.sh").ending == .exit(0))
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    let notes = outcome.messages.split(separator: "\n").filter { $0.hasPrefix("ferry: note: ") }
    #expect(notes.count == 2)
    #expect(
      notes.first?.hasPrefix(
        "ferry: note: ferry.yaml:4:22: a change of 'tools/mine.sh' is not noticed") == true)
    #expect(notes.last?.contains("ferry.yaml:6:18: ") == true)
    #expect(notes.last?.hasSuffix("add 'pin: binary' to the stage") == true)
  }
}
