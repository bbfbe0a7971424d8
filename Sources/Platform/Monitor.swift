import Glibc

/// A mutex and a condition: what threads share, and what they wait for.
final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  init() {
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

  func withLock<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Gives the lock away until another thread says that something changed; the caller holds it.
  func wait() { pthread_cond_wait(changed, mutex) }

  /// Wakes one thread that waits.
  func signal() { pthread_cond_signal(changed) }

  /// Wakes all threads that wait.
  func broadcast() { pthread_cond_broadcast(changed) }
}

/// A thread that runs a closure to its end.
struct WorkerThread {
  private let handle: pthread_t

  private final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func run(_ context: UnsafeMutableRawPointer) {
      Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
    }
  }

  /// Nil where the system gives no thread.
  init?(_ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Start(body))
    #if os(Linux)
      var handle = pthread_t()
      let status = pthread_create(
        &handle, nil,
        {
          if let context = $0 { Start.run(context) }
          return nil
        }, context.toOpaque())
    #else
      var handle: pthread_t! = nil
      let status = pthread_create(
        &handle, nil,
        {
          Start.run($0)
          return nil
        }, context.toOpaque())
    #endif
    guard status == 0 else {
      context.release()
      return nil
    }
    self.handle = handle
  }

  func join() { pthread_join(handle, nil) }

  /// Lets the thread end by itself.
  func detach() { pthread_detach(handle) }
}
