import Artifacts

/// A program to start.
package struct Launch {
  /// The job's index in the plan.
  package var job: Int
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

/// What an executor has to tell.
package enum ExecutorEvent {
  /// A line of JSON from a stage.
  case told(job: Int, JSONValue)
  case ended(job: Int, Ending)
  /// The user asked to stop, with the signal's number.
  case interrupted(Int)
}

/// Starts programs and tells what becomes of them; tests put a recorder in its place.
package protocol Executor: AnyObject {
  func start(_ launch: Launch) throws
  /// Waits for something to tell, at most `seconds`.
  func wait(seconds: Double) throws -> [ExecutorEvent]
  /// Asks a running job to stop; `hard` leaves it no choice.
  func stop(job: Int, hard: Bool)
}
