import Artifacts
import Glibc
import PipelineKit
import Platform
import Testing

/// Parameter files, and what a stage may say about how it runs.
@Suite struct StageOptionTests {
  static func key(_ driver: Driver, _ stage: String) throws -> String? {
    try JSONValue.parse(try driver.ferry("explain", stage, "--json").output)
      .array?.first?["key"]?.string
  }

  static let parameters = """
    train: { lr: 1e-3, layers: [1, 2], name: "costs $5 ${x}" }
    seed: 3
    unset: null
    "odd key": 1
    """

  static func withParameters(_ stages: String) throws -> Driver {
    let driver = try Driver("ferry: 1\nparameters: params.yaml\nstages:\n\(stages)")
    try driver.write("params.yaml", parameters)
    return driver
  }

  @Test func parameterFilesGiveNestedVariables() throws {
    let driver = try Self.withParameters(
      """
        a: { command: [sh, -c, 'echo "$0 $1 $2" > "$3"', "${train.lr}", "${seed}", "${train.name}", "${out.o}"], out: { o: file } }
        b: { command: [sh, -c, 'echo $0 > "$1"', "${matrix.n}", "${out.o}"], out: { o: file }, matrix: { n: "${train.layers}" } }
      """)
    let outcome = try driver.ferry("run", "--json")
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    #expect(try driver.output("a/o") == "1e-3 3 costs $5 ${x}\n")
    #expect(try driver.output("b/n=2/o") == "2\n")
    // Only the values that a stage uses count.
    try driver.write("params.yaml", Self.parameters.replacing("seed: 3", with: "seed: 4"))
    #expect(try driver.ferry("run", "--json").started == ["a"])
    try driver.write("params.yaml", Self.parameters + "\nmore: 1\n")
    #expect(try driver.ferry("run").output.contains("up to date, 1 restored"))
    #expect(try driver.ferry("run", "--set", "train.lr=0.5", "--json").started == ["a"])
    #expect(try driver.output("a/o") == "0.5 3 costs $5 ${x}\n")
    #expect(try driver.ferry("diff", "1", "2").output.contains("variable seed: 3 -> 4"))
    #expect(try driver.ferry("complete", "--", "run", "--set", "tr").output.contains("train.lr=\n"))
  }

