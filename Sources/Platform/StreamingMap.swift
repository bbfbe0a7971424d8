#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Transforms inputs that arrive one after another on several threads, and gives the outputs in order.
///
/// The thread that pushes inputs counts as one: it works too while it waits for an output, so that
/// reading, transforming and writing overlap and no processor idles. The transform sees only its
/// input, so what it makes cannot depend on timing.
public final class StreamingMap<Input: Sendable, Output: Sendable> {
  private let queue: StreamingQueue<Input, Output>
  private var helpers: [pthread_t] = []

  public init(threads: Int, transform: @escaping @Sendable (Input) throws -> Output) {
    queue = StreamingQueue(transform)
    for _ in 0..<max(0, threads - 1) {
      let start = StreamingStart { [queue] in queue.serve() }
      let context = Unmanaged.passRetained(start)
      #if os(Linux)
        var handle = pthread_t()
      #else
        var handle: pthread_t! = nil
      #endif
      if pthread_create(&handle, nil, { runStreaming($0) }, context.toOpaque()) == 0 {
        helpers.append(handle)
      } else {
        context.release()
      }
    }
  }

  deinit {
    queue.stop()
    for helper in helpers { pthread_join(helper, nil) }
  }

  /// How many inputs were pushed whose outputs were not taken yet.
  public var count: Int { queue.count }

  public func push(_ input: Input) { queue.push(input) }

  /// The oldest output, if it is there; nil where it is not, or where nothing is left.
  /// - Throws: what the transform threw for this input.
  public func ready() throws -> Output? { try queue.take(waiting: false) }

  /// The oldest output, working until it is there; nil where nothing is left.
  /// - Throws: what the transform threw for this input.
  public func next() throws -> Output? { try queue.take(waiting: true) }
}

private final class StreamingStart: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

#if os(Linux)
  private func runStreaming(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<StreamingStart>.fromOpaque(context!).takeRetainedValue().body()
    return nil
  }
#else
  private func runStreaming(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<StreamingStart>.fromOpaque(context).takeRetainedValue().body()
    return nil
  }
#endif

/// The inputs that wait, run or are done, oldest first; every access holds the mutex.
private final class StreamingQueue<Input: Sendable, Output: Sendable>: @unchecked Sendable {
  private enum Slot {
    case waiting(Input)
    case running
    case done(Result<Output, any Error>)
  }

  private let transform: @Sendable (Input) throws -> Output
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var slots: [Slot] = []
  /// The number of the input in the first slot.
  private var first = 0
  /// The number of the next input that no thread has taken.
  private var untaken = 0
  private var isStopped = false

  init(_ transform: @escaping @Sendable (Input) throws -> Output) {
    self.transform = transform
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

  private func locked<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  var count: Int { locked { slots.count } }

  func push(_ input: Input) {
    locked {
      slots.append(.waiting(input))
      pthread_cond_signal(changed)
    }
  }

  func stop() {
    locked {
      isStopped = true
      pthread_cond_broadcast(changed)
    }
  }

  /// Takes the next input that nobody works on; the caller holds the mutex.
  private func claim() -> (number: Int, input: Input)? {
    guard untaken < first + slots.count, case .waiting(let input) = slots[untaken - first] else {
      return nil
    }
    slots[untaken - first] = .running
    untaken += 1
    return (untaken - 1, input)
  }

  private func work(_ job: (number: Int, input: Input)) {
    let result = Result { try transform(job.input) }
    locked {
      slots[job.number - first] = .done(result)
      pthread_cond_broadcast(changed)
    }
  }

  /// What a helper thread does until the map goes.
  func serve() {
    while let job = waitForJob() { work(job) }
  }

  private func waitForJob() -> (number: Int, input: Input)? {
    locked {
      while true {
        if isStopped { return nil }
        if let job = claim() { return job }
        pthread_cond_wait(changed, mutex)
      }
    }
  }

  private enum Step {
    case output(Output?)
    case work(number: Int, input: Input)
  }

  func take(waiting: Bool) throws -> Output? {
    while true {
      switch try locked({ try step(waiting) }) {
      case .output(let output): return output
      case .work(let number, let input): work((number, input))
      }
    }
  }

  private func step(_ waiting: Bool) throws -> Step {
    while let oldest = slots.first {
      if case .done(let result) = oldest {
        slots.removeFirst()
        first += 1
        return .output(try result.get())
      }
      guard waiting else { return .output(nil) }
      if let job = claim() { return .work(number: job.number, input: job.input) }
      pthread_cond_wait(changed, mutex)
    }
    return .output(nil)
  }
}
