import Artifacts
import Platform

/// An event of a run, for its observers.
public enum RunEvent: Sendable {
  /// The result was there: untouched, or its link had to be put back.
  case upToDate(Job, restored: Bool)
  case started(Job, reason: Reason, threads: Int)
  /// The executor has the job, which waits there for the reason given.
  case queued(Job, reason: String)
  /// A job that was queued runs.
  case running(Job)
  /// How far a running job is.
  case progress(Job, StageProgress)
  /// A note or warning from a stage.
  case message(Job, kind: String, text: String)
  case built(Job, seconds: Double)
  case failed(Job, Failure)
  /// Not run because something it needs failed.
  case blocked(Job, by: String)
  /// Another run makes this result; it is waited for.
  case waiting(Job)
  case note(String)
}

/// How far a stage is, as it says itself.
public struct StageProgress: Sendable, Equatable {
  public var done: Int
  public var total: Int?
  public var unit: String
  public var message: String
  /// Units a second.
  public var rate: Double?
  /// Seconds left.
  public var remaining: Double?

  init?(_ event: JSONValue) {
    guard event["event"]?.string == "progress", let done = event["done"]?.integer else {
      return nil
    }
    self.done = done
    total = event["total"]?.integer
    unit = event["unit"]?.string ?? ""
    message = event["message"]?.string ?? ""
    rate = event["rate"]?.number
    remaining = event["eta"]?.number
  }
}

/// Why an attempt failed and where to read more.
public struct Failure: Sendable {
  public var text: String
  /// The attempt's folder, which is kept.
  public var folder: String
  /// The last lines of its log.
  public var tail: [String]
  public var willRetry: Bool
}

/// Whoever watches a run.
public protocol Reporter: AnyObject {
  func report(_ event: RunEvent)
  /// Called a few times a second while jobs run.
  func tick()
}

/// How to run.
public struct RunOptions: Sendable {
  /// Processors to use.
  public var processors: Int
  /// Bytes of memory to use.
  public var memory: Int
  /// The GPUs to use, as CUDA_VISIBLE_DEVICES names them: by number, UUID or MIG instance.
  public var gpus: [String]
  /// Go on with what does not depend on a failed job.
  public var keepGoing = false
  /// Jobs to run even where their result is known.
  public var forced: Set<Int> = []
  /// The jobs to bring up to date.
  public var wanted: [Bool]
  /// The targets requested by name, if not everything was requested.
  public var targets: [String] = []
  /// The command line, for the history.
  public var arguments: [String] = []

  public init(plan: Plan, processors: Int? = nil) {
    self.processors = processors ?? Parallel.processors
    memory = Machine.memory
    gpus = Machine.gpus
    wanted = Array(repeating: true, count: plan.jobs.count)
  }
}

/// The outcome of a run.
public struct RunSummary: Sendable, Equatable {
  public var upToDate = 0
  public var restored = 0
  public var built = 0
  public var failed = 0
  public var blocked = 0
  public var isInterrupted = false
  public var seconds = 0.0

  public init(upToDate: Int = 0) { self.upToDate = upToDate }

  /// Nothing was changed.
  public var isNoOp: Bool { restored + built + failed + blocked == 0 && !isInterrupted }
}
