import Neural

/// The learning rate as a function of the epoch.
public struct LearningRate: Sendable, Equatable {
  public enum ScheduleKind: String, Sendable, CaseIterable {
    /// rate/2 (1 + cos(pi (e - w) / E)) after w warm-up epochs, E the number of epochs: with rate
    /// 2e-3, w 1 and E 50 the published recipe.
    case cosine
    case constant
    /// A tenth after each third of the epochs, counted from the end of the warm-up.
    case step
    /// Cosine over `restartEpochs` epochs again and again (Loshchilov and Hutter 2017).
    case warmRestarts = "warm-restarts"
    /// From the rate after the warm-up to 0 at the end of the last epoch, in a straight line.
    case linear
    /// Up to the rate and down to almost nothing, changing with every step (`OneCycleRate`); there is
    /// no other warm-up.
    case oneCycle = "one-cycle"
  }

  public enum WarmUp: String, Sendable, CaseIterable {
    /// All of its epochs at the warm-up's rate.
    case constant
    /// From the warm-up's rate up to the peak in a straight line.
    case linear
  }

  public var schedule: ScheduleKind
  public var rate: Double
  public var warmupEpochs: Int
  public var warmupRate: Double
  public var warmup = WarmUp.constant
  public var epochs: Int
  /// T_0 of the warm restarts.
  public static let restartEpochs = 10

  public init(
    schedule: ScheduleKind = .cosine, rate: Double = 2e-3, warmupEpochs: Int = 1,
    warmupRate: Double = 1e-4, epochs: Int = 50
  ) {
    self.schedule = schedule
    self.rate = rate
    self.warmupEpochs = warmupEpochs
    self.warmupRate = warmupRate
    self.epochs = epochs
  }

  /// The rate of a step, from 0, of all steps of a run; only one-cycle changes within an epoch.
  public func value(epoch: Int, step: Int, of steps: Int) -> Double {
    guard schedule == .oneCycle else { return value(epoch: epoch) }
    return OneCycleRate(rate, steps: max(1, steps)).rate(at: Double(step))
  }

  /// The rate of an epoch, from 0; of one-cycle as if an epoch were a step.
  public func value(epoch: Int) -> Double {
    guard epoch < warmupEpochs, schedule != .oneCycle else {
      return shape.rate(at: Double(schedule == .oneCycle ? epoch : epoch - warmupEpochs))
    }
    guard warmup == .linear else { return warmupRate }
    return warmupRate + (rate - warmupRate) * Double(epoch) / Double(warmupEpochs)
  }

  private var shape: any Schedule {
    let whole = Double(max(epochs, 1))
    switch schedule {
    case .constant: return ConstantRate(rate)
    case .oneCycle: return OneCycleRate(rate, steps: max(epochs, 1))
    case .linear: return LinearRate(rate, period: Double(max(epochs - warmupEpochs, 1)))
    case .cosine: return CosineRate(rate, period: whole)
    case .step: return StepRate(rate, every: max(1, (whole / 3).rounded(.up)))
    case .warmRestarts: return WarmRestarts(rate, period: Double(Self.restartEpochs))
    }
  }
}
