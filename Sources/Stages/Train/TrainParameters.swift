import Artifacts
import Imaging
import Methods
import Platform
import StageKit
import Training

extension TrainingOptions {
  /// Reads the stage's parameters.
  ///
  /// - Parameter shardSize: the side of the shards' faces, px.
  /// - Throws: `Fault` for values that do not go together.
  init(_ values: StageParameters, shardSize: Int) throws {
    let size = values.optionalInteger("image_size") ?? shardSize
    var rate = LearningRate(
      schedule: Self.word(values, "schedule"), rate: values.number("learning_rate"),
      warmupEpochs: values.integer("warmup_epochs"),
      warmupRate: values.number("warmup_learning_rate"), epochs: values.integer("epochs"))
    rate.warmup = Self.word(values, "warmup")
    self.init(
      method: Self.method(values),
      augmentation: try Self.augmentation(values["augment"], size: size), rate: rate)
    encoder = values.string("encoder")
    width = values.number("width")
    epochs = values.integer("epochs")
    batchSize = values.integer("batch_size")
    dropsLast = values.boolean("drop_last")
    optimiser = Self.word(values, "optimizer")
    momentum = values.number("momentum")
    usesNesterov = values.boolean("nesterov")
    weightDecay = values.number("weight_decay")
    decaysVectors = values.string("weight_decay_on") == "all"
    dropout = values.number("dropout")
    recomputation = Self.word(values, "recompute")
    seed = UInt64(values.integer("seed"))
    shuffles = values.boolean("shuffle")
    sampler = Self.word(values, "sampler")
    labelSmoothing = values.number("label_smoothing")
    frozen = values.strings("freeze")
    learningRateFactors = try Self.learningRateFactors(values["rate_factors"].object ?? [:])
    accumulation = values.integer("accumulation")
    clipNorm = values.optionalNumber("clip_norm")
    averageDecay = values.optionalNumber("ema")
    patience = values.optionalInteger("early_stopping")
    selection = Self.word(values, "select")
    historyUnit = Self.word(values, "history")
    checkpointEvery = values.integer("checkpoint_every")
    checkpointMinutes = values.number("checkpoint_minutes")
    try checkCombination()
  }

  private static func method(_ values: StageParameters) -> MethodChoice {
    guard let kind = MethodCatalogue.standard[values.string("method")] else {
      preconditionFailure("the contract allows a method that the catalogue does not know")
    }
    return MethodChoice(kind: kind, values: values.values)
  }

  private static func learningRateFactors(_ given: [String: JSONValue]) throws -> [String: Double] {
    try given.mapValues { value in
      guard let factor = value.number, factor >= 0 else {
        throw Fault(
          .usage, "rate_factors has the value \(value.canonical)",
          remedy: "it takes numbers from 0 on, as {encoder: 0.1}")
      }
      return factor
    }
  }

  private func checkCombination() throws {
    if patience != nil, selection == .last {
      throw Fault(
        .usage, "early_stopping needs rows that choose the epoch, but select is last",
        remedy: "set select=validation, or leave early_stopping out")
    }
    if rate.warmupEpochs >= epochs, rate.warmupEpochs > 0, epochs > 1 {
      throw Fault(
        .usage, "warmup_epochs \(rate.warmupEpochs) leaves none of the \(epochs) epochs",
        remedy: "set fewer warmup_epochs")
    }
    if usesNesterov, optimiser != .sgd || momentum == 0 {
      throw Fault(
        .usage, "nesterov is a variant of sgd's momentum",
        remedy: "set optimizer=sgd and a momentum, or leave nesterov out")
    }
    if sampler != .uniform, !shuffles {
      throw Fault(
        .usage, "the sampler \(sampler.rawValue) draws at random, but shuffle is false",
        remedy: "set sampler=uniform, or leave shuffle out")
    }
  }

  private static func word<T: RawRepresentable<String>>(
    _ values: StageParameters, _ name: String
  ) -> T {
    guard let value = T(rawValue: values.string(name)) else {
      preconditionFailure("the contract allows a word of '\(name)' that the options do not know")
    }
    return value
  }

  private static func augmentation(_ value: JSONValue, size: Int) throws -> AugmentationPlan {
    if let name = value.string { return try .preset(name, size: size) }
    return try AugmentationPlan(listed: value.strings ?? [], size: size)
  }
}
