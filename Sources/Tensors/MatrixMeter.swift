import Platform

/// The cost of matrix products, for benchmarks; off unless switched on.
package enum MatrixMeter {
  package struct Totals: Sendable {
    /// Wall time in products, what follows them in the cache included.
    package var time = Duration.zero
    package var multiplications = 0
  }

  private static let totals = Locked<Totals?>(nil)

  /// Starts to count, from zero.
  package static func start() { totals.withLock { $0 = Totals() } }

  /// The counts since `start`.
  package static var current: Totals { totals.withLock { $0 ?? Totals() } }

  static var now: ContinuousClock.Instant? {
    totals.withLock { $0 == nil } ? nil : ContinuousClock.now
  }

  static func add(since start: ContinuousClock.Instant?, multiplications: Int) {
    guard let start else { return }
    let time = start.duration(to: .now)
    totals.withLock {
      $0?.time += time
      $0?.multiplications += multiplications
    }
  }
}
