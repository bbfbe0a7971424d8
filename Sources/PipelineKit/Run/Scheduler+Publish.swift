import Artifacts
import Glibc
import Platform

extension Scheduler {
  /// Takes note of a job's end: publishes its outputs, or keeps what it left.
  func finish(_ index: Int, _ ending: Ending) throws {
    guard let attempt = attempts.removeValue(forKey: index) else { return }
    pool.give(back: attempt.grant)
    let job = plan.jobs[index]
    do {
      guard ending.isSuccess else { throw failure(attempt, ending) }
      try checkInputs(of: job, attempt)
      FaultPoint.reach(.beforeObjects)
      try publish(job, attempt, ending)
    } catch let fault as Fault {
      try giveUp(job, attempt, ending, fault)
    }
  }

  private func failure(_ attempt: Attempt, _ ending: Ending) -> Fault {
    if attempt.isTimedOut { return Fault(.temporary, "it took longer than its timeout") }
    let text = attempt.lastFault ?? "it ended with \(ending.description)"
    let words = Self.tail("\(attempt.folder)/log") + [text]
    let isDenied = words.contains { $0.contains("Permission denied") }
    return Fault(
      .badInput, text,
      remedy: isDenied && Confinement.version > 1
        ? "a stage may write only into its outputs; name other places under 'writes:'" : nil)
  }

  /// Moves the outputs into the store; the result counts once it is committed.
  private func publish(_ job: Job, _ attempt: Attempt, _ ending: Ending) throws {
    var objects: [Store.Object] = []
    var found: Outputs = [:]
    try checkNames(job, attempt)
    for output in job.outputs {
      let object = try workspace.store.adopt("\(attempt.folder)/out/\(output.name)", as: output)
      objects.append(object)
      if object.isNew {
        stamps[object.digest] = try Self.stamps(workspace.store.path(object.digest))
      }
      found[output.port] = object.digest
    }
    FaultPoint.reach(.afterObjects)
    let seconds = Clock.steady - attempt.start
    pending.append(
      Pending(
        job: job.index, verdict: attempt.verdict, objects: objects, outputs: found,
        record: record(job, attempt, ending, "built"), folder: attempt.folder))
    evaluator.fresh[attempt.verdict.key] = found
    hasBytes[job.index] = true
    summary.built += 1
    reporter.report(.built(job, seconds: seconds))
    settled(job.index, found)
  }

  /// Nothing but the declared outputs may lie beside them.
  private func checkNames(_ job: Job, _ attempt: Attempt) throws {
    let declared = Set(job.outputs.map(\.name))
    guard
      let other = try Files.list("\(attempt.folder)/out").first(where: { !declared.contains($0) })
    else { return }
    throw Fault(
      .badInput, "'\(job.name)' made '\(other)', which is none of its outputs",
      remedy: "declare it under 'out:', or write it to a temporary place")
  }

  private func record(
    _ job: Job, _ attempt: Attempt, _ ending: Ending, _ outcome: String
  ) -> AttemptRecord {
    var record: JSONValue = [
      "reason": attempt.reason.json, "threads": .integer(attempt.grant.threads),
      "processor_seconds": .number(ending.processorSeconds),
      "peak_bytes": .integer(ending.peakBytes), "ending": .string(ending.description),
    ]
    record["progress"] = attempt.rate
    if attempt.queuedSeconds > 0 { record["queued_seconds"] = .number(attempt.queuedSeconds) }
    record["origins"] = origins(of: job)
    return AttemptRecord(
      name: job.name, key: attempt.verdict.key, outcome: outcome, started: attempt.wallStart,
      seconds: Clock.steady - attempt.start, record: record)
  }

