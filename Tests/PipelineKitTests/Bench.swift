import Artifacts
import PipelineKit
import Platform

/// A project in a temporary folder, run with a recorder in place of programs.
final class Bench {
  let folder: TemporaryDirectory
  let recorder = Recorder()
  var catalogue = Contracts()

  init() throws { folder = try TemporaryDirectory("pipeline") }

  var workspace: String { folder(".ferry") }

  func write(_ name: String, _ text: String) throws {
    try Files.makeDirectories(Files.parent(of: folder(name)))
    try Files.write(text, to: folder(name))
  }

  func plan(_ overrides: String..., catalogue: Contracts = Contracts()) throws -> Plan {
    try Planner.plan(folder("ferry.yaml"), overrides: overrides, catalogue: catalogue)
  }

  /// Runs the manifest and returns the names of the jobs that were started, sorted.
  @discardableResult
  func run(
    _ overrides: String..., force: String? = nil, keepGoing: Bool = false, targets: [String] = []
  ) throws -> (started: [String], summary: RunSummary) {
    let space = try Workspace(workspace, create: true)
    let plan = try Planner.plan(folder("ferry.yaml"), overrides: overrides, catalogue: catalogue)
    var options = RunOptions(plan: plan, processors: 4)
    options.wanted = try plan.select(targets, workspace: workspace)
    options.keepGoing = keepGoing
    if let force { options.forced = Set(plan.match(force, workspace: workspace)) }
    recorder.started = []
    let notes = Notes()
    let scheduler = Scheduler(
      plan: plan, workspace: space, executor: recorder, options: options, reporter: notes)
    let summary = try scheduler.bringUpToDate()
    lastNotes = notes
    return (recorder.started.map { plan.jobs[$0].name }.sorted(), summary)
  }

  private(set) var lastNotes = Notes()

  /// The text of a `file` output.
  func output(_ path: String) throws -> String {
    try Files.readText(Files.join(workspace, "artifacts/\(path)"))
  }
}

/// What a run reported.
final class Notes: Reporter {
  var failures: [String] = []
  var reasons: [String: Reason] = [:]
  var notes: [String] = []

  func report(_ event: RunEvent) {
    switch event {
    case .failed(_, let failure): failures.append(failure.text)
    case .started(let job, let reason, _): reasons[job.name] = reason
    case .note(let text): notes.append(text)
    default: break
    }
  }

  func tick() {}
}

/// Carries commands out in this process.
///
/// `join OUT TEXT IN...` writes the text and the inputs' contents, `upper OUT IN` capitals,
/// `folder OUT IN...` a file an input; `nothing OUT` makes no output, `fail` fails.
final class Recorder: Executor {
  var started: [Int] = []
  /// The arguments of all that was started, without the program.
  var launches: [[String]] = []
  /// Called before a job's work is done.
  var before: (Launch) throws -> Void = { _ in }
  /// Called after a job's work is done.
  var after: (Launch) throws -> Void = { _ in }
  /// A fault thrown by `before` is the job's failure, not the test's.
  var failsOnThrow = false
  /// How many jobs were open at once, at most.
  var peak = 0
  var capacity = ExecutorCapacity(launches: 1_000)
  private var open: [Launch] = []
  private var stopped: Set<Int> = []

  func start(_ launch: Launch) throws {
    started.append(launch.job)
    launches.append(Array(launch.arguments.dropFirst()))
    open.append(launch)
    peak = max(peak, open.count)
    try Files.write("log of \(launch.arguments)\n", to: launch.log)
  }

  func wait(seconds: Double) throws -> [ExecutorEvent] {
    guard !open.isEmpty else { return [] }
    let launch = open.removeFirst()
    do { try before(launch) } catch  where failsOnThrow {
      return [.ended(job: launch.job, Ending(cause: .exit(1)))]
    }
    if stopped.contains(launch.job) { return [.ended(job: launch.job, Ending(cause: .signal(15)))] }
    let isGood = try work(Array(launch.arguments.dropFirst()))
    try after(launch)
    return [.ended(job: launch.job, Ending(cause: .exit(isGood ? 0 : 3)))]
  }

  func stop(job: Int, hard: Bool) { stopped.insert(job) }

  private func work(_ words: [String]) throws -> Bool {
    func text(_ path: String) throws -> String {
      guard Files.isDirectory(path) else { return try Files.readText(path) }
      return try Files.list(path).map { "\($0)=" + (try Files.readText(Files.join(path, $0))) }
        .joined()
    }
    switch words.first {
    case "join":
      try Files.write(words[2] + (try words.dropFirst(3).map(text).joined()), to: words[1])
    case "upper": try Files.write(try text(words[2]).uppercased(), to: words[1])
    case "folder":
      try Files.makeDirectories(words[1])
      for (index, path) in words.dropFirst(2).enumerated() {
        try Files.write(try text(path), to: Files.join(words[1], "\(index).txt"))
      }
    case "nothing": break
    default: return false
    }
    return true
  }
}

/// Contracts without executables.
struct Contracts: ContractCatalogue {
  /// Whether pinned programs are hashed; else their paths are.
  var readsFiles = false
  static let train = Contract(
    name: "train", revision: 3, summary: "Fits.",
    parameters: [
      ContractParameter("epochs", .integer, default: 3, minimum: 1, maximum: 100, help: "Epochs."),
      ContractParameter("rate", .number, default: 0.1, help: "Rate."),
      ContractParameter("method", .choice(["plain", "fancy"]), default: "plain", help: "Method."),
      ContractParameter("seed", .integer, default: 0, help: "Seed."),
      ContractParameter(
        "chatty", .boolean, default: false, affectsOutput: false, help: "More words."),
    ],
    inputs: [
      ContractPort("shards", help: "Images."),
      ContractPort("initial", kind: "model", optional: true, help: "Where to start."),
    ], outputs: [ContractPort("model", help: "The model.")])
  static let shard = Contract(
    name: "shard", revision: 1, summary: "Shards.",
    inputs: [ContractPort("faces", kind: "files", several: true, help: "Faces.")],
    outputs: [ContractPort("shards", help: "Shards.")])

  func program(_ stage: String) throws -> StageProgram {
    guard let contract = [Self.train, Self.shard].first(where: { $0.name == stage }) else {
      throw Fault(
        .badInput, "there is no stage '\(stage)'",
        remedy: nearestWord(to: stage, among: ["train", "shard"]).map { "did you mean '\($0)'?" })
    }
    guard let status = Files.status("/") else { throw Fault(.internal, "no root") }
    return StageProgram(path: "/ferry-\(stage)", status: status, contract: contract)
  }

  func digest(ofFile path: String) throws -> Digest {
    readsFiles ? try Digest(ofFile: path) : Digest(hashing: path)
  }
}
