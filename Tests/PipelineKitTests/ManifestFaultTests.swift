import Artifacts
import PipelineKit
import Platform
import Testing

/// The faults of a manifest, as a user sees them, without the folder's name.
private func faults(_ text: String, _ overrides: String...) throws -> [String] {
  let bench = try Bench()
  try bench.write("a.txt", "a")
  try bench.write("ferry.yaml", text)
  do {
    _ = try Planner.plan(
      bench.folder("ferry.yaml"), overrides: overrides, catalogue: Contracts())
    return []
  } catch let faults as Faults {
    let prefix = bench.folder("")
    return faults.description.split(separator: "\n").map {
      String($0).replacing(prefix, with: "")
    }
  }
}

private let head = "ferry: 1\nsources: { a: { path: a.txt } }\nstages:\n"
private let shards = "  shards: { stage: shard, in: { faces: sources.a } }\n"

@Test(arguments: [
  ("stages: {}", "ferry.yaml:1:1: the manifest does not say its version; begin with 'ferry: 1'"),
  ("ferry: 2", "ferry.yaml:1:8: this Ferry reads manifests of version 1, not '2'"),
  ("ferry: 1", "ferry.yaml: the manifest has no stages"),
  ("ferry: 1\nstage: {}", "ferry.yaml:2:1: unknown key 'stage'; did you mean 'stages'?"),
  ("- a", "ferry.yaml:1:1: the manifest is a list and must be a map"),
  (
    "ferry: 1\nvariables: { x: null }\nstages: { a: { command: [x, \"${x}\"] } }",
    "ferry.yaml:2:17: the variable 'x' has no value; give it with --set x=VALUE"
  ),
  (
    "ferry: 1\nvariables: { x: \"${y}\", y: \"${x}\" }\nstages: { a: { command: [x] } }",
    "ferry.yaml:2:28: variables refer to one another in a circle: x -> y -> x"
  ),
  (
    "ferry: 1\nsources: { b: { path: b.txt } }\nstages: { a: { command: [x] } }",
    "ferry.yaml:2:23: source 'b': there is nothing at 'b.txt'"
  ),
])
func headsAreChecked(text: String, message: String) throws {
  #expect(try faults(text).first == message)
}

@Test(arguments: [
  ("  t: { stage: trian }", "4:15: there is no stage 'trian'; did you mean 'train'?"),
  ("  t: {}", "4:3: 't' does not say what runs; write 'stage: NAME' or 'command: [PROGRAM, ...]'"),
  ("  in: { stage: shard }", "4:3: 'in' is a reserved name"),
  (
    "  t: { stage: shard, wiht: {}, in: { faces: sources.a } }",
    "4:22: unknown key of a stage 'wiht'; did you mean 'with'?"
  ),
  (
    "  t: { stage: shard }",
    "4:3: stage 't' has nothing on its input 'faces' (files); add 'in: { faces: ... }'"
  ),
  (
    "  t: { stage: shard, in: { faces: sources.b } }",
    "4:35: unknown source 'b'; did you mean 'a'?"
  ),
  (
    "  t: { stage: shard, in: { face: sources.a } }",
    "4:28: unknown input of stage 't': 'face'; did you mean 'faces'?"
  ),
  (
    "  t: { stage: shard, in: { faces: a } }",
    "4:35: 'a' is not an input; write sources.NAME, STAGE.PORT or STAGE[*].PORT"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shard.shards } }",
    "5:36: unknown stage 'shard'; did you mean 'shards'?"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shrads } }",
    "5:36: unknown output of stage 'shards': 'shrads'; did you mean 'shards'?"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shards, initial: shards.shards } }",
    "5:60: the input 'initial' takes model, 'shards.shards' is shards"
  ),
  (
    shards + "  t: { stage: train, in: { shards: [shards.shards, sources.a] } }",
    "5:28: the input 'shards' of stage 't' takes one artifact, not several"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shards }, with: { epoch: 3 } }",
    "5:61: stage 'train' has no parameter 'epoch'; did you mean 'epochs'?"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shards }, with: { epochs: many } }",
    "5:69: 'epochs' is a string (\"many\"); it takes an integer"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shards }, with: { epochs: 0 } }",
    "5:69: 'epochs' is 0, outside its range; it takes 1 to 100"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shards }, timeout: soon }",
    "5:62: '\"soon\"' is not a duration such as 2h"
  ),
  (
    shards + "  t: { stage: train, in: { shards: shards.shards }, resources: { cpus: 2 } }",
    "5:66: unknown resource 'cpus'; did you mean 'cpu'?"
  ),
  (
    "  a: { command: [x, \"${in.b}\"], in: { c: sources.a } }",
    "4:21: unknown input 'b' in the command; did you mean 'c'?"
  ),
  (
    "  a: { command: [x, \"${size}\"] }",
    "4:21: unknown variable 'size' in '${size}'; declare it under 'variables:'"
  ),
  (
    "  a: { command: x }",
    "4:17: command is text and must be a list: the program and its arguments; no shell is used; write [sh, -c, \"...\"] for one"
  ),
  (
    "  a: { command: [x], in: { i: b.o }, out: { o: file } }\n"
      + "  b: { command: [x], in: { i: a.o }, out: { o: file } }",
    "4:3: stages take inputs from one another in a circle: a <- b <- a"
  ),
  (
    "  a: { command: [x], out: { o: file } }\n  b: { command: [x], in: { i: \"a[seed=1].o\" } }",
    "5:31: unknown axis 'seed'"
  ),
  (
    "  a: { command: [x], matrix: { seed: 3 } }",
    "4:38: the axis 'seed' is an integer and must be a list with a value or more"
  ),
])
func stagesAreChecked(text: String, message: String) throws {
  #expect(try faults(head + text) == ["ferry.yaml:" + message])
}

