import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// Every command answers people and programs alike.
@Suite struct CommandTests {
  static func makeDriver() throws -> Driver {
    let driver = try CrashTests.makeDriver()
    #expect(try driver.ferry("run").ending == .exit(0))
    return driver
  }

  static func json(_ outcome: Outcome) throws -> JSONValue {
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    return try JSONValue.parse(outcome.output)
  }

  @Test func nothingToDoIsSaidAndWritesNothing() throws {
    let driver = try Self.makeDriver()
    usleep(60_000)
    #expect(try driver.ferry("run").output.contains("3 up to date"))
    let listing = "find .ferry -type f -printf '%p %i %s %T@ %C@\\n' | sort"
    let before = try driver.script(listing).output
    #expect(try driver.ferry("run").output.contains("3 up to date"))
    #expect(try driver.ferry("run", "third").output.contains("3 up to date"))
    #expect(try driver.ferry("run", "--set", "second.x=1").ending == .exit(65))
    #expect(try driver.ferry("run", "--jobs", "0").ending == .exit(64))
    #expect(try driver.ferry("run", "--jobs", "many").ending == .exit(64))
    let after = try driver.script(listing).output
    let changed = Set(after.split(separator: "\n")).subtracting(before.split(separator: "\n"))
    // A run of a target leaves a snapshot of its own, once.
    #expect(changed.allSatisfy { $0.contains("snapshots") }, "\(changed)")
  }

  @Test func aDryRunExplainsAndRunsNothing() throws {
    let driver = try Self.makeDriver()
    try driver.write("a.txt", "new\n")
    try driver.write(
      "ferry.yaml", CrashTests.manifest.replacing("echo second", with: "echo Second"))
    let text = try driver.ferry("run", "--dry-run", "--explain").output
    #expect(text.contains("first: would run, because this changed:\n  * input i: "), "\(text)")
    #expect(text.contains("(from sources.a)"))
    #expect(text.contains("second: after first; runs only if these change"))
    #expect(text.contains("3 stages: 0 up to date, 0 to restore, 1 to run, 2 waiting for these"))
    let json = try Self.json(try driver.ferry("run", "--dry-run", "--json")).array ?? []
    #expect(json.map { $0["state"]?.string } == ["to-run", "waiting", "waiting"])
    #expect(try driver.output("third/o") == CrashTests.result("old\n"))
    try driver.write("a.txt", "old\n")
    let second = try driver.ferry("explain", "second").output
    #expect(second.contains("second: would run, because this changed:\n  * the command line"))
    let third = try driver.ferry("explain", "third").output
    #expect(third.contains("third: after second"))
  }

  @Test func explanationsNameTheParameter() throws {
    let driver = try Driver(
      """
      ferry: 1
      variables: { n: 1 }
      stages:
        one: { command: [sh, -c, 'echo $0 > "$1"', "${n}", "${out.o}"], out: { o: file }, environment: [LANG] }
      """)
    #expect(try driver.ferry("run", environment: ["LANG": "C"]).ending == .exit(0))
    let other = try driver.start(["explain", "one"], environment: ["LANG": "de"]).finish()
    #expect(other.output.contains("environment LANG: \"C\" -> \"de\""), "\(other.output)")
    let again = try driver.ferry("explain", "one", environment: ["LANG": "C"])
    #expect(again.output.contains("one: up to date"))
  }

  @Test func showNamesTheMaker() throws {
    let driver = try Self.makeDriver()
    let path = driver.folder(".ferry/artifacts/second/p/x")
    let text = try driver.ferry("show", path).output
    #expect(text.contains("made by     second, run 1"), "\(text)")
    #expect(text.contains("input       i = first.o"))
    #expect(text.contains("again       sh -c"), "\(text)")
    let json = try Self.json(try driver.ferry("show", path, "--json"))
    #expect(json["actions"]?.array?.first?["attempt"]?["name"]?.string == "second")
    #expect(try driver.ferry("show", driver.folder("a.txt")).ending == .exit(65))
  }

  @Test func graphsAreDrawn() throws {
    let driver = try Self.makeDriver()
    #expect(try driver.ferry("graph").output.hasPrefix("digraph ferry {"))
    #expect(try driver.ferry("graph", "--format", "mermaid").output.contains("-->|o|"))
    let svg = try driver.ferry("graph", "--format", "svg").output
    #expect(svg.hasPrefix("<svg") && svg.contains("third") && svg.hasSuffix("</svg>\n"))
    let json = try Self.json(try driver.ferry("graph", "--json"))
    #expect(json["nodes"]?.array?.count == 4 && json["edges"]?.array?.count == 4)
    let wrong = try driver.ferry("graph", "--format", "svgg")
    #expect(wrong.ending == .exit(64) && wrong.messages.contains("did you mean 'svg'?"))
  }

