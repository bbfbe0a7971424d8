import Glibc

/// Coarse data parallelism on plain threads, for work measured in milliseconds.
///
/// The body sees only an index, so what it computes cannot depend on the number of threads.
public enum Parallel {
  /// The number of processors that are online.
  public static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Calls `body` once for each index of 0 ..< count on up to `threads` threads.
  ///
  /// Indexes are handed out in order. The first error by index is thrown after all threads stop.
  public static func forEach(
    _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) throws -> Void
  ) throws {
    guard count > 0 else { return }
    let workers = min(max(1, threads), count)
    if workers == 1 {
      for index in 0..<count { try body(index) }
      return
    }
    let shared = SharedWork(count: count, body: body)
    var handles: [pthread_t] = []
    for _ in 1..<workers {
      #if os(Linux)
        var handle = pthread_t()
      #else
        var handle: pthread_t! = nil
      #endif
      let context = Unmanaged.passRetained(shared)
      let status = pthread_create(&handle, nil, { runShared($0) }, context.toOpaque())
      if status == 0 { handles.append(handle) } else { context.release() }
    }
    shared.drain()
    for handle in handles { pthread_join(handle, nil) }
    try shared.finish()
  }

  /// Returns `transform` of each index, in order.
  public static func map<T: Sendable>(
    _ count: Int, threads: Int, _ transform: @escaping @Sendable (Int) throws -> T
  ) throws -> [T] {
    let results = Locked<[T?]>(Array(repeating: nil, count: count))
    try forEach(count, threads: threads) { index in
      let value = try transform(index)
      results.withLock { $0[index] = value }
    }
    return results.withLock { $0.map { $0! } }
  }
}

#if os(Linux)
  private func runShared(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<SharedWork>.fromOpaque(context!).takeRetainedValue().drain()
    return nil
  }
#else
  private func runShared(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<SharedWork>.fromOpaque(context).takeRetainedValue().drain()
    return nil
  }
#endif

private final class SharedWork: Sendable {
  private struct State {
    var next = 0
    var failure: (index: Int, error: any Error)?
  }
  private let state = Locked(State())
  private let count: Int
  private let body: @Sendable (Int) throws -> Void

  init(count: Int, body: @escaping @Sendable (Int) throws -> Void) {
    self.count = count
    self.body = body
  }

  func drain() {
    while let index = take() {
      do { try body(index) } catch { note(error, at: index) }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.next < count, state.failure == nil else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  private func note(_ error: any Error, at index: Int) {
    state.withLock { state in
      if let failure = state.failure, failure.index < index { return }
      state.failure = (index, error)
    }
  }

  func finish() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure.error }
  }
}

/// A value behind a mutex.
public final class Locked<Value>: @unchecked Sendable {
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  public init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with exclusive access to the value.
  public func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