@Test(arguments: [
  ("cache: 5", "cache is an integer and must be the path of a folder"),
  ("cache: \"\"", "cache is empty and must be the path of a folder"),
  ("cache: [a]", "cache is a list and must be the path of a folder"),
  ("tokens: { disk: two }", "'\"two\"' is not a count of 0 or more"),
  ("tokens: { disk: -1 }", "'-1' is not a count of 0 or more"),
  ("tokens: { disk: 1.5 }", "'1.5' is not a count of 0 or more"),
  ("tokens: { disk: null }", "'null' is not a count of 0 or more"),
  ("tokens: [disk]", "tokens is a list and must be a map"),
  ("variables: 5", "variables is an integer and must be a map"),
  ("include: [[a]]", "include is a list and must be text"),
  ("name: [a]", "name is a list and must be text"),
])
func topFieldsHaveTheirTypes(line: String, message: String) throws {
  let found = try faults("ferry: 1\n\(line)\nstages: { a: { command: [x] } }")
  #expect(found.count == 1)
  #expect(found.first?.hasPrefix("ferry.yaml:2:") == true, "\(found)")
  #expect(found.first?.contains(message) == true, "\(found)")
}

@Test(arguments: [
  ("sources: { a: { path: 5 } }", "the path of source 'a' is an integer and must be text"),
  ("sources: { a: [x] }", "source 'a' is a list and must be a map"),
])
func sourcesHaveTheirTypes(line: String, message: String) throws {
  let found = try faults("ferry: 1\n\(line)\nstages: { a: { command: [x] } }")
  #expect(found.first?.contains(message) == true, "\(found)")
}

@Test(arguments: [
  ("in: { i: null }", "the input 'i' of stage 't' is given nothing"),
  ("in: { i: [] }", "the input 'i' of stage 't' is given nothing"),
  ("in: { i: 5 }", "an input is an integer and must be text"),
  ("in: [a]", "in is a list and must be a map"),
  ("out: { o: null }", "unknown kind of output 'null'"),
  ("foreach: []", "foreach is an empty list and must have a map or more"),
  ("foreach: [5]", "an item of foreach is an integer and must be a map"),
  ("foreach: [{ \"a b\": 1 }]", "'a b' cannot name an axis"),
  ("foreach: [{ a/b: 1 }]", "'a/b' cannot name an axis"),
  ("matrix: [a]", "matrix is a list and must be a map"),
  ("matrix: { \"a b\": [1] }", "'a b' cannot name an axis"),
  ("when: 5", "when is an integer and must be a condition"),
  ("when: null", "when is null and must be a condition"),
  ("retries: -1", "'-1' is not a count"),
  ("retries: many", "'\"many\"' is not a count"),
  ("timeout: 0", "'0' is not a duration such as 2h"),
  ("timeout: true", "'true' is not a duration such as 2h"),
  ("environment: [\"\"]", "text cannot name an environment variable"),
  ("environment: { A: b }", "a map cannot name an environment variable"),
  ("writes: [\"\"]", "writes has an empty text and takes paths"),
  ("writes: [5]", "writes has an integer and takes paths"),
  ("pin: true", "unknown pin 'true'"),
  ("intermediate: soon", "intermediate is text and must be true or false"),
  ("resources: { memory: lots }", "'\"lots\"' is not a size such as 2GiB"),
  ("resources: { gpu: 0.5 }", "'0.5' is not a count"),
  ("resources: { tokens: { disk: two } }", "'\"two\"' is not a count"),
  ("resources: 5", "resources is an integer and must be a map"),
])
func stageFieldsHaveTheirTypes(field: String, message: String) throws {
  let found = try faults(head + "  t: { command: [x], \(field) }")
  #expect(found.count == 1)
  #expect(found.first?.hasPrefix("ferry.yaml:4:") == true, "\(found)")
  #expect(found.first?.contains(message) == true, "\(found)")
}