  @Test func metricsOfTwoRunsStandSideBySide() throws {
    let driver = try Driver(
      """
      ferry: 1
      variables: { n: 1 }
      stages:
        test: { command: [sh, -c, 'mkdir "$1"; echo "{\\"accuracy\\": 0.$0}" > "$1/metrics.json"', "${n}", "${out.o}"], out: { o: files } }
      """)
    #expect(try driver.ferry("run").ending == .exit(0))
    #expect(try driver.ferry("run", "--set", "n=2").ending == .exit(0))
    let text = try driver.ferry("diff", "1", "2").output
    #expect(text.contains("variable n: 1 -> 2"))
    #expect(text.contains("metric accuracy: 0.1 -> 0.2"), "\(text)")
    let json = try Self.json(try driver.ferry("diff", "1", "2", "--json"))
    #expect(json["instances"]?.array?.first?["metrics"]?["accuracy"]?["new"]?.number == 0.2)
  }

  @Test func collectionAndVerificationAnswerPrograms() throws {
    let driver = try Self.makeDriver()
    try driver.write("a.txt", "new\n")
    #expect(try driver.ferry("run").ending == .exit(0))
    let dry = try driver.ferry("gc", "--dry-run", "--keep-runs", "1").output
    #expect(dry.contains("no link points at it") && dry.contains("would delete 3 items"), "\(dry)")
    let json = try Self.json(try driver.ferry("gc", "--keep-runs", "1", "--json"))
    #expect(json["items"]?.array?.count == 3 && (json["bytes"]?.integer ?? 0) > 0)
    #expect(try Self.json(try driver.ferry("verify", "--json"))["objects"]?.integer == 3)
    #expect(try driver.ferry("gc", "--older-than", "soon").ending == .exit(64))
    let object = Files.resolve(driver.folder(".ferry/artifacts/first/o"))
    #expect(try driver.script("chmod u+w \(object); echo rot >> \(object)").ending == .exit(0))
    let verified = try driver.ferry("verify")
    #expect(verified.ending == .exit(1))
    #expect(verified.output.contains("damaged: result of first, second: its bytes have changed"))
    #expect(try driver.ferry("run", "--json").started == [], "the shared cache has it still")
    #expect(try driver.output("third/o") == CrashTests.result("new\n"))
  }

  @Test func aNewProjectRuns() throws {
    let driver = try Driver("")
    #expect(try driver.ferry("init", "project").ending == .exit(0))
    #expect(try driver.ferry("run", "project/ferry.yaml").ending == .exit(0))
    #expect(try driver.read("project/.ferry/artifacts/count/words").hasSuffix("5\n"))
    #expect(try driver.ferry("init", "project").ending == .exit(64))
    let schema = try JSONValue.parse(try driver.read("project/ferry.schema.json"))
    #expect(schema["$schema"] != nil && schema["properties"]?["stages"] != nil)
    let doctor = try driver.ferry("doctor", "project/ferry.yaml")
    #expect(doctor.output.contains("ok    file system"), "\(doctor.output)")
  }

