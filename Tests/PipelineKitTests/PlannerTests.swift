import Artifacts
import PipelineKit
import Platform
import Testing

private func names(_ plan: Plan) -> [String] { plan.jobs.map(\.name) }

private func producers(_ plan: Plan, _ name: String) -> [String] {
  guard let job = plan.jobs.first(where: { $0.name == name }) else { return ["no such job"] }
  return job.inputs.flatMap { input in
    input.origins.map { origin in
      switch origin {
      case .source(let index): "\(input.port)=sources.\(plan.sources[index].name)"
      case .job(let index, let port): "\(input.port)=\(plan.jobs[index].name).\(port)"
      }
    }
  }
}

@Test func axesCarryOver() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    sources: { a: { path: a.txt } }
    stages:
      shards: { stage: shard, in: { faces: sources.a } }
      train:
        stage: train
        in: { shards: shards.shards }
        matrix: { seed: [1, 2], rate: [0.1, 0.5] }
        with: { seed: "${matrix.seed}", rate: "${matrix.rate}" }
      again: { stage: train, in: { shards: shards.shards, initial: train.model }, with: { epochs: 9 } }
      some: { stage: train, in: { shards: shards.shards, initial: "train[rate=0.5].model" } }
      page: { command: [join, "${out.p}", x, "${in.m}"], in: { m: ["train[*].model"] }, out: { p: file } }
      rates: { command: [join, "${out.p}", x, "${in.m}"], in: { m: ["train[rate=*].model"] }, out: { p: file } }
    """)
  let plan = try bench.plan()
  #expect(
    names(plan) == [
      "shards", "train[seed=1,rate=0.1]", "train[seed=1,rate=0.5]", "train[seed=2,rate=0.1]",
      "train[seed=2,rate=0.5]", "again[seed=1,rate=0.1]", "again[seed=1,rate=0.5]",
      "again[seed=2,rate=0.1]", "again[seed=2,rate=0.5]", "some[seed=1]", "some[seed=2]", "page",
      "rates[seed=1]", "rates[seed=2]",
    ])
  #expect(
    producers(plan, "again[seed=2,rate=0.1]")
      == ["initial=train[seed=2,rate=0.1].model", "shards=shards.shards"])
  #expect(producers(plan, "some[seed=2]").first == "initial=train[seed=2,rate=0.5].model")
  #expect(producers(plan, "page").count == 4)
  #expect(
    producers(plan, "rates[seed=1]")
      == ["m=train[seed=1,rate=0.1].model", "m=train[seed=1,rate=0.5].model"])
  #expect(plan.jobs[2].folder == "artifacts/train/seed=1/rate=0.5")
  #expect(plan.jobs[1].parameters["seed"] == 1)
  #expect(plan.jobs[1].parameters["epochs"] == 3)
}

@Test func anInputMayDependOnAnAxis() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write("b.txt", "b")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    sources: { a: { path: a.txt }, b: { path: b.txt } }
    variables: { from: [a, b] }
    stages:
      late:
        stage: train
        in: { initial: "start-${matrix.from}.model", shards: "shards[of=${matrix.from}].shards" }
        matrix: { from: "${from}", seed: [1, 2] }
        with: { epochs: { if: "${matrix.from} == a", then: 7, else: 8 }, seed: "${matrix.seed}" }
      start-a: { stage: train, in: { shards: "shards[of=a].shards" } }
      start-b: { stage: train, in: { shards: "shards[of=b].shards" }, when: false }
      shards:
        stage: shard
        in: { faces: "sources.${matrix.of}" }
        matrix: { of: "${from}" }
    """)
  let plan = try bench.plan()
  #expect(
    names(plan) == [
      "shards[of=a]", "shards[of=b]", "start-a", "late[from=a,seed=1]", "late[from=a,seed=2]",
      "late[from=b,seed=1]", "late[from=b,seed=2]",
    ])
  #expect(producers(plan, "shards[of=b]") == ["faces=sources.b"])
  #expect(
    producers(plan, "late[from=a,seed=2]") == [
      "initial=start-a.model", "shards=shards[of=a].shards",
    ])
  // What the condition left out is simply not there, as the port is optional.
  #expect(producers(plan, "late[from=b,seed=1]") == ["shards=shards[of=b].shards"])
  #expect(plan.jobs[3].parameters["epochs"] == 7)
  #expect(plan.jobs[5].parameters["epochs"] == 8)
  let faults = #expect(throws: Faults.self) { try bench.plan("from=[a, c]") }
  let messages = faults?.list.map(\.description).joined(separator: "\n") ?? ""
  #expect(messages.contains("unknown source 'c'"), "\(messages)")
}