@Test(arguments: [
  ("size == 64", "compares 'size', a plain word, with a constant and is always the same"),
  ("64 == size", "compares 'size', a plain word, with a constant and is always the same"),
  ("size in [64, 128]", "compares 'size', a plain word, with a constant"),
  ("$size == 64", "has '$size', which stands for nothing"),
  ("${size == 64", "has '${size', which stands for nothing"),
  ("${size} == '64'", "compares an integer (64) with a string (\"64\"), which are never equal"),
  ("${size} != large", "compares an integer (64) with a string (\"large\")"),
  ("${size} in ['64', '128']", "compares an integer (64) with a string (\"64\")"),
  ("${size} == true", "compares an integer (64) with a boolean (true)"),
  ("${name} == [a]", "compares a string (\"a\") with a list"),
])
func conditionsThatCannotHoldAreFaults(text: String, message: String) throws {
  let top = "ferry: 1\nvariables: { size: 64, name: a }\nstages:\n"
  let condition = text.replacing("'", with: "''")
  let found = try faults(top + "  t: { command: [x], when: '\(condition)' }")
  #expect(found.first?.hasPrefix("ferry.yaml:4:28: ") == true, "\(found)")
  #expect(found.first?.contains(message) == true, "\(found)")
}

@Test func aSourceThatIsTakenHasAPath() throws {
  let top = "ferry: 1\nvariables: { p: \"\" }\nsources: { a: \"${p}\" }\nstages:\n"
  #expect(
    try faults(top + "  t: { command: [x], in: { i: sources.a } }")
      == ["ferry.yaml:3:15: the path of source 'a', which 't' takes, is empty"])
  #expect(
    try faults(top + "  t: { command: [x], in: { i: sources.a }, when: \"${p} != ''\" }") == [])
}

@Test func allFaultsComeAtOnce() throws {
  let text = """
    ferry: 1
    sources: { a: { path: a.txt }, b: { path: missing.txt } }
    stages:
      x: { stage: shard, in: { faces: sources.c } }
      y: { stage: train, in: { shards: x.shards }, with: { epochs: 0, rat: 1 } }
      z: { stage: nonesuch }
    """
  #expect(try faults(text).count == 5)
}

@Test func faultsOfManyInstancesStandOnce() throws {
  let text =
    head + shards
    + "  t: { stage: train, in: { shards: shards.shards }, matrix: { seed: [1, 2, 3] }, with: { epochs: 0 } }"
  #expect(try faults(text).count == 1)
}

@Test func overridesAreChecked() throws {
  let text = head + shards + "  t: { stage: train, in: { shards: shards.shards } }"
  #expect(
    try faults(text, "t.epochs=0")
      == ["--set t.epochs:1:1: 'epochs' is 0, outside its range; it takes 1 to 100"])
  #expect(
    try faults(text, "u.epochs=1") == ["--set u.epochs:1:1: unknown stage 'u'; did you mean 't'?"])
  #expect(try faults(text, "size=1").first?.contains("unknown variable 'size'") == true)
  #expect(try faults(text, "t.epochs") == ["--set takes NAME=VALUE, not 't.epochs'"])
}

@Test func includesStayInside() throws {
  let bench = try Bench()
  try bench.write("out.yaml", "variables: { x: 1 }")
  try bench.write(
    "p/ferry.yaml", "ferry: 1\ninclude: [../out.yaml]\nstages: { a: { command: [x] } }")
  let faults = #expect(throws: Faults.self) {
    try Planner.plan(bench.folder("p/ferry.yaml"), catalogue: Contracts())
  }
  #expect(faults?.list.first?.message.contains("lies outside the project") == true)
  try bench.write(
    "p/ferry.yaml", "ferry: 1\ninclude: [ferry.yaml]\nstages: { a: { command: [x] } }")
  let circle = #expect(throws: Faults.self) {
    try Planner.plan(bench.folder("p/ferry.yaml"), catalogue: Contracts())
  }
  #expect(circle?.list.first?.message.contains("includes itself") == true)
}