  @Test func aNewStageIsDeclared() throws {
    let driver = try Driver("")
    try driver.write(
      "Package.swift", "let a = [\n    stage(\"x\", in: \"X\", []),\n    other,\n]\n")
    try driver.write("Sources/Stages/X/Main.swift", "")
    #expect(try driver.ferry("new", "stage", "my-copy").ending == .exit(0))
    #expect(
      try driver.read("Package.swift").contains(
        "    stage(\"x\", in: \"X\", []),\n    stage(\"my-copy\", in: \"MyCopy\", [\"Artifacts\"]),"
      ))
    let text = try driver.read("Sources/Stages/MyCopy/Main.swift")
    #expect(text.hasPrefix("import Artifacts\nimport Platform\nimport StageKit\n"))
    #expect(text.contains("@main struct MyCopy: Stage {"))
    #expect(try driver.ferry("new", "stage", "my-copy").ending == .exit(64))
    #expect(try driver.ferry("new", "stage", "../x").ending == .exit(64))
  }

  /// What `ferry new stage` writes is held against the modules of this build.
  @Test func aNewStageCompiles() throws {
    let modules = "\(Driver.binaries)/Modules"
    guard Files.exists("\(modules)/StageKit.swiftmodule"),
      Files.exists("\(modules)/ArgumentParser.swiftmodule")
    else {
      print("SKIPPED: StageKit is no part of this build")
      return
    }
    let driver = try Driver("")
    try driver.write("Package.swift", "let a = [\n    stage(\"x\", in: \"X\", []),\n]\n")
    try driver.write("Sources/Stages/X/Main.swift", "")
    #expect(try driver.ferry("new", "stage", "my-copy").ending == .exit(0))
    let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))
    let outcome = try driver.script(
      """
      command -v swiftc > /dev/null || { echo no compiler; exit 0; }
      maps=$(for map in "\(root)"/Sources/CLibraries/*/module.modulemap; do
        echo "-Xcc -fmodule-map-file=$map"; done)
      swiftc -typecheck -swift-version 6 -warnings-as-errors -parse-as-library \\
        -enable-upcoming-feature ExistentialAny -module-cache-path "$DIR/cache" \\
        -I "\(modules)" $maps Sources/Stages/MyCopy/*.swift
      """)
    #expect(outcome.ending == .exit(0), "\(outcome.output)\(outcome.messages)")
  }

  @Test func completionsNameEveryCommand() throws {
    let driver = try Driver("")
    let commands = (try Self.json(try driver.ferry("help", "--json")))["commands"]?.array ?? []
    let names = commands.compactMap { $0["name"]?.string }
    #expect(names.count > 12)
    let fish = try driver.ferry("completions", "fish").output
    for name in names { #expect(fish.contains(name), "fish lacks \(name)") }
    #expect(fish.contains("keep-going"))
    try driver.write("check", try driver.ferry("completions", "bash").output)
    #expect(try driver.script("bash -n check").ending == .exit(0))
    #expect(try driver.ferry("completions", "zsh").output.contains("complete -F _ferry ferry"))
    for name in names {
      let candidates = try driver.ferry("complete", "--", String(name.prefix(2))).output
      #expect(candidates.split(separator: "\n").contains { $0 == name }, "\(candidates)")
    }
    let word =
      ". ./check; COMP_WORDS=($FERRY ru); COMP_CWORD=1; _ferry; echo ${COMPREPLY[0]}"
    #expect(try driver.script("bash -c '\(word)'").output == "run\n")
    #expect(try driver.ferry("completions", "tcsh").ending == .exit(64))
  }

  /// Every command whose answer people read has a `--json` twin with a section of docs/json.md.
  @Test func everyAnswerHasADocumentedTwin() throws {
    let driver = try Driver("")
    let commands = (try Self.json(try driver.ferry("help", "--json")))["commands"]?.array ?? []
    let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))
    let page = try Files.readText("\(root)/docs/json.md")
    for command in commands {
      let name = try #require(command["name"]?.string)
      // What completions prints is for a shell.
      if name == "completions" { continue }
      let options = (command["options"]?.array ?? []).compactMap { $0["name"]?.string }
      #expect(options.contains("json"), "'ferry \(name)' has no --json")
      #expect(page.contains("`ferry \(name)"), "docs/json.md does not tell of 'ferry \(name)'")
    }
  }

  @Test func documentedMembersAreThere() throws {
    let driver = try Self.makeDriver()
    let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))
    let page = try Files.readText("\(root)/docs/json.md")
    for words in [
      ["status"], ["explain", "third"], ["history"], ["history", "1"], ["diff", "1", "1"],
      ["verify"], ["gc", "--dry-run"], ["doctor"], ["graph"], ["help"],
      ["show", driver.folder(".ferry/artifacts/first/o")],
    ] {
      // A doctor may find what is not well, which is its exit status.
      let outcome = try driver.start(words + ["--json"]).finish()
      let value = try JSONValue.parse(outcome.output)
      for member in (value.array?.first ?? value).object?.keys.sorted() ?? [] {
        #expect(page.contains("`\(member)`"), "\(words[0]): '\(member)' is not in docs/json.md")
      }
    }
  }

  @Test func usageErrorsHaveOneStatus() throws {
    let driver = try Driver("ferry: 1\nstages: { a: { command: [x], with: {} } }")
    #expect(try driver.ferry("rnu").ending == .exit(64))
    #expect(try driver.ferry("rnu").messages.contains("did you mean 'run'?"))
    #expect(try driver.ferry("run", "--job", "2").messages.contains("did you mean '--jobs'?"))
    let refused = try driver.ferry("run")
    #expect(refused.ending == .exit(65))
    #expect(refused.messages.contains("ferry.yaml:2:30: unknown key of a command stage 'with'"))
    #expect(!Files.exists(driver.folder(".ferry/attempts")))
  }
}
