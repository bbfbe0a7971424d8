import Artifacts
import Platform

/// Decides from records what a job's state is; runs nothing and changes nothing.
final class Evaluator {
  /// The facts about a job that follow from the digests of its inputs.
  struct Verdict {
    enum Standing {
      /// All outputs' bytes are in the store.
      case present(Outputs)
      /// The outputs are known, but not all of their bytes are here.
      case absent(Outputs, ports: [String])
      case unknown
    }
    var key: ActionKey
    /// The inputs' digests, in the order of the job's ports.
    var inputs: [[Digest]]
    var standing: Standing
  }

  let plan: Plan
  let workspace: Workspace
  let trees: Trees
  /// The name under which this manifest's instances are remembered.
  let manifest: String
  private var sources: [Int: Trees.Content] = [:]
  /// Folders that stand for the sources that are patterns.
  private var views: [Int: String] = [:]
  private(set) lazy var instances =
    (try? workspace.state.instances(of: manifest, count: plan.jobs.count)) ?? [:]
  /// Actions of this run that are not committed yet.
  var fresh: [ActionKey: Outputs] = [:]
  /// Actions whose outputs were found in the store; many instances may share one.
  private var present: [ActionKey: Outputs] = [:]
  /// The links left by an earlier run.
  var links: KnownLinks?
  /// The range of a job's links in `links`, by the job's index.
  var knownItems: [Int: Range<Int>] = [:]

  init(plan: Plan, workspace: Workspace, threads: Int) {
    self.plan = plan
    self.workspace = workspace
    trees = Trees(workspace.state, threads: threads)
    manifest = lexical(absolute(plan.files.first?.path ?? ""))
  }

  /// The digest of a source as it is now; looked at once.
  func source(_ index: Int) throws -> Digest {
    if let known = sources[index] { return known.digest }
    let source = plan.sources[index]
    do {
      let content = try trees.content(try path(source: index))
      sources[index] = content
      return content.digest
    } catch let fault as Fault {
      throw fault.located(at: source.place)
    }
  }

  /// The sources that were looked at.
  var knownSources: [(index: Int, digest: Digest)] {
    sources.sorted { $0.key < $1.key }.map { ($0.key, $0.value.digest) }
  }

  /// Looks at a source again; false where it was written to or swapped since, even where it holds
  /// the same bytes again: what ran meanwhile may have read others.
  func isUnchanged(source index: Int) -> Bool {
    guard let known = sources[index] else { return true }
    return (try? trees.content(try path(source: index))) == known
  }

  /// The path at which a source's content is read: for a pattern a folder of links to what it finds.
  func path(source index: Int) throws -> String {
    guard let pattern = plan.sources[index].pattern else {
      return absolute(plan.sources[index].path)
    }
    if let known = views[index] { return known }
    let path = try workspace.view(of: pattern)
    views[index] = path
    return path
  }

  /// A job's inputs as digests in the order of its ports, `outputs` being those of its producers.
  func inputs(of job: Job, outputs: (Int) -> Outputs?) throws -> [[Digest]] {
    try job.inputs.map { input in
      try input.origins.map { origin in
        switch origin {
        case .source(let index): return try source(index)
        case .job(let index, let port):
          guard let digest = outputs(index)?[port] else {
            throw Fault(.internal, "'\(plan.jobs[index].name)' has no output '\(port)'")
          }
          return digest
        }
      }
    }
  }

  /// The record of a job with these inputs.
  func verdict(of job: Job, inputs: [[Digest]]) throws -> Verdict {
    let key = ActionKey(job, inputs: inputs)
    return Verdict(key: key, inputs: inputs, standing: try standing(of: key, job))
  }

  /// The record of an action.
  func standing(of key: ActionKey, _ job: Job) throws -> Verdict.Standing {
    if let outputs = present[key] { return .present(outputs) }
    let remembered = try fresh[key] ?? workspace.state.outputs(of: key)
    guard let outputs = remembered, job.outputs.allSatisfy({ outputs[$0.port] != nil }) else {
      return .unknown
    }
    var absent: [String] = []
    for (port, digest) in outputs where !workspace.store.contains(digest) { absent.append(port) }
    guard absent.isEmpty else { return .absent(outputs, ports: absent.sorted()) }
    present[key] = outputs
    return .present(outputs)
  }

  /// Looks for outputs in the store again: an object was taken away.
  func forgetPresent() { present = [:] }

  /// Why a job with this verdict has to run.
  func reason(for job: Job, _ verdict: Verdict) -> Reason {
    if case .absent(_, let ports) = verdict.standing { return .outputsMissing(ports) }
    guard let last = instances[job.name] else { return .isNew }
    guard last.key != verdict.key else { return .notRemembered }
    guard let old = try? workspace.state.components(of: last.key) else { return .notRemembered }
    return .changed(Change.between(old, job.components(inputs: verdict.inputs)))
  }

  /// Whether every output's link points at its object.
  func isLinked(_ job: Job, _ outputs: Outputs) -> Bool {
    if let item = links?.item(of: job, outputs) {
      knownItems[job.index] = item
      return true
    }
    return job.outputs.allSatisfy { output in
      outputs[output.port].map { workspace.isLink(job.link(output.port), to: $0) } ?? false
    }
  }
}
