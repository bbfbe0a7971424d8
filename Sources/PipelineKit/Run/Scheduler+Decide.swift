import Artifacts
import Platform

extension Scheduler {
  /// Decides on a job whose producers are settled.
  func decide(_ index: Int) throws {
    let job = plan.jobs[index]
    let inputs = try evaluator.inputs(of: job) { outputs[$0] }
    let verdict = try evaluator.verdict(of: job, inputs: inputs)
    if job.always || options.forced.contains(index), tries[index] == nil {
      try enqueue(index, verdict, job.always ? .always : .forced)
      return
    }
    try settle(index, verdict, orRunBecause: nil)
  }

  /// Settles a job from what is known, or lines it up to run.
  private func settle(
    _ index: Int, _ verdict: Evaluator.Verdict, orRunBecause reason: Reason?
  ) throws {
    let job = plan.jobs[index]
    switch verdict.standing {
    case .present(let found):
      try settle(index, verdict, found)
    case .absent(let found, _) where job.intermediate && demanded[index] == nil:
      hasBytes[index] = false
      summary.upToDate += 1
      reporter.report(.upToDate(job, restored: false))
      settled(index, found)
    case .absent, .unknown:
      if let found = try fetch(index, verdict) { return try settle(index, verdict, found) }
      let why = demanded[index].map { Reason.neededBy($0) }
      try enqueue(index, verdict, reason ?? why ?? evaluator.reason(for: job, verdict))
    }
  }

  /// A result from the folder that is shared with other workspaces.
  private func fetch(_ index: Int, _ verdict: Evaluator.Verdict) throws -> Outputs? {
    guard let folder = plan.cache, !plan.jobs[index].always, !options.forced.contains(index) else {
      return nil
    }
    let cache = SharedCache(folder)
    guard cache.outputs(verdict.key) != nil else { return nil }
    let run = try runNumber()
    do {
      let found = try workspace.adopt(
        verdict.key, from: cache, run: run, isIntermediate: plan.jobs[index].intermediate,
        threads: options.processors)
      guard let found, plan.jobs[index].outputs.allSatisfy({ found[$0.port] != nil }) else {
        return nil
      }
      return found
    } catch {
      reporter.report(.note("the shared cache cannot be read: \(error)"))
      return nil
    }
  }

  /// Settles a job whose outputs are in the store, putting its links back where they differ.
  private func settle(_ index: Int, _ verdict: Evaluator.Verdict, _ found: Outputs) throws {
    let job = plan.jobs[index]
    hasBytes[index] = true
    let isLinked = evaluator.isLinked(job, found)
    let isRecorded = evaluator.instances[job.name]?.key == verdict.key
    if !isLinked || !isRecorded {
      evaluator.knownItems[index] = nil
      for output in job.outputs {
        if let digest = found[output.port] { try workspace.link(job.link(output.port), to: digest) }
      }
      restored.append((index, verdict))
    }
    if isLinked { summary.upToDate += 1 } else { summary.restored += 1 }
    reporter.report(.upToDate(job, restored: !isLinked))
    settled(index, found)
  }

  /// Notes a job's outputs and readies the jobs that waited for it last.
  func settled(_ index: Int, _ found: Outputs) {
    if let before = outputs[index], before != found, demanded[index] != nil {
      needsAnotherPass = true
    }
    outputs[index] = found
    phases[index] = .settled
    for follower in followers[index] where options.wanted[follower] {
      guard case .waiting = phases[follower] else { continue }
      missing[follower] -= 1
      if missing[follower] == 0 { ready.append(follower) }
    }
  }

  /// Lines a job up to run, after the producers whose bytes are missing.
  func enqueue(_ index: Int, _ verdict: Evaluator.Verdict, _ reason: Reason) throws {
    try examineInputs(of: plan.jobs[index])
    let absent = plan.jobs[index].producers.filter { !hasBytes[$0] }
    guard absent.isEmpty else {
      phases[index] = .waiting
      missing[index] = 0
      for producer in absent {
        if case .settled = phases[producer] {
          demand(producer, for: index)
        } else {
          missing[index] += 1
        }
      }
      return
    }
    if let obstacle = pool.obstacle(plan.jobs[index].resources) {
      return refuse(index, obstacle)
    }
    phases[index] = .queued
    let priority = priorities[index]
    let place = queue.firstIndex { priorities[$0.job] < priority } ?? queue.count
    queue.insert((index, verdict, reason), at: place)
  }

  /// Fails a job that no machine of this run could carry out.
  private func refuse(_ index: Int, _ obstacle: String) {
    let job = plan.jobs[index]
    let fault = Fault(.unavailable, "'\(job.name)' cannot run: \(obstacle)", at: job.place)
    reporter.report(
      .failed(job, Failure(text: fault.description, folder: "", tail: [], willRetry: false)))
    summary.failed += 1
    fail(index)
  }

  /// Takes a settled intermediate job up again, because `follower` needs its bytes.
  private func demand(_ producer: Int, for follower: Int) {
    demanded[producer] = plan.jobs[follower].name
    phases[producer] = .waiting
    missing[producer] = 0
    summary.upToDate -= 1
    ready.append(producer)
    for other in followers[producer] {
      if case .waiting = phases[other] { missing[other] += 1 }
    }
  }

  /// Takes up jobs whose action another run or job held.
  func retryContended() throws {
    guard !contended.isEmpty else { return }
    let waiting = contended
    contended = []
    for (index, verdict, reason) in waiting {
      guard !stopsLaunching else {
        phases[index] = .out
        continue
      }
      if evaluator.fresh[verdict.key] == nil {
        guard !heldKeys.contains(verdict.key), try workspace.lock(verdict.key) else {
          contended.append((index, verdict, reason))
          continue
        }
        workspace.unlock(verdict.key)
      }
      var again = verdict
      again.standing = try evaluator.standing(of: verdict.key, plan.jobs[index])
      try settle(index, again, orRunBecause: reason)
    }
  }

  /// Gives up a job and all that needs it.
  func fail(_ index: Int) {
    phases[index] = .failed
    if !options.keepGoing { stopsLaunching = true }
    var open = followers[index]
    let name = plan.jobs[index].name
    while let next = open.popLast() {
      guard options.wanted[next], case .waiting = phases[next] else { continue }
      phases[next] = .out
      summary.blocked += 1
      reporter.report(.blocked(plan.jobs[next], by: name))
      open += followers[next]
    }
  }

  /// The number under which this run stands in the history; begun when there is something to tell.
  func runNumber() throws -> Int {
    if let run { return run }
    let record: JSONValue = [
      "manifest": .string(evaluator.manifest), "name": .string(plan.name),
      "set": JSONValue(plan.overrides), "variables": .object(plan.variables),
      "arguments": JSONValue(options.arguments), "host": .string(Machine.hostName),
      "processors": .integer(options.processors),
      "files": .object(
        Dictionary(
          plan.files.map { ($0.path, .string($0.digest.hex)) }, uniquingKeysWith: { $1 })),
    ]
    let number = try workspace.state.beginRun(record)
    run = number
    return number
  }

  func finishRun(_ outcome: String) throws {
    if let run { try workspace.state.finishRun(run, outcome: outcome) }
  }

  func releaseLocks() {
    for key in heldKeys { workspace.unlock(key) }
    heldKeys = []
    workspace.unlockStore()
  }
}