  /// The origins of a job's inputs, by port: a source's path, or a job's output and its digest.
  private func origins(of job: Job) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for input in job.inputs {
      members[input.port] = .array(
        input.origins.map { origin in
          switch origin {
          case .source(let index):
            return [
              "name": .string("sources.\(plan.sources[index].name)"),
              "path": .string(absolute(plan.sources[index].path)),
            ]
          case .job(let index, let port):
            return [
              "name": .string("\(plan.jobs[index].name).\(port)"),
              "digest": .string(outputs[index]?[port]?.hex ?? ""),
            ]
          }
        })
    }
    return .object(members)
  }

  /// Keeps a failed attempt's folder, and runs the job again where it may.
  func giveUp(_ job: Job, _ attempt: Attempt, _ ending: Ending, _ fault: Fault) throws {
    let isStopped = interruptedAt != nil
    let outcome = isStopped ? "interrupted" : attempt.isTimedOut ? "timed out" : "failed"
    let run = try runNumber()
    try workspace.state.remember(record(job, attempt, ending, outcome), run: run)
    let tail = Self.tail("\(attempt.folder)/log")
    let folder = try workspace.keepFailed(attempt.folder)
    release(attempt.verdict.key)
    if isStopped {
      phases[job.index] = .out
      return
    }
    let willRetry = tries[job.index, default: 1] <= job.retries && !stopsLaunching
    reporter.report(
      .failed(
        job, Failure(text: fault.description, folder: folder, tail: tail, willRetry: willRetry)))
    if willRetry {
      try enqueue(job.index, attempt.verdict, attempt.reason)
    } else {
      summary.failed += 1
      fail(job.index)
    }
  }

  /// The last lines of a log.
  private static func tail(_ path: String) -> [String] {
    guard let map = try? MappedFile(path) else { return [] }
    let text = map.withBytes { String(decoding: $0.suffix(4_000), as: UTF8.self) }
    return text.split(separator: "\n").suffix(12).map(String.init)
  }

  /// Whether to commit now: never risk more than a moment of work, never wait for each small job.
  var shouldCommit: Bool {
    guard !pending.isEmpty else { return false }
    // Whoever waits for one of our locks may hold one that we wait for.
    if attempts.isEmpty || !contended.isEmpty || pending.count >= 256 { return true }
    return pending.reduce(0) { $0 + $1.record.seconds } > 0.25
  }

  /// Makes finished results count: objects reach the disk, then the actions that name them are
  /// committed in one transaction, then links are swapped.
  func commit() throws {
    guard !pending.isEmpty || !restored.isEmpty else { return }
    let batch = try withoutLost(pending)
    let again = restored
    pending = []
    restored = []
    if !batch.isEmpty { try workspace.store.flush(batch.flatMap { $0.objects.map(\.digest) }) }
    FaultPoint.reach(.beforeCommit)
    let state = workspace.state
    try state.database.transaction {
      let run = try runNumber()
      for (index, verdict) in again { try remember(restored: plan.jobs[index], verdict, run) }
      for item in batch {
        for object in item.objects { try state.remember(object) }
        try state.remember(
          item.outputs, of: item.verdict.key, components: components(of: item),
          isIntermediate: plan.jobs[item.job].intermediate, run: run)
        try state.remember(item.record, run: run)
        let record = InstanceRecord(key: item.verdict.key, run: run, seconds: item.record.seconds)
        try state.remember(record, of: item.record.name, manifest: evaluator.manifest)
        FaultPoint.reach(.insideCommit)
      }
    }
    FaultPoint.reach(.afterCommit)
    for item in batch { try tidy(item) }
  }

  private func components(of item: Pending) -> JSONValue {
    plan.jobs[item.job].components(inputs: item.verdict.inputs)
  }

  /// The finished jobs whose objects are still there: one that another stage wrote into was set
  /// aside, and is no result.
  private func withoutLost(_ items: [Pending]) throws -> [Pending] {
    try items.filter { item in
      if item.objects.allSatisfy({ workspace.store.contains($0.digest) }) { return true }
      evaluator.fresh[item.verdict.key] = nil
      evaluator.forgetPresent()
      release(item.verdict.key)
      try Files.removeTree(item.folder)
      return false
    }
  }

  /// Remembers that an instance now stands for another action.
  private func remember(restored job: Job, _ verdict: Evaluator.Verdict, _ run: Int) throws {
    let record = InstanceRecord(
      key: verdict.key, run: run, seconds: evaluator.instances[job.name]?.seconds)
    try workspace.state.remember(job.components(inputs: verdict.inputs), of: verdict.key)
    try workspace.state.touch(verdict.key, run: run)
    try workspace.state.remember(record, of: job.name, manifest: evaluator.manifest)
  }

  /// Swaps a committed job's links and removes what its attempt leaves.
  private func tidy(_ item: Pending) throws {
    let job = plan.jobs[item.job]
    evaluator.knownItems[item.job] = nil
    for output in job.outputs {
      if let digest = item.outputs[output.port] {
        try workspace.link(job.link(output.port), to: digest)
        FaultPoint.reach(.betweenLinks)
      }
    }
    share(item)
    release(item.verdict.key)
    try workspace.keepLog(item.folder, of: job)
    try? Files.removeTree(workspace.stateFolder(item.verdict.key))
    FaultPoint.reach(.beforeTidy)
    try Workspace.removeTree(item.folder)
  }
}

extension Scheduler {
  /// Puts a committed result into the shared folder; a folder that cannot be written to costs only
  /// the sharing.
  private func share(_ item: Pending) {
    guard let folder = plan.cache else { return }
    let ports = plan.jobs[item.job].outputs.map(\.port)
    do {
      try SharedCache(folder).put(
        item.verdict.key, components: components(of: item),
        outputs: Array(zip(ports, item.objects)).map { (port: $0, object: $1) },
        from: workspace.store, threads: options.processors)
    } catch {
      reporter.report(.note("the shared cache cannot be written: \(error)"))
    }
  }
}
