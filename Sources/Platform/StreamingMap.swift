/// Transforms inputs that arrive one after another on several threads, and gives the outputs in order.
///
/// The thread that pushes inputs counts as one: it works too while it waits for an output, so that
/// reading, transforming and writing overlap and no processor idles. The transform sees only its
/// input, so what it makes cannot depend on timing.
public final class StreamingMap<Input: Sendable, Output: Sendable> {
  private let queue: StreamingQueue<Input, Output>
  private let helpers: [WorkerThread]

  public init(threads: Int, transform: @escaping @Sendable (Input) throws -> Output) {
    let queue = StreamingQueue(transform)
    self.queue = queue
    helpers = (0..<max(0, threads - 1)).compactMap { _ in WorkerThread { queue.serve() } }
  }

  deinit {
    queue.stop()
    for helper in helpers { helper.join() }
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

/// The inputs that wait, run or are done, oldest first; every access holds the monitor.
private final class StreamingQueue<Input: Sendable, Output: Sendable>: @unchecked Sendable {
  private enum Slot {
    case waiting(Input)
    case running
    case done(Result<Output, any Error>)
  }

  private let transform: @Sendable (Input) throws -> Output
  private let monitor = Monitor()
  private var slots: [Slot] = []
  /// The number of the input in the first slot.
  private var first = 0
  /// The number of the next input that no thread has taken.
  private var untaken = 0
  private var isStopped = false

  init(_ transform: @escaping @Sendable (Input) throws -> Output) {
    self.transform = transform
  }

  var count: Int { monitor.withLock { slots.count } }

  func push(_ input: Input) {
    monitor.withLock {
      slots.append(.waiting(input))
      monitor.signal()
    }
  }

  func stop() {
    monitor.withLock {
      isStopped = true
      monitor.broadcast()
    }
  }

  /// Takes the next input that nobody works on; the caller holds the monitor.
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
    monitor.withLock {
      slots[job.number - first] = .done(result)
      monitor.broadcast()
    }
  }

  /// The loop of a helper thread, until the map is released.
  func serve() {
    while let job = waitForJob() { work(job) }
  }

  private func waitForJob() -> (number: Int, input: Input)? {
    monitor.withLock {
      while true {
        if isStopped { return nil }
        if let job = claim() { return job }
        monitor.wait()
      }
    }
  }

  private enum Step {
    case output(Output?)
    case work(number: Int, input: Input)
  }

  func take(waiting: Bool) throws -> Output? {
    while true {
      switch try monitor.withLock({ try step(waiting) }) {
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
      monitor.wait()
    }
    return .output(nil)
  }
}
