import Artifacts
import PipelineKit
import Platform
import Testing

/// `ferry import dvc`.
@Suite struct DVCImportTests {
  static let pipeline = """
    stages:
      prepare:
        cmd: sh src/prepare.sh data/raw.txt
        deps: [src/prepare.sh, data/raw.txt]
        params: [prepare.times]
        outs: [data/prepared]
      train:
        wdir: work
        cmd:
          - mkdir -p out
          - cat ../data/prepared/lines.txt > out/model.txt
          - echo "it's $((40 + 2)) ${HOME:+x}" | wc -c > 'my metrics.txt'
        deps: [../data/prepared/lines.txt]
        outs: [out/model.txt]
        metrics: [{ "my metrics.txt": { cache: false } }]
        always_changed: true
    plots: []
    """

  static func driver() throws -> Driver {
    let driver = try Driver("")
    _ = try driver.script("rm ferry.yaml")
    try driver.write("dvc.yaml", pipeline.replacing(" ${HOME:+x}", with: ""))
    try driver.write("params.yaml", "prepare: { times: 2 }")
    try driver.write("data/raw.txt", "line\n")
    try driver.write(
      "src/prepare.sh",
      "mkdir data/prepared; cat \"$1\" params.yaml > data/prepared/lines.txt\n")
    return driver
  }

  @Test func simpleStagesRun() throws {
    let driver = try Self.driver()
    let made = try driver.ferry("import", "dvc")
    #expect(made.ending == .exit(0), "\(made.messages)")
    #expect(made.output.hasPrefix("wrote ferry.yaml with 2 stages"))
    let run = try driver.ferry("run", "--json")
    #expect(run.ending == .exit(0), "\(run)")
    #expect(run.started == ["prepare", "train"])
    let text = "line\nprepare: { times: 2 }"
    #expect(try driver.output("prepare/data-prepared/lines.txt") == text)
    #expect(try driver.output("train/work-out-model-txt") == text)
    #expect(try driver.output("train/work-my-metrics-txt").contains("8"))
    #expect(!Files.exists(driver.folder("data/prepared")), "the project's files stay as they are")
    #expect(try driver.ferry("run", "--json").started == ["train"])
    try driver.write("data/raw.txt", "other\n")
    #expect(try driver.ferry("run", "--json").started == ["prepare", "train"])
    #expect(try driver.ferry("import", "dvc").ending == .exit(64))
  }

  @Test func whatHasNoCounterpartIsNamed() throws {
    let driver = try Self.driver()
    func faults(_ text: String) throws -> String {
      try driver.write("dvc.yaml", text)
      let outcome = try driver.ferry("import", "dvc")
      #expect(outcome.ending == .exit(65), "\(outcome)")
      #expect(!Files.exists(driver.folder("ferry.yaml")))
      return outcome.messages
    }
    #expect(try faults(Self.pipeline).contains("dvc.yaml:12:9: the template in "))
    #expect(
      try faults("vars: [a.yaml]\nstages: { a: { foreach: [1], do: {} } }").contains(
        "dvc.yaml:2:16: 'foreach' of stage 'a' is not taken over"))
    #expect(try faults("stages: { a: { cmd: x, deps: [../b] } }").contains("'../b' lies outside"))
    #expect(
      try faults("stages: { a: { cmd: x, outs: [o] }, b: { cmd: x, outs: [o] } }").contains(
        "'o' is made by 'a' and 'b'"))
    #expect(try faults("stages: { a: { deps: [b] } }").contains("'a' has no cmd"))
    #expect(
      try faults("stages: { a: { cmd: x, outs: [{ o: { persist: true } }] } }").contains(
        "'o' persists between runs"))
    #expect(try faults("stages: {}").contains("there are no stages"))
    #expect(try driver.ferry("import", "make").ending == .exit(64))
    #expect(try driver.ferry("import", "dvc", "none/dvc.yaml").ending != .exit(0))
  }
}
