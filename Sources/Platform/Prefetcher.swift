/// Makes a sequence of values ahead of their use, on a thread of its own.
///
/// Values come out in order. The maker sees only an index, so what it makes cannot depend on timing.
/// Where `ahead` is 0 no thread is started: each value is made when it is asked for.
public final class Prefetcher<Value> {
  private let shared: PrefetchQueue<Value>
  private var thread: WorkerThread?

  /// Starts to make the values 0 ..< count, at most `ahead` of which wait to be taken.
  public init(count: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Value) {
    shared = PrefetchQueue(count: count, ahead: ahead, make: make)
    guard ahead > 0, count > 0 else { return }
    thread = WorkerThread { [shared] in shared.produce() }
    if thread == nil { shared.isThreaded = false }
  }

  deinit {
    shared.stop()
    thread?.join()
  }

  /// The next value, or nil after the last one.
  /// - Throws: what the maker threw for this index; nothing follows it.
  public func next() throws -> Value? { try shared.take() }
}

/// The waiting values and who waits for them; every access holds the monitor.
private final class PrefetchQueue<Value>: @unchecked Sendable {
  private let count: Int
  private let ahead: Int
  private let make: @Sendable (Int) throws -> Value
  private let monitor = Monitor()
  private var ready: [Result<Value, any Error>] = []
  private var taken = 0
  private var isStopped = false
  var isThreaded: Bool

  init(count: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Value) {
    self.count = count
    self.ahead = ahead
    self.make = make
    isThreaded = ahead > 0
  }

  func produce() {
    for index in 0..<count {
      let result = Result { try make(index) }
      let goesOn = monitor.withLock {
        while ready.count >= ahead, !isStopped { monitor.wait() }
        ready.append(result)
        monitor.broadcast()
        if case .failure = result { return false }
        return !isStopped
      }
      if !goesOn { return }
    }
  }

  func take() throws -> Value? {
    let index = taken
    guard index < count, !isStopped else { return nil }
    taken += 1
    if !isThreaded {
      do { return try make(index) } catch {
        stop()
        throw error
      }
    }
    let result = monitor.withLock {
      while ready.isEmpty { monitor.wait() }
      defer { monitor.broadcast() }
      return ready.removeFirst()
    }
    if case .failure = result { stop() }
    return try result.get()
  }

  func stop() {
    monitor.withLock {
      isStopped = true
      monitor.broadcast()
    }
  }
}
