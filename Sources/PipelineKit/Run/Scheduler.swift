import Artifacts
import Platform

/// Brings a plan up to date: decides job by job, runs what must run, publishes what succeeded.
///
/// One thread does everything. A job is decided as soon as its producers are settled, so an output
/// that comes out as before stops the change there.
public final class Scheduler {
  /// The state of a job.
  enum Phase {
    /// Some producer is not settled.
    case waiting
    /// It has to run, and waits for resources.
    case queued
    /// Another run, or another job of this one, holds its action.
    case contended
    case running
    /// Its outputs' digests are known.
    case settled
    case failed
    /// It is not wanted, or something it needs failed.
    case out
  }

  /// A try at running a job.
  struct Attempt {
    var verdict: Evaluator.Verdict
    var reason: Reason
    var folder: String
    var grant: ResourcePool.Grant
    /// The program under which the result counts, as it was at the start.
    var program: ProgramFile?
    /// Seconds that an executor held it back.
    var queuedSeconds = 0.0
    /// On the steady clock.
    var start: Double
    var wallStart: Double
    var deadline: Double?
    var hardDeadline: Double?
    var isTimedOut = false
    var lastFault: String?
    var rate: JSONValue?
  }

  /// A finished job whose result is not committed yet.
  struct Pending {
    var job: Int
    var verdict: Evaluator.Verdict
    var objects: [Store.Object]
    var outputs: Outputs
    var record: AttemptRecord
    var folder: String
  }

  let plan: Plan
  let workspace: Workspace
  let executor: any Executor
  let options: RunOptions
  let reporter: any Reporter
  let evaluator: Evaluator

  var phases: [Phase]
  var outputs: [Outputs?]
  /// Whether a settled job's bytes are in the store.
  var hasBytes: [Bool]
  /// How many producers of a job are not settled.
  var missing: [Int]
  let followers: Followers
  /// How many producers a job has.
  private let producers: [Int]
  /// Jobs to decide, in order; those before `nextReady` are decided.
  var ready: [Int] = []
  var nextReady = 0
  /// Jobs to run, the most urgent first.
  var queue: [(job: Int, verdict: Evaluator.Verdict, reason: Reason)] = []
  var contended: [(job: Int, verdict: Evaluator.Verdict, reason: Reason)] = []
  var attempts: [Int: Attempt] = [:]
  var tries: [Int: Int] = [:]
  /// Intermediate jobs whose bytes another job needs.
  var demanded: [Int: String] = [:]
  var heldKeys: Set<ActionKey> = []
  var pending: [Pending] = []
  /// Instances that now stand for another action whose result was known.
  var restored: [(job: Int, verdict: Evaluator.Verdict)] = []
  /// Objects whose bytes were read and found right, with their files' stamps.
  var stamps: [Digest: [String: FileStamp]] = [:]
  var pool: ResourcePool
  var summary = RunSummary()
  var stopsLaunching = false
  var interruptedAt: Double?
  var run: Int?
  /// A re-made intermediate result came out different, so decisions must be taken again.
  var needsAnotherPass = false
  lazy var priorities = makePriorities()
  lazy var confinement = Confinement(root: plan.root, workspace: workspace.path)

  package init(
    plan: Plan, workspace: Workspace, executor: any Executor, options: RunOptions,
    reporter: any Reporter
  ) {
    self.plan = plan
    self.workspace = workspace
    self.executor = executor
    self.options = options
    self.reporter = reporter
    evaluator = Evaluator(plan: plan, workspace: workspace, threads: options.processors)
    let count = plan.jobs.count
    phases = Array(repeating: .waiting, count: count)
    outputs = Array(repeating: nil, count: count)
    hasBytes = Array(repeating: false, count: count)
    missing = Array(repeating: 0, count: count)
    let needs = plan.jobs.map(\.producers)
    followers = Followers(of: needs)
    producers = needs.map(\.count)
    let capacity = executor.capacity
    pool = ResourcePool(
      processors: capacity.processors ?? options.processors,
      memory: capacity.memory ?? options.memory, gpus: capacity.gpus ?? options.gpus,
      tokens: plan.tokens)
  }

  /// Runs until nothing is left to do.
  /// - Throws: `Fault` where the workspace itself cannot be used; a stage's failure is in the
  ///   summary.
  package func bringUpToDate() throws -> RunSummary {
    let start = Clock.steady
    try checkSources()
    try waitForStore()
    defer { releaseLocks() }
    do {
      repeat {
        needsAnotherPass = false
        begin()
        try loop()
      } while needsAnotherPass && !stopsLaunching
      try commit()
    } catch {
      // What succeeded before stays; the first error is the one to tell.
      try? commit()
      try? finishRun("failed")
      throw error
    }
    summary.seconds = Clock.steady - start
    try finishRun(
      summary.isInterrupted ? "interrupted" : summary.failed > 0 ? "failed" : "succeeded")
    return summary
  }

  /// Keeps `gc` away from objects that are about to be linked or committed.
  private func waitForStore() throws {
    guard !workspace.state.isReadOnly else { return }
    var isTold = false
    while try !workspace.lockStore(alone: false) {
      if !isTold { reporter.report(.note("waiting for a gc of this workspace to end")) }
      isTold = true
      for event in try executor.wait(seconds: 0.1) {
        if case .interrupted = event { throw Fault(.interrupted, "interrupted") }
      }
    }
  }

