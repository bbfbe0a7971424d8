import Artifacts
import Platform

/// What a run would do with a job, decided from records alone.
public struct JobStatus: Sendable {
  public enum Standing: Sendable {
    case upToDate
    /// The result is known; only its link has to be put back.
    case restorable
    case wouldRun(Reason)
    /// It depends on jobs that would run; where these come out as before it will not.
    case waits(on: [String])
  }

  public var job: Job
  public var standing: Standing
  /// Digests of the outputs, where they are known.
  public var outputs: [String: Digest]
  /// Names of what its inputs come from, by port.
  public var origins: [String: [String]]

  public var json: JSONValue {
    var json: JSONValue = [
      "name": .string(job.name), "stage": .string(job.stage), "state": .string(state),
      "axes": .object(
        Dictionary(job.axes.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })),
      "outputs": .object(outputs.mapValues { .string($0.hex) }),
      "inputs": .object(origins.mapValues { JSONValue($0) }),
    ]
    switch standing {
    case .wouldRun(let reason): json["reason"] = reason.json
    case .waits(let names): json["waits_on"] = JSONValue(names)
    default: break
    }
    return json
  }

  /// `up-to-date`, `restorable`, `to-run` or `waiting`.
  public var state: String {
    switch standing {
    case .upToDate: "up-to-date"
    case .restorable: "restorable"
    case .wouldRun: "to-run"
    case .waits: "waiting"
    }
  }

  /// Why, in a few words.
  public var text: String {
    switch standing {
    case .upToDate: "up to date"
    case .restorable: "known; will be restored without running"
    case .wouldRun(let reason): reason.text
    case .waits(let names): "after \(names.joined(separator: ", ")); runs only if these change"
    }
  }
}

extension Pipeline {
  /// What a run would do with each wanted job, without running or changing anything.
  public func status(wanted: [Bool]? = nil, forced: Set<Int> = []) throws -> [JobStatus] {
    let evaluator = Evaluator(plan: plan, workspace: workspace, threads: Parallel.processors)
    evaluator.links = KnownLinks(workspace.path, identity(targets: []))
    var outputs: [Outputs?] = Array(repeating: nil, count: plan.jobs.count)
    var result: [JobStatus] = []
    for job in plan.jobs where wanted?[job.index] ?? true {
      let open = job.producers.filter { outputs[$0] == nil }
      var status = JobStatus(
        job: job, standing: .waits(on: open.map { plan.jobs[$0].name }), outputs: [:],
        origins: origins(of: job))
      if open.isEmpty {
        let inputs = try evaluator.inputs(of: job) { outputs[$0] }
        let verdict = try evaluator.verdict(of: job, inputs: inputs)
        (status.standing, outputs[job.index]) = standing(
          of: job, verdict, evaluator,
          reason: forced.contains(job.index) ? .forced : job.always ? .always : nil)
        status.outputs = outputs[job.index] ?? [:]
      }
      result.append(status)
    }
    return result
  }

  private func standing(
    of job: Job, _ verdict: Evaluator.Verdict, _ evaluator: Evaluator, reason: Reason?
  ) -> (JobStatus.Standing, Outputs?) {
    if let reason { return (.wouldRun(reason), nil) }
    switch verdict.standing {
    case .present(let found):
      return (evaluator.isLinked(job, found) ? .upToDate : .restorable, found)
    case .absent(let found, _) where job.intermediate: return (.upToDate, found)
    case .absent, .unknown: return (.wouldRun(evaluator.reason(for: job, verdict)), nil)
    }
  }

  /// Names of what a job's inputs come from, by port.
  public func origins(of job: Job) -> [String: [String]] {
    Dictionary(
      job.inputs.map { input in (input.port, input.origins.map { name(of: $0) }) },
      uniquingKeysWith: { $1 })
  }

  private func name(of origin: Job.Origin) -> String {
    switch origin {
    case .source(let index): "sources.\(plan.sources[index].name)"
    case .job(let index, let port): "\(plan.jobs[index].name).\(port)"
    }
  }
}
