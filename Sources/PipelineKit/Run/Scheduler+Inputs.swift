import Artifacts
import Platform

extension Scheduler {
  /// Reads the objects a job takes in full, once a process, before a stage may read them.
  ///
  /// A damaged one is set aside and its maker has no bytes any more, so it is made again.
  func examineInputs(of job: Job) throws {
    for origin in job.inputs.flatMap(\.origins) {
      guard case .job(let producer, let port) = origin, hasBytes[producer],
        let digest = outputs[producer]?[port], stamps[digest] == nil
      else { continue }
      let fault = workspace.store.examine(digest, threads: options.processors).fault
      if let fault {
        let place = try workspace.quarantine(digest)
        evaluator.forgetPresent()
        reporter.report(
          .note(
            "'\(plan.jobs[producer].name).\(port)' is damaged (\(fault)); it is kept in "
              + "'\(place)' and made again"))
        hasBytes[producer] = false
      } else {
        stamps[digest] = try Self.stamps(workspace.store.path(digest))
      }
    }
  }

  /// What an object's files look like from outside, so that writing into one shows.
  static func stamps(_ path: String) throws -> [String: FileStamp] {
    guard let status = Files.status(path, followLinks: false) else { return [:] }
    guard status.kind == .directory else { return ["": FileStamp(status)] }
    var stamps: [String: FileStamp] = [:]
    for name in try Artifact.contents(of: path) {
      guard let status = Files.status(Files.join(path, name)) else { continue }
      stamps[name] = FileStamp(status)
    }
    return stamps
  }

  /// What was hashed before the launch must be what the stage has read, and nothing else may have
  /// been written to.
  func checkInputs(of job: Job) throws {
    for origin in job.inputs.flatMap(\.origins) {
      switch origin {
      case .source(let index):
        guard !evaluator.isUnchanged(source: index) else { continue }
        throw Fault(
          .temporary, "'\(plan.sources[index].path)' changed while '\(job.name)' ran",
          remedy: "nothing is published; run again when the source is complete")
      case .job(let producer, let port):
        guard let digest = outputs[producer]?[port], let before = stamps[digest] else { continue }
        let after = try Self.stamps(workspace.store.path(digest))
        guard before != after else { continue }
        stamps[digest] = nil
        let names = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        _ = try workspace.quarantine(digest)
        evaluator.forgetPresent()
        hasBytes[producer] = false
        throw Fault(
          .badInput,
          "'\(job.name)' wrote into its input '\(plan.jobs[producer].name).\(port)'"
            + (names.first.map { $0.isEmpty ? "" : " (\($0))" } ?? ""),
          remedy: "a stage may write only into its own outputs; the input is made again")
      }
    }
  }
}
