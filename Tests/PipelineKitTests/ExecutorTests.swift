import Artifacts
import PipelineKit
import Platform
import Testing

/// A cluster of one: it holds every launch back before it runs it, and asks for what was granted.
private final class Waitlist: Executor {
  let capacity = ExecutorCapacity(launches: 2, processors: 64, memory: 1 << 40, gpus: ["GPU-7"])
  private var launches: [(launch: Launch, isQueued: Bool)] = []
  private(set) var seen: [Launch] = []
  private(set) var mostAtOnce = 0

  func start(_ launch: Launch) throws {
    launches.append((launch, false))
    seen.append(launch)
    mostAtOnce = max(mostAtOnce, launches.count)
  }

  func wait(seconds: Double) throws -> [ExecutorEvent] {
    guard let next = launches.first else { return [] }
    guard next.isQueued else {
      launches[0].isQueued = true
      return [.queued(job: next.launch.job, reason: "no node is free")]
    }
    launches.removeFirst()
    try Files.write("made", to: next.launch.arguments[1])
    return [
      .running(job: next.launch.job), .ended(job: next.launch.job, Ending(cause: .exit(0))),
    ]
  }

  func stop(job: Int, hard: Bool) {}
}

/// Notes what became of each job, in order.
private final class Journal: Reporter {
  var lines: [String] = []

  func report(_ event: RunEvent) {
    switch event {
    case .started(let job, _, _): lines.append("started \(job.name)")
    case .queued(let job, let reason): lines.append("queued \(job.name): \(reason)")
    case .running(let job): lines.append("running \(job.name)")
    case .built(let job, _): lines.append("built \(job.name)")
    default: break
    }
  }

  func tick() {}
}

@Test func anExecutorOfOnesOwnRunsThePipeline() throws {
  let bench = try Bench()
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    stages:
      one:
        command: [sh, "${out.o}", "${matrix.n}"]
        matrix: { n: [1, 2, 3] }
        out: { o: file }
        resources: { cpu: 20, memory: 8GiB, gpu: 0 }
        timeout: 1h
      two:
        command: [sh, "${out.o}"]
        out: { o: file }
        resources: { cpu: 64, gpu: 1 }
    """)
  let plan = try bench.plan()
  let executor = Waitlist()
  let journal = Journal()
  // The executor's capacity counts, not that of this machine.
  let options = RunOptions(plan: plan, processors: 1)
  let scheduler = Scheduler(
    plan: plan, workspace: try Workspace(bench.workspace, create: true), executor: executor,
    options: options, reporter: journal)
  let summary = try scheduler.bringUpToDate()
  #expect(summary.built == 4 && summary.failed == 0)
  #expect(executor.mostAtOnce == 2)
  let one = executor.seen.first { $0.name == "one[n=2]" }
  #expect(one?.grant.cpu == 20 && one?.grant.memory == 8 << 30 && one?.timeout == 3_600)
  #expect(one.map { $0.log.hasPrefix($0.folder) } == true)
  let two = executor.seen.first { $0.name == "two" }
  #expect(two?.grant.gpus == ["GPU-7"] && two?.environment["CUDA_VISIBLE_DEVICES"] == "GPU-7")
  let story = journal.lines.filter { $0.hasSuffix("two") || $0.contains(" two:") }
  #expect(
    story == ["started two", "queued two: no node is free", "running two", "built two"])
}

@Test func timeInTheQueueIsKeptApart() throws {
  let bench = try Bench()
  try bench.write(
    "ferry.yaml",
    "ferry: 1\nstages: { one: { command: [sh, \"${out.o}\"], out: { o: file }, timeout: 1ms } }")
  let plan = try bench.plan()
  let journal = Journal()
  let scheduler = Scheduler(
    plan: plan, workspace: try Workspace(bench.workspace, create: true), executor: Waitlist(),
    options: RunOptions(plan: plan), reporter: journal)
  #expect(try scheduler.bringUpToDate().built == 1)
  #expect(journal.lines.last == "built one")
}

@Test func gpusAreCountedAsTheDriverCountsThem() {
  #expect(Machine.gpus("0,1") == ["0", "1"])
  #expect(
    Machine.gpus("GPU-8932f937, MIG-GPU-8932f937/1/0") == ["GPU-8932f937", "MIG-GPU-8932f937/1/0"])
  #expect(Machine.gpus("-1") == [])
  #expect(Machine.gpus("0,-1,1") == ["0"])
  #expect(Machine.gpus("") == [])
}

@Test func aMissingGPUDoesNotHideAResultThatIsThere() throws {
  let bench = try Bench()
  try bench.write(
    "ferry.yaml",
    """
    ferry: 1
    stages:
      one: { command: [sh, join, "${out.o}", x], out: { o: file }, resources: { gpu: 1 } }
    """)
  bench.recorder.capacity.gpus = ["0"]
  #expect(try bench.run().summary.built == 1)
  bench.recorder.capacity.gpus = []
  #expect(try bench.run().summary.upToDate == 1)
  #expect(try bench.run(force: "one").summary.failed == 1)
  #expect(bench.lastNotes.failures.first?.contains("needs 1 GPU, this machine offers 0") == true)
}