@Test func variablesIncludesAndOverridesMeet() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write(
    "parts/common.yaml",
    """
    variables: { epochs: 5, method: fancy, base: 2 }
    sources: { a: { path: "${file}" } }
    stages: { shards: { stage: shard, in: { faces: sources.a } } }
    """)
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    include: [parts/common.yaml]
    variables: { file: null, epochs: "${base}", method: plain }
    stages:
      train: { stage: train, in: { shards: shards.shards }, with: { epochs: "${epochs}", method: "${method}" } }
    """)
  #expect(throws: Faults.self) { try bench.plan() }
  let plan = try bench.plan("file=\(bench.folder("a.txt"))", "train.rate=2", "base=7")
  let train = try #require(plan.jobs.last)
  #expect(train.parameters["epochs"] == 7)
  #expect(train.parameters["method"] == "plain")
  #expect(train.parameters["rate"] == .number(2))
  #expect(plan.files.count == 2)
}

@Test func variablesMayDependOnACondition() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    variables:
      quick: false
      file: { if: "${quick}", then: a.txt, else: null }
      epochs: { if: "${quick} or ${rounds} == 3", then: 1, else: "${rounds}" }
      rounds: 50
    sources: { a: { path: "${file}" } }
    stages:
      shards: { stage: shard, in: { faces: sources.a } }
      train: { stage: train, in: { shards: shards.shards }, with: { epochs: "${epochs}" } }
    """)
  let faults = #expect(throws: Faults.self) { try bench.plan() }
  #expect(faults?.list.contains { $0.message.contains("'file' has no value") } ?? false)
  #expect(try bench.plan("quick=true").jobs.last?.parameters["epochs"] == 1)
  let file = "file=\(bench.folder("a.txt"))"
  #expect(try bench.plan(file).jobs.last?.parameters["epochs"] == 50)
  #expect(try bench.plan(file, "rounds=3").jobs.last?.parameters["epochs"] == 1)
  #expect(try bench.plan(file, "epochs=7").jobs.last?.parameters["epochs"] == 7)
}

@Test func conditionsLeaveInstancesOut() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    variables: { most: 2 }
    sources: { a: { path: a.txt } }
    stages:
      one:
        command: [join, "${out.o}", "${matrix.n}"]
        out: { o: file }
        foreach: [{ n: 1 }, { n: 2 }, { n: 3 }]
        when: "${matrix.n} <= ${most}"
      two: { command: [upper, "${out.o}", "${in.i}"], in: { i: one.o }, out: { o: file } }
      all: { command: [join, "${out.o}", "", "${in.i}"], in: { i: ["two[*].o"] }, out: { o: file } }
      off: { command: [join, "${out.o}", x], out: { o: file }, when: false }
      needs: { command: [upper, "${out.o}", "${in.i}"], in: { i: off.o }, out: { o: file } }
    """)
  #expect(
    names(try bench.plan()) == ["one[n=1]", "one[n=2]", "two[n=1]", "two[n=2]", "all"])
  #expect(names(try bench.plan("most=0")) == [])
}

@Test func keysHoldWhatMattersAndNothingElse() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  func components(_ stage: String, _ overrides: String...) throws -> JSONValue {
    try bench.write(
      "ferry.yaml",
      """
      ferry: 1
      sources: { a: { path: a.txt } }
      stages:
        shards: { stage: shard, in: { faces: sources.a } }
        \(stage)
      """)
    return try #require(
      try Planner.plan(
        bench.folder("ferry.yaml"), overrides: overrides, catalogue: Contracts()
      ).jobs.last
    ).components
  }
  let base = try components("train: { stage: train, in: { shards: shards.shards } }")
  let same = [
    "other: { stage: train, in: { shards: shards.shards } }",
    "train: { stage: train, in: { shards: shards.shards }, with: { epochs: 3, rate: 1e-1 } }",
    "train: { stage: train, in: { shards: shards.shards }, retries: 3, timeout: 2h }",
    "train: { stage: train, in: { shards: shards.shards }, resources: { cpu: 2, memory: 1GiB } }",
    "train: { stage: train, in: { shards: shards.shards }, with: { chatty: true } }",
  ]
  for text in same { #expect(try components(text) == base, "\(text)") }
  let other = [
    "train: { stage: train, in: { shards: shards.shards }, with: { epochs: 4 } }",
    "train: { stage: train, in: { shards: shards.shards }, environment: [FERRY_NOT_SET] }",
    "train: { stage: train, in: { shards: shards.shards }, pin: binary }",
  ]
  for text in other { #expect(try components(text) != base, "\(text)") }
}

@Test func aKeyIsThatOfItsComponents() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    variables: { word: é }
    sources: { a: { path: a.txt } }
    stages:
      shards: { stage: shard, in: { faces: [sources.a, sources.a] } }
      train: { stage: train, in: { shards: shards.shards }, with: { epochs: 4 }, pin: binary }
      mine:
        command: [sh, -c, 7, "${in.z}", "x${in.a}y", "${out.o}", "${word}", ""]
        in: { z: train.model, a: sources.a }
        out: { o: file, Ab: files }
        environment: [PATH, FERRY_NOT_SET]
      bare: { command: ["true"], out: { o: file } }
    """)
  let digests = (0..<3).map { Digest(hashing: "\($0)") }
  let jobs = try bench.plan().jobs
  #expect(jobs.count == 4)
  for job in jobs {
    let inputs = job.inputs.map { Array(digests.prefix($0.origins.count)) }
    let components = job.components(inputs: inputs)
    #expect(ActionKey(job, inputs: inputs) == ActionKey(components), "\(job.name)")
    #expect(components["inputs"]?.object?.count == job.inputs.count)
  }
}

@Test func targetsSelectWhatTheyNeed() throws {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    sources: { a: { path: a.txt } }
    stages:
      shards: { stage: shard, in: { faces: sources.a } }
      train:
        stage: train
        in: { shards: shards.shards }
        matrix: { seed: [1, 2] }
      other: { stage: shard, in: { faces: sources.a } }
    """)
  let plan = try bench.plan()
  #expect(try plan.select(["train"], workspace: "w") == [true, false, true, true])
  #expect(try plan.select(["train[seed=2]"], workspace: "w") == [true, false, false, true])
  #expect(
    try plan.select(["w/artifacts/train/seed=1/model"], workspace: "w")
      == [true, false, true, false])
  let fault = #expect(throws: Fault.self) { try plan.select(["trian"], workspace: "w") }
  #expect(fault?.remedy == "did you mean 'train'?")
}