  /// A source that holds the workspace changes with every run, so it is refused at once.
  private func checkSources() throws {
    let inside = Files.resolve(workspace.path)
    for source in plan.sources where source.pattern == nil && !source.path.isEmpty {
      let folder = Files.resolve(absolute(source.path))
      guard inside == folder || inside.hasPrefix(folder == "/" ? "/" : folder + "/") else {
        continue
      }
      throw Fault(
        .badInput, "the source '\(source.name)' holds the workspace '\(workspace.path)'",
        at: source.place,
        remedy: "name a folder without it, or put the workspace elsewhere with --workspace")
    }
  }

  /// Lines every wanted job up; those without producers are ready.
  private func begin() {
    summary.upToDate = 0
    summary.restored = 0
    ready = []
    nextReady = 0
    for job in plan.jobs {
      let index = job.index
      phases[index] = options.wanted[index] ? .waiting : .out
      missing[index] = producers[index]
      if options.wanted[index], missing[index] == 0 { ready.append(index) }
    }
  }

  private func loop() throws {
    while true {
      while nextReady < ready.count {
        nextReady += 1
        try decide(ready[nextReady - 1])
      }
      try retryContended()
      try launchQueued()
      if nextReady < ready.count { continue }
      if attempts.isEmpty, contended.isEmpty || stopsLaunching { return }
      if shouldCommit { try commit() }
      for event in try executor.wait(seconds: waitingTime) { try handle(event) }
      checkDeadlines()
      reporter.tick()
    }
  }

  private var waitingTime: Double { contended.isEmpty ? 0.2 : 0.03 }

  private func handle(_ event: ExecutorEvent) throws {
    switch event {
    case .reported(let index, let value): hear(value, from: index)
    case .ended(let index, let ending): try finish(index, ending)
    case .interrupted: interrupt()
    case .queued(let index, let reason): queued(index, reason)
    case .running(let index): running(index)
    case .suspended(let seconds): suspended(seconds)
    }
  }

  /// An executor holds a launch back: its time does not count yet.
  private func queued(_ index: Int, _ reason: String) {
    guard attempts[index] != nil else { return }
    attempts[index]?.deadline = nil
    reporter.report(.queued(plan.jobs[index], reason: reason))
  }

  /// A launch runs: its time counts from here on.
  private func running(_ index: Int) {
    guard let attempt = attempts[index] else { return }
    let now = Clock.steady
    attempts[index]?.queuedSeconds = now - attempt.start
    attempts[index]?.start = now
    attempts[index]?.deadline = plan.jobs[index].timeout.map { now + $0 }
    reporter.report(.running(plan.jobs[index]))
  }

  /// Time in which all stood still counts against no timeout.
  private func suspended(_ seconds: Double) {
    for index in attempts.keys {
      attempts[index]?.start += seconds
      attempts[index]?.deadline? += seconds
      attempts[index]?.hardDeadline? += seconds
    }
  }

  /// A message from a running stage.
  private func hear(_ value: JSONValue, from index: Int) {
    let job = plan.jobs[index]
    if let progress = StageProgress(value) {
      if let rate = progress.rate {
        attempts[index]?.rate = ["rate": .number(rate), "unit": .string(progress.unit)]
      }
      reporter.report(.progress(job, progress))
      return
    }
    guard let kind = value["event"]?.string, let text = value["message"]?.string else { return }
    if kind == "fault" {
      attempts[index]?.lastFault = text
    } else if kind == "note" || kind == "warning" {
      reporter.report(.message(job, kind: kind, text: text))
    }
  }

  private func interrupt() {
    let isSecond = interruptedAt != nil
    interruptedAt = interruptedAt ?? Clock.steady
    summary.isInterrupted = true
    stopsLaunching = true
    for index in attempts.keys { executor.stop(job: index, hard: isSecond) }
    reporter.report(
      .note(isSecond ? "stopping hard" : "stopping; press Ctrl-C again to stop hard"))
  }

  private static let grace = 10.0

  private func checkDeadlines() {
    let now = Clock.steady
    if let interruptedAt, now - interruptedAt > Self.grace {
      for index in attempts.keys { executor.stop(job: index, hard: true) }
    }
    for (index, attempt) in attempts {
      if let deadline = attempt.deadline, now > deadline, !attempt.isTimedOut {
        attempts[index]?.isTimedOut = true
        attempts[index]?.hardDeadline = now + Self.grace
        executor.stop(job: index, hard: false)
      }
      if let hard = attempt.hardDeadline, now > hard { executor.stop(job: index, hard: true) }
    }
  }

  /// The length of the longest way from a job to the end, by what jobs took last.
  private func makePriorities() -> [Double] {
    var priorities = plan.jobs.map { evaluator.instances[$0.name]?.seconds ?? 1 }
    for index in plan.jobs.indices.reversed() {
      let after = followers[index].map { priorities[$0] }.max() ?? 0
      priorities[index] += after
    }
    return priorities
  }
}