  @Test func faultsOfParameterFilesHaveTheirPlace() throws {
    let stage = "  a: { command: [x, \"${train.lr}\"] }"
    let driver = try Self.withParameters(stage)
    func fault(_ text: String, _ words: String...) throws -> String {
      try driver.write("params.yaml", text)
      let outcome = try driver.start(["status"] + words).finish()
      #expect(outcome.ending == .exit(65), "\(outcome)")
      return outcome.messages
    }
    #expect(try fault("train: [").contains("params.yaml:2:1: not YAML"))
    #expect(try fault("- a").contains("params.yaml:1:1: 'params.yaml' is a list and must be a map"))
    #expect(try fault("train: { rl: 1 }").contains("unknown variable 'train.lr'"))
    #expect(try fault("train: { rl: 1 }").contains("did you mean 'train.rl'?"))
    #expect(try fault("in: { a: 1 }").contains("params.yaml:1:1: 'in' is a reserved name"))
    #expect(try fault("train: { lr: null }").contains("unknown variable 'train.lr'"))
    #expect(
      try fault("train: { lr: 1 }", "--set", "train=2").contains("is a map of a parameter file"))
    try driver.write("ferry.yaml", "ferry: 1\nparameters: none.yaml\nstages:\n" + stage)
    #expect(try fault("").contains("ferry.yaml:2:13: "))
    try driver.write(
      "ferry.yaml", "ferry: 1\nvariables: { seed: 1 }\nparameters: params.yaml\nstages:\n" + stage)
    #expect(
      try fault("train: { lr: 1 }\nseed: 2").contains(
        "params.yaml:2:1: the variable 'seed' stands in ferry.yaml:2:20 too"))
  }

  @Test func anAlwaysStageRunsEveryTime() throws {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        poll: { command: [sh, -c, 'cat today > "$0"', "${out.o}"], out: { o: file }, always: true }
        after: { command: [sh, -c, 'cat "$0" > "$1"', "${in.i}", "${out.o}"], in: { i: poll.o }, out: { o: file } }
        other: { command: [sh, -c, 'echo x > "$0"', "${out.o}"], out: { o: file } }
      """)
    try driver.write("today", "one")
    #expect(try driver.ferry("run", "--json").started.sorted() == ["after", "other", "poll"])
    usleep(60_000)
    let second = try driver.ferry("run", "--json")
    #expect(second.started == ["poll"], "an output that comes out as before stops there")
    #expect(second.events.first { $0["event"] == "started" }?["reason"]?["kind"] == "always")
    try driver.write("today", "two")
    #expect(try driver.ferry("run", "--json").started == ["poll", "after"])
    #expect(try driver.output("after/o") == "two")
    #expect(try driver.ferry("run", "other", "--json").started == [])
    #expect(try driver.ferry("status", "poll").output.contains("it runs always"))
    #expect(try driver.ferry("status", "--exit-code", "other").ending == .exit(0))
    #expect(try driver.ferry("status", "--exit-code").ending == .exit(1))
  }

  @Test func outputsMayHaveEndings() throws {
    let driver = try Driver(
      """
      ferry: 1
      stages:
        make: { command: [sh, -c, 'echo 1,2 > "$0"; basename "$0" > "$1"', "${out.table}", "${out.name}"], out: { table: file.csv, name: file } }
        read: { command: [sh, -c, 'basename "$0" > "$1"; cat "$0" >> "$1"', "${in.t}", "${out.o}"], in: { t: make.table }, out: { o: file.tar.gz } }
      """)
    #expect(try driver.ferry("run", "--json").started == ["make", "read"])
    #expect(try driver.output("make/table.csv") == "1,2\n")
    #expect(try driver.output("make/name") == "table.csv\n")
    #expect(try driver.output("read/o.tar.gz") == "table.csv\n1,2\n")
    usleep(60_000)
    #expect(try driver.ferry("run").output.contains("2 up to date"))
    #expect(
      try driver.ferry("run", ".ferry/artifacts/make/table.csv").output.contains("1 up to date"))
    #expect(
      try driver.ferry("show", ".ferry/artifacts/make/table.csv").output.contains(
        "made by     make"))
    for kind in ["file.", "file./x", "file.a b", "artifact", "artifact.x", "fil.csv"] {
      try driver.write(
        "ferry.yaml", "ferry: 1\nstages: { a: { command: [x], out: { o: \"\(kind)\" } } }")
      #expect(try driver.ferry("status").messages.contains("unknown kind of output"), "\(kind)")
    }
  }

  @Test func aStageRunsInItsFolder() throws {
    let text = """
      ferry: 1
      variables: { where: sub/deeper }
      stages:
        a: { command: [./tool, "${out.o}"], out: { o: file }, directory: "${where}" }
        b: { command: [sh, -c, 'pwd > "$0"', "${out.o}"], out: { o: file } }
      """
    let driver = try Driver(text)
    try driver.write("sub/deeper/tool", "#!/bin/sh\npwd > \"$1\"\n")
    #expect(try driver.script("chmod +x sub/deeper/tool").ending == .exit(0))
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    #expect(try driver.output("a/o") == Files.resolve(driver.folder("sub/deeper")) + "\n")
    let before = try Self.key(driver, "b")
    try driver.write(
      "ferry.yaml",
      text.replacing(
        "'pwd > \"$0\"', \"${out.o}\"]", with: "'pwd > \"$0\"', \"${out.o}\"], directory: sub"))
    #expect(try Self.key(driver, "b") != before)
    let show = try driver.ferry("show", ".ferry/artifacts/a/o").output
    #expect(show.contains("env -C sub/deeper ./tool"), "\(show)")
    #expect(
      try driver.ferry("explain", "b").output.contains("the folder it runs in: nothing -> \"sub\""))
    for (word, message) in [
      ("none", "no folder 'none'"), ("..", "no folder '..'"), ("5", "directory is an integer"),
    ] {
      try driver.write("ferry.yaml", text.replacing("where: sub/deeper", with: "where: \(word)"))
      let refused = try driver.ferry("run")
      #expect(
        refused.ending == .exit(65) && refused.messages.contains(message), "\(refused.messages)")
    }
  }

  @Test func aWrapperStandsBeforeTheProgram() throws {
    let text = """
      ferry: 1
      sources: { image: image.sif }
      variables: { tag: "one" }
      stages:
        a:
          command: [inner, "${out.o}"]
          wrapper: [sh, tools/run, "${in.image}", "${tag}", "${place.project}", "${place.workspace}"]
          in: { image: sources.image }
          out: { o: file }
      """
    let driver = try Driver(text)
    try driver.write("image.sif", "image 1\n")
    try driver.write("tools/run", "cat \"$1\" > \"$6\"; echo \"$2 $3 $4 $5\" >> \"$6\"\n")
    let outcome = try driver.ferry("run")
    #expect(outcome.ending == .exit(0), "\(outcome.messages)")
    let root = Files.resolve(driver.folder(""))
    let said = try driver.output("a/o").replacing("\(root)/", with: "/").replacing(root, with: "/")
    #expect(said.hasPrefix("image 1\none "), "\(said)")
    #expect(said.hasSuffix(" inner\n"))
    let first = try Self.key(driver, "a")
    try driver.write("image.sif", "image 2\n")
    let second = try Self.key(driver, "a")
    #expect(first != second, "the image is part of the key")
    try driver.write("ferry.yaml", text.replacing("\"one\"", with: "\"two\""))
    #expect(try Self.key(driver, "a") != second)
    #expect(try driver.ferry("explain", "a").output.contains("the wrapper: \"one\" -> \"two\""))
    for (old, new, message) in [
      ("[sh, tools/run", "[\"${place.home}\"", "unknown place 'home'"),
      ("[sh, tools/run", "[\"${in.imag}\"", "did you mean 'image'?"),
    ] {
      try driver.write("ferry.yaml", text.replacing(old, with: new))
      #expect(try driver.ferry("run").messages.contains(message))
    }
    try driver.write("ferry.yaml", "ferry: 1\nstages: { a: { command: [x], wrapper: sh } }")
    #expect(try driver.ferry("run").messages.contains("wrapper is text and must be a list"))
  }

  /// The keys of pipelines that use none of this are what they were.
  @Test func keysOfOtherStagesStay() throws {
    let driver = try Driver(
      "ferry: 1\nstages: { a: { command: [sh, -c, 'echo x > \"$0\"', \"${out.o}\"], out: { o: file } } }"
    )
    let key = "d0a37ebf2fafa5c960b61c8c93e9d940f41b8e1630c5330f38088d52f89c8c12"
    #expect(try Self.key(driver, "a") == key)
  }
}
