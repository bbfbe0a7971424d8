import CKernels

/// The instruction set that the kernels use; results agree between them within rounding.
public enum KernelTarget: Int32, Sendable, CaseIterable {
  /// Plain vectors and separate products and sums: the same bits on every machine.
  case portable = 0
  case avx2 = 1
  case avx512 = 2

  /// The target in use: the best the processor has, or the one that `FERRY_KERNELS` names.
  public static var current: KernelTarget { KernelTarget(rawValue: ferry_target()) ?? .portable }

  /// Runs `body` with the calling thread's kernels on this target, or on the best one below it that
  /// the processor has.
  public func use<Result>(_ body: () throws -> Result) rethrows -> Result {
    ferry_force_target(rawValue)
    defer { ferry_force_target(-1) }
    return try body()
  }

  /// The targets that this processor has.
  public static var available: [KernelTarget] {
    allCases.filter { target in target.use { current == target } }
  }
}

/// The threads that all kernels share.
///
/// Work is split by its own size, so results have the same bits on any number of threads.
public enum ThreadPool {
  /// Threads in use, the caller's included; at first one for each processor.
  public static var threads: Int {
    get { Int(ferry_threads()) }
    set { ferry_set_threads(Int32(clamping: newValue)) }
  }

  /// Calls `body` once for each index of 0 ..< count; returns when all calls have.
  ///
  /// A call from inside `body`, or while another thread's work runs, stays on the calling thread.
  public static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var work = body
      withUnsafeMutablePointer(to: &work) { pointer in
        ferry_parallel(
          count,
          { context, index in
            guard let context else { return }
            context.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(index))
          }, pointer)
      }
    }
  }

  /// Runs `body`, whose kernels have a pool of `threads` threads to themselves; returns its result and
  /// how many tasks ran on other threads than the calling one.
  ///
  /// For tests of determinism: on the shared pool, work stays on the calling thread while another
  /// thread's work runs. Here the first task of each job waits for another thread.
  package static func withOwnThreads<Result>(
    _ threads: Int, _ body: () throws -> Result
  ) rethrows -> (result: Result, helped: Int) {
    let pool = ferry_pool_create(Int32(clamping: threads))
    let before = ferry_pool_use(pool)
    do {
      let result = try body()
      _ = ferry_pool_use(before)
      return (result, ferry_pool_destroy(pool))
    } catch {
      _ = ferry_pool_use(before)
      _ = ferry_pool_destroy(pool)
      throw error
    }
  }
}
