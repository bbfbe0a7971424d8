import Artifacts

/// A program to start.
package struct Launch {
  /// The job's index in the plan.
  package var job: Int
  /// The instance's name, such as `train[seed=1]`.
  package var name: String
  /// The attempt's own folder, in which it may leave files; it outlives the driver.
  package var folder: String
  /// The resources granted to the job: a cluster's request.
  package var grant: ResourcePool.Grant
  /// The most seconds it may run, which an executor may pass on; the scheduler keeps it too.
  package var timeout: Double?
  /// The program and its arguments; the first is a path.
  package var arguments: [String]
  package var environment: [String: String]
  /// The directory it runs in.
  package var directory: String
  /// Takes standard error, and standard output too unless events are expected there.
  package var log: String
  /// Whether standard output carries one JSON event a line.
  package var givesEvents: Bool
  /// The only places below which it may write; nil: anywhere.
  package var writable: [String]?
}

/// How a program ended.
package struct Ending: Sendable, Equatable {
  package enum Cause: Sendable, Equatable {
    case exit(Int)
    case signal(Int)
  }
  package var cause: Cause
  package var processorSeconds = 0.0
  package var peakBytes = 0

  package init(cause: Cause) { self.cause = cause }

  package var isSuccess: Bool { cause == .exit(0) }

  package var description: String {
    switch cause {
    case .exit(let status): "exit status \(status)"
    case .signal(let number): "signal \(number)"
    }
  }
}

/// The capacity of an executor.
package struct ExecutorCapacity: Sendable {
  /// Launches it holds at once, queued or running.
  package var launches: Int
  /// Processors; nil: those of the run's options.
  package var processors: Int?
  /// Bytes of memory; nil: those of the run's options.
  package var memory: Int?
  /// GPUs by number or name; nil: those of the run's options.
  package var gpus: [String]?

  package init(
    launches: Int, processors: Int? = nil, memory: Int? = nil, gpus: [String]? = nil
  ) {
    self.launches = launches
    self.processors = processors
    self.memory = memory
    self.gpus = gpus
  }
}

/// An event reported by an executor.
package enum ExecutorEvent {
  /// The launch waits, for the reason given; its timeout does not count.
  case queued(job: Int, reason: String)
  /// The launch began to run: its time counts from here on.
  case running(job: Int)
  /// A line of JSON from a stage.
  case reported(job: Int, JSONValue)
  case ended(job: Int, Ending)
  /// The user asked to stop, with the signal's number.
  case interrupted(Int)
  /// All launches stood still for so many seconds, which count against no timeout.
  case suspended(seconds: Double)
}

/// Starts programs and tells what becomes of them: on this machine, on a cluster, or in a test.
///
/// A launch that `start` took ends with exactly one `ended`. One for which no `queued` comes runs at
/// once. What publication does afterwards is the scheduler's.
package protocol Executor: AnyObject {
  var capacity: ExecutorCapacity { get }
  /// Takes a launch.
  /// - Throws: `Fault` where it cannot: the job has failed, others go on.
  func start(_ launch: Launch) throws
  /// Waits for something to tell, at most `seconds`.
  /// - Throws: `Fault` where nothing can be learnt any more, which ends the run.
  func wait(seconds: Double) throws -> [ExecutorEvent]
  /// Asks a running job to stop; `hard` leaves it no choice.
  func stop(job: Int, hard: Bool)
}
