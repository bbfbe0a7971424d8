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
  func checkInputs(of job: Job, _ attempt: Attempt) throws {
    if let program = attempt.program, program != ProgramFile(program.path) {
      throw changed(program.path, job)
    }
    for origin in job.inputs.flatMap(\.origins) {
      switch origin {
      case .source(let index):
        guard !evaluator.isUnchanged(source: index) else { continue }
        throw Fault(
          .temporary, "'\(plan.sources[index].path)' changed while '\(job.name)' ran",
          remedy: "nothing is published; run again when the source is complete",
          reason: .sourceChanged)
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

  /// The file of the program whose contract or digest stands in a job's key; nil for a command
  /// that is not pinned.
  /// - Throws: `Fault` where it is no longer the one that the plan was made with.
  func programFile(of job: Job) throws -> ProgramFile? {
    switch job.program {
    case .stage(let program):
      guard let file = ProgramFile(program.path), file.stamp == FileStamp(program.status) else {
        throw changed(program.path, job)
      }
      guard try isPinned(file, job) else { throw changed(program.path, job) }
      return file
    case .command(let words):
      guard job.binary != nil, case .text(let word)? = words.first?.parts.first,
        let path = findProgram(
          word, root: job.directory.map { Files.join(plan.root, $0) } ?? plan.root)
      else { return nil }
      guard let file = ProgramFile(path), try isPinned(file, job) else { throw changed(path, job) }
      return file
    }
  }

  private func isPinned(_ file: ProgramFile, _ job: Job) throws -> Bool {
    guard let binary = job.binary else { return true }
    return try evaluator.trees.digest(Files.resolve(file.path)) == binary
  }

  private func changed(_ program: String, _ job: Job) -> Fault {
    Fault(
      .temporary, "the program '\(program)' of '\(job.name)' changed during the run", at: job.place,
      remedy: "nothing is published; run again when the program is complete",
      reason: .programChanged)
  }
}

/// A program's file: where it is and what tells one state of it from another.
struct ProgramFile: Equatable {
  let path: String
  let stamp: FileStamp

  /// Looks at the file as it is now; nil where there is none.
  init?(_ path: String) {
    guard let status = Files.status(path) else { return nil }
    self.path = path
    stamp = FileStamp(status)
  }
}

extension Fault.Reason {
  /// A source was written to while a stage ran that takes it.
  static let sourceChanged = Self("source-changed")
  /// A program was replaced while it ran.
  static let programChanged = Self("program-changed")
}
