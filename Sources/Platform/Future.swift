/// A value that a thread of its own makes while the caller does something else.
public final class Future<Value: Sendable>: Sendable {
  private let state: FutureState<Value>

  /// Starts at once; where the system gives no thread, the value is made here and now.
  public init(_ make: @escaping @Sendable () throws -> Value) {
    let state = FutureState<Value>()
    self.state = state
    let thread = WorkerThread { state.fill(Result(catching: make)) }
    if let thread { thread.detach() } else { state.fill(Result(catching: make)) }
  }

  /// The value, when it is made. Who does not ask does not wait.
  /// - Throws: what making it threw.
  public func get() throws -> Value { try state.wait().get() }
}

/// The state shared by the thread and its caller; every access holds the monitor.
private final class FutureState<Value: Sendable>: @unchecked Sendable {
  private let monitor = Monitor()
  private var result: Result<Value, any Error>?

  func fill(_ result: Result<Value, any Error>) {
    monitor.withLock {
      self.result = result
      monitor.broadcast()
    }
  }

  func wait() -> Result<Value, any Error> {
    monitor.withLock {
      while true {
        if let result { return result }
        monitor.wait()
      }
    }
  }
}
