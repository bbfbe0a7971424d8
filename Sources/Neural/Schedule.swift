import Glibc

/// The learning rate over a run.
///
/// `time` counts epochs from 0, fractions included; per-epoch schedules pass whole numbers.
public protocol Schedule: Sendable {
  func rate(at time: Double) -> Double
}

/// The same rate throughout.
public struct ConstantRate: Schedule {
  public var base: Double
  public init(_ base: Double) { self.base = base }
  public func rate(at time: Double) -> Double { base }
}

/// final + (base - final) (1 + cos(pi time / period)) / 2 (Loshchilov and Hutter 2017, equation 5).
public struct CosineRate: Schedule {
  public var base: Double
  public var final: Double
  public var period: Double

  public init(_ base: Double, period: Double, final: Double = 0) {
    precondition(period > 0, "a cosine needs a period")
    self.base = base
    self.period = period
    self.final = final
  }

  public func rate(at time: Double) -> Double {
    final + (base - final) * (1 + cos(Double.pi * min(time, period) / period)) / 2
  }
}

/// A straight line from base to final over the period, then final.
public struct LinearRate: Schedule {
  public var base: Double
  public var final: Double
  public var period: Double

  public init(_ base: Double, period: Double, final: Double = 0) {
    precondition(period > 0, "a line needs a period")
    self.base = base
    self.period = period
    self.final = final
  }

  public func rate(at time: Double) -> Double {
    base + (final - base) * min(time, period) / period
  }
}

/// One rise to the peak and one fall far below the start, both along cosines (Smith and Topin 2018), as
/// PyTorch's `OneCycleLR`; momentum is left alone. Time counts steps from 0.
public struct OneCycleRate: Schedule {
  public var peak: Double
  public var steps: Double
  /// The share of the steps that rise.
  public var rise: Double
  /// The peak over the first rate.
  public var start: Double
  /// The first rate over the last.
  public var end: Double

  public init(
    _ peak: Double, steps: Int, rise: Double = 0.3, start: Double = 25, end: Double = 1e4
  ) {
    precondition(steps > 0 && (0...1).contains(rise) && start > 0 && end > 0, "a cycle has steps")
    self.peak = peak
    self.steps = Double(steps)
    self.rise = rise
    self.start = start
    self.end = end
  }

  public func rate(at time: Double) -> Double {
    let (top, last) = (rise * steps - 1, steps - 1)
    let first = peak / start
    if time <= top { return Self.between(first, peak, top > 0 ? time / top : 1) }
    let share = last > top ? min(1, (time - top) / (last - top)) : 1
    return Self.between(peak, first / end, share)
  }

  private static func between(_ a: Double, _ b: Double, _ share: Double) -> Double {
    b + (a - b) / 2 * (1 + cos(Double.pi * share))
  }
}

/// base factor^k after k whole runs of `every` epochs.
public struct StepRate: Schedule {
  public var base: Double
  public var every: Double
  public var factor: Double

  public init(_ base: Double, every: Double, factor: Double = 0.1) {
    precondition(every > 0, "a step needs a length")
    self.base = base
    self.every = every
    self.factor = factor
  }

  public func rate(at time: Double) -> Double { base * pow(factor, (time / every).rounded(.down)) }
}

/// Cosines that start anew, each `multiplier` times as long as the one before (Loshchilov and
/// Hutter 2017).
public struct WarmRestarts: Schedule {
  public var base: Double
  public var final: Double
  public var period: Double
  public var multiplier: Double

  public init(_ base: Double, period: Double, multiplier: Double = 1, final: Double = 0) {
    precondition(period > 0 && multiplier >= 1, "restarts need a period that does not shrink")
    self.base = base
    self.period = period
    self.multiplier = multiplier
    self.final = final
  }

  public func rate(at time: Double) -> Double {
    var start = 0.0
    var length = period
    while time >= start + length {
      start += length
      length *= multiplier
    }
    return CosineRate(base, period: length, final: final).rate(at: time - start)
  }
}

/// Another schedule after `epochs` epochs at a rate of their own, constant or rising to it.
///
/// The published recipe is `WarmUp(epochs: 1, rate: 1e-4, then: CosineRate(2e-3, period: 50))`:
/// 1e-4 in epoch 0, then 1e-3 (1 + cos(pi (e - 1) / 50)).
public struct WarmUp<Rest: Schedule>: Schedule {
  public var epochs: Double
  public var first: Double
  public var isLinear: Bool
  public var rest: Rest

  public init(epochs: Double, rate: Double, linear: Bool = false, then rest: Rest) {
    self.epochs = epochs
    first = rate
    isLinear = linear
    self.rest = rest
  }

  public func rate(at time: Double) -> Double {
    if time >= epochs { return rest.rate(at: time - epochs) }
    return isLinear ? first + (rest.rate(at: 0) - first) * time / epochs : first
  }
}
