import Artifacts
import CProcess
import Platform

/// A manifest and its workspace: the face of this room.
public final class Pipeline {
  public let plan: Plan
  public let workspace: Workspace

  /// Reads, checks and expands the manifest at `path`.
  ///
  /// - Parameters:
  ///   - workspace: its folder; `.ferry` beside the manifest where nil.
  ///   - overrides: `NAME=VALUE` and `STAGE.PARAMETER=VALUE`.
  ///   - create: whether to make the workspace's folder.
  /// - Throws: `Faults`, all that is wrong with the manifest; `Fault` for the workspace.
  public init(
    _ path: String, workspace: String? = nil, overrides: [String] = [], create: Bool = true
  ) throws {
    let folder = workspace ?? Self.workspace(of: path)
    guard Files.status(path)?.kind == .file else {
      throw Fault(
        .badInput, "there is no manifest at '\(path)'",
        remedy: "name one, or write one with 'ferry init'")
    }
    self.workspace = try Workspace(folder, create: create)
    plan = try Planner.plan(
      path, overrides: overrides, catalogue: StageCatalogue(self.workspace.state))
  }

  /// The workspace that belongs to a manifest.
  public static func workspace(of manifest: String) -> String {
    Files.join(Files.parent(of: manifest), ".ferry")
  }

  /// The number of stages a run would look at, where it is plain that none of them has to run.
  ///
  /// The answer takes one pass over one file and a look at each file's stamp; nil means that the
  /// manifest has to be planned.
  public static func stagesUpToDate(
    _ path: String, workspace: String?, overrides: [String], targets: [String]
  ) -> Int? {
    let folder = lexical(absolute(workspace ?? Self.workspace(of: path)))
    return Snapshot.jobsUpToDate(
      folder, Snapshot.identity(manifest: path, overrides: overrides, targets: targets))
  }

  /// Runs what has to run.
  public func run(_ options: RunOptions, reporter: any Reporter) throws -> RunSummary {
    try run(
      options, executor: ProcessExecutor(interrupts: ferry_interrupts()), reporter: reporter)
  }

  /// Runs what has to run, on `executor`.
  package func run(
    _ options: RunOptions, executor: any Executor, reporter: any Reporter
  ) throws -> RunSummary {
    let scheduler = Scheduler(
      plan: plan, workspace: workspace, executor: executor, options: options, reporter: reporter)
    let identity = identity(targets: options.targets)
    scheduler.evaluator.links = KnownLinks(workspace.path, identity)
    let summary = try scheduler.bringUpToDate()
    if summary.failed + summary.blocked == 0, !summary.isInterrupted {
      scheduler.writeSnapshot(identity)
    }
    return summary
  }

  /// The key that identifies a run of this plan.
  func identity(targets: [String]) -> Digest {
    Snapshot.identity(
      manifest: plan.files[0].path, overrides: plan.overrides, targets: targets)
  }
}
