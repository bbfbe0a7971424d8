import Artifacts
import Imaging
import Methods
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

  public enum OptimiserKind: String, Sendable, CaseIterable { case sgd, adamw }

  /// What of the encoder's training pass is computed again in the backward pass.
  public enum Recomputation: String, Sendable, CaseIterable {
    /// Only what costs little.
    case none
    /// Whole blocks, of which only the inputs are kept.
    case blocks
  }

  public enum HistoryUnit: String, Sendable, CaseIterable { case epoch, step }

  public var method: MethodChoice
  /// The encoder's name in `EncoderCatalogue`.
  public var encoder = "resnet18"
  /// Factor on the encoder's channels.
  public var width = 1.0
  public var epochs = 50
  public var batchSize = 64
  public var dropsLast = true
  public var optimiser = OptimiserKind.sgd
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
  public var learningRateFactors: [String: Double] = [:]
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

  public init(method: MethodChoice, augmentation: AugmentationPlan, rate: LearningRate) {
    self.method = method
    self.augmentation = augmentation
    self.rate = rate
  }

  /// The side of the encoder's input, px.
  public var imageSize: Int { augmentation.size }
}
