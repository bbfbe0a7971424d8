#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Makes a sequence of values ahead of their use, on a thread of its own.
///
/// Values come out in order. The maker sees only an index, so what it makes cannot depend on timing.
/// Where `ahead` is 0 no thread is started: each value is made when it is asked for.
public final class Prefetcher<Value> {
  private let shared: PrefetchQueue<Value>
  private var thread: pthread_t?

  /// Starts to make the values 0 ..< count, at most `ahead` of which wait to be taken.
  public init(count: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Value) {
    shared = PrefetchQueue(count: count, ahead: ahead, make: make)
    guard ahead > 0, count > 0 else { return }
    let start = PrefetchStart { [shared] in shared.produce() }
    let context = Unmanaged.passRetained(start)
    #if os(Linux)
      var handle = pthread_t()
    #else
      var handle: pthread_t! = nil
    #endif
    if pthread_create(&handle, nil, { runPrefetch($0) }, context.toOpaque()) == 0 {
      thread = handle
    } else {
      context.release()
      shared.isThreaded = false
    }
  }

  deinit {
    shared.stop()
    if let thread { pthread_join(thread, nil) }
  }

  /// The next value, or nil after the last one.
  /// - Throws: what the maker threw for this index; nothing follows it.
  public func next() throws -> Value? { try shared.take() }
}

private final class PrefetchStart: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

#if os(Linux)
  private func runPrefetch(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<PrefetchStart>.fromOpaque(context!).takeRetainedValue().body()
    return nil
  }
#else
  private func runPrefetch(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<PrefetchStart>.fromOpaque(context).takeRetainedValue().body()
    return nil
  }
#endif

/// The waiting values and who waits for them; every access holds the mutex.
private final class PrefetchQueue<Value>: @unchecked Sendable {
  private let count: Int
  private let ahead: Int
  private let make: @Sendable (Int) throws -> Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var ready: [Result<Value, any Error>] = []
  private var taken = 0
  private var isStopped = false
  var isThreaded: Bool

  init(count: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Value) {
    self.count = count
    self.ahead = ahead
    self.make = make
    isThreaded = ahead > 0
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    changed = .allocate(capacity: 1)
    changed.initialize(to: pthread_cond_t())
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    changed.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  private func withLock<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  func produce() {
    for index in 0..<count {
      let result = Result { try make(index) }
      let goesOn = withLock {
        while ready.count >= ahead, !isStopped { pthread_cond_wait(changed, mutex) }
        ready.append(result)
        pthread_cond_broadcast(changed)
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
    let result = withLock {
      while ready.isEmpty { pthread_cond_wait(changed, mutex) }
      defer { pthread_cond_broadcast(changed) }
      return ready.removeFirst()
    }
    if case .failure = result { stop() }
    return try result.get()
  }

  func stop() {
    withLock {
      isStopped = true
      pthread_cond_broadcast(changed)
    }
  }
}
