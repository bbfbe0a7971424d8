import Artifacts
import Imaging
import Neural

/// Everything that decides what a training run does; two runs with equal options and data give
/// equal bits.
public struct TrainingOptions: Sendable {
  /// Which rows choose the epoch whose weights become the model.
  public enum Selection: String, Sendable, CaseIterable {
    /// The best accuracy on the validation rows.
    case validation
    /// The last epoch.
    case last
    /// The best accuracy on the test rows: the published habit, marked wherever it is shown.
    case testBest = "test-best"
  }

  public enum Optimizer: String, Sendable, CaseIterable { case sgd, adamw }

  /// What of the encoder's training pass is computed again in the backward pass.
  public enum Recomputation: String, Sendable, CaseIterable {
    /// Only what costs little.
    case none
    /// Whole blocks, of which only the inputs are kept.
    case blocks
  }

  public enum HistoryUnit: String, Sendable, CaseIterable { case epoch, step }

  public var method: MethodOptions
  /// The encoder's name in `EncoderCatalogue`.
  public var encoder = "resnet18"
  /// Factor on the encoder's channels.
  public var width = 1.0
  public var epochs = 50
  public var batchSize = 64
  public var dropsLast = true
  public var optimizer = Optimizer.sgd
  public var momentum = 0.9
  /// Nesterov's variant of sgd's momentum.
  public var usesNesterov = false
  public var weightDecay = 5e-4
  /// Whether biases, normalisations and other vectors decay like matrices.
  public var decaysVectors = true
  public var rate: LearningRate
  public var seed: UInt64 = 1
  /// What happens to training pictures; its normalisation is the model's.
  public var augmentation: AugmentationPlan
  public var shuffles = true
  public var sampler = Sampler.Kind.uniform
  public var labelSmoothing = 0.0
  /// The probability that a number of the encoder's vector is left out in training.
  public var dropout = 0.0
  public var recomputation = Recomputation.none
  /// Prefixes of parameter names that are not trained.
  public var frozen: [String] = []
  /// Factors on the learning rate by prefixes of parameter names; the longest that fits counts.
  public var rateFactors: [String: Double] = [:]
  /// Batches whose gradients are averaged before a step.
  public var accumulation = 1
  /// The largest norm of all gradients together; nil: any.
  public var clipNorm: Double?
  /// Decay of the running average of the weights that is evaluated and kept; nil: none.
  public var averageDecay: Double?
  /// Epochs without a better selection accuracy after which the run ends; nil: never.
  public var patience: Int?
  public var selection = Selection.validation
  public var historyUnit = HistoryUnit.epoch
  /// Epochs between checkpoints.
  public var checkpointEvery = 1
  /// Minutes after which a checkpoint is due within an epoch; 0: after every step.
  public var checkpointMinutes = 10.0

  public init(method: MethodOptions, augmentation: AugmentationPlan, rate: LearningRate) {
    self.method = method
    self.augmentation = augmentation
    self.rate = rate
  }

  /// The side of the encoder's input, px.
  public var imageSize: Int { augmentation.size }
}

/// What a method needs besides the data.
public struct MethodOptions: Sendable {
  public enum Name: String, Sendable, CaseIterable {
    /// Softmax and cross-entropy on class indices: the baseline (equation 2).
    case discrete
    /// Equations 4 to 11.
    case knowledgeEnhanced = "knowledge-enhanced"
  }

  public var name: Name
  public var weights = KnowledgeLoss.Weights()
  public var selfContrast = KnowledgeLoss.SelfContrast.paired
  public var temperature = 0.01
  public var margin = 2.0
  /// The inner width of the neutral transformation (equation 6).
  public var hiddenWidth = 128

  public init(name: Name) { self.name = name }
}

/// The learning rate as a function of the epoch.
public struct LearningRate: Sendable, Equatable {
  public enum Schedule: String, Sendable, CaseIterable {
    /// rate/2 (1 + cos(pi (e - w) / E)) after w warm-up epochs, E the number of epochs: with rate
    /// 2e-3, w 1 and E 50 the published recipe.
    case cosine
    case constant
    /// A tenth after each third of the epochs, counted from the end of the warm-up.
    case step
    /// Cosine over `restartEpochs` epochs again and again (Loshchilov and Hutter 2017).
    case warmRestarts = "warm-restarts"
    /// From the rate to 0 in a straight line over the epochs.
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

  public var schedule: Schedule
  public var rate: Double
  public var warmupEpochs: Int
  public var warmupRate: Double
  public var warmup = WarmUp.constant
  public var epochs: Int
  /// T_0 of the warm restarts.
  public static let restartEpochs = 10

  public init(
    schedule: Schedule = .cosine, rate: Double = 2e-3, warmupEpochs: Int = 1,
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

  private var shape: any Neural.Schedule {
    let whole = Double(max(epochs, 1))
    switch schedule {
    case .constant: return ConstantRate(rate)
    case .oneCycle: return OneCycleRate(rate, steps: max(epochs, 1))
    case .linear: return LinearRate(rate, period: whole)
    case .cosine: return CosineRate(rate, period: whole)
    case .step: return StepRate(rate, every: max(1, (whole / 3).rounded(.up)))
    case .warmRestarts: return WarmRestarts(rate, period: Double(Self.restartEpochs))
    }
  }
}
