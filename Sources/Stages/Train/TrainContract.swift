import Artifacts
import Imaging
import Methods
import Networks
import Training

/// The parameters of `ferry-train`; defaults are the published recipe.
enum TrainContract {
  static let contract = Contract(
    name: "train", revision: 6,
    summary: "Fit a method to the training rows of shards.",
    parameters: model + optimisation + data + MethodCatalogue.standard.parameters + run,
    inputs: [
      ContractPort("shards", help: "Faces with labels, split into train and validation rows."),
      ContractPort(
        "embeddings", optional: true,
        help: "Class embeddings; \(embeddingReaders)."),
      ContractPort(
        "initial", kind: "model", optional: true,
        help: "A model to start from: its encoder, and its method's weights where they fit."),
    ],
    outputs: [ContractPort("model", help: "model.safetensors and history.csv.")])

  /// Each method with its summary, the default one first.
  private static let methodHelp: String = {
    let kinds = MethodCatalogue.standard.kinds
    let ordered =
      kinds.filter { $0.name == MethodCatalogue.defaultName }
      + kinds.filter { $0.name != MethodCatalogue.defaultName }
    return ordered.map { "\($0.name): \($0.summary)" }.joined(separator: "; ") + "."
  }()

  private static let embeddingReaders: String = {
    let names = MethodCatalogue.standard.kinds.filter(\.usesEmbeddings).map(\.name)
    return names.count == 1
      ? "the method \(names[0]) needs them"
      : "the methods \(names.joined(separator: ", ")) need them"
  }()

  private static let model = [
    ContractParameter(
      "method", .choice(MethodCatalogue.standard.names),
      default: .string(MethodCatalogue.defaultName), help: methodHelp),
    ContractParameter(
      "encoder", .choice(EncoderCatalogue.standard.names), default: "resnet18",
      help: "The visual encoder."),
    ContractParameter(
      "width", .number, default: 1.0, minimum: 1.0 / 64, maximum: 4,
      help: "Factor on the encoder's channels; 1 is the published network."),
    ContractParameter(
      "image_size", .integer, default: .null, minimum: 16, maximum: 1024,
      help: "Side of the encoder's input in px; null: the shards' own. Faces are resized to it."),
  ]

  private static let optimisation = [
    ContractParameter(
      "epochs", .integer, default: 50, minimum: 1, maximum: 100_000,
      help: "Passes over the training rows."),
    ContractParameter(
      "batch_size", .integer, default: 64, minimum: 1, maximum: 65536, help: "Faces a batch."),
    ContractParameter(
      "drop_last", .boolean, default: true, help: "Leave a short last batch of an epoch out."),
    ContractParameter(
      "optimizer", .choice(TrainingOptions.OptimiserKind.allCases.map(\.rawValue)), default: "sgd",
      help: "sgd with momentum, or adamw (betas 0.9 and 0.999)."),
    ContractParameter(
      "learning_rate", .number, default: 2e-3, minimum: 0, maximum: 100,
      help: "Peak learning rate after the warm-up."),
    ContractParameter(
      "momentum", .number, default: 0.9, minimum: 0, maximum: 1, help: "Momentum of sgd."),
    ContractParameter(
      "nesterov", .boolean, default: false, help: "Nesterov's variant of sgd's momentum."),
    ContractParameter(
      "weight_decay", .number, default: 5e-4, minimum: 0, maximum: 10,
      help: "Decay of the weights; decoupled under adamw."),
    ContractParameter(
      "weight_decay_on", .choice(["all", "matrices"]), default: "all",
      help: "matrices: biases, normalisations and other vectors do not decay."),
    ContractParameter(
      "warmup_epochs", .integer, default: 1, minimum: 0,
      help: "Epochs at warmup_learning_rate before the schedule starts."),
    ContractParameter(
      "warmup_learning_rate", .number, default: 1e-4, minimum: 0, maximum: 100,
      help: "Learning rate of the warm-up."),
    ContractParameter(
      "warmup", .choice(LearningRate.WarmUp.allCases.map(\.rawValue)), default: "constant",
      help: "constant: all its epochs at warmup_learning_rate; linear: from there up to "
        + "learning_rate."),
    ContractParameter(
      "schedule", .choice(LearningRate.ScheduleKind.allCases.map(\.rawValue)), default: "cosine",
      help: "cosine: rate/2 (1 + cos(pi (e - warmup) / epochs)); constant; step: a tenth after "
        + "each third; warm-restarts: a cosine over ten epochs, again and again; linear: to 0 at the "
        + "end of the last epoch; one-cycle: with every step, up from a 25th in the first 30 % and down to "
        + "almost 0, without another warm-up."),
    ContractParameter(
      "dropout", .number, default: 0.0, minimum: 0, maximum: 0.95,
      help: "Share of the encoder's vector that training leaves out at random before the losses."),
    ContractParameter(
      "recompute", .choice(TrainingOptions.Recomputation.allCases.map(\.rawValue)),
      default: "none", affectsOutput: false,
      help:
        "blocks: keep only the inputs of the encoder's blocks and compute the rest again in the "
        + "backward pass: less memory, at most a third more work, the same bits."),
    ContractParameter(
      "accumulation", .integer, default: 1, minimum: 1, maximum: 4096,
      help: "Batches whose gradients are averaged before a step."),
    ContractParameter(
      "clip_norm", .number, default: .null, minimum: 0,
      help: "Largest norm of all gradients together; null: any."),
    ContractParameter(
      "ema", .number, default: .null, minimum: 0, maximum: 0.999999,
      help: "Decay of a running average of the weights, which is then evaluated and kept; null: "
        + "none."),
    ContractParameter(
      "freeze", .list(.string), default: [],
      help: "Parts that are not trained, by the beginning of their names: [encoder.conv1, "
        + "encoder.layer1]. Their running statistics stand still, too, and are used in training."),
    ContractParameter(
      "rate_factors", .map, default: [:],
      help: "Factors on the learning rate of parts, by the beginning of their names: {encoder: "
        + "0.1}; the longest name that fits counts."),
  ]

  private static let data = [
    ContractParameter(
      "seed", .integer, default: 1, minimum: 0,
      help: "Fresh weights, order and augmentation follow from it."),
    ContractParameter(
      "augment", .either([.choice(AugmentationPlan.presetNames), .list(.string)]),
      default: "ke-code",
      help: "A published preset (\(AugmentationPlan.presetNames.joined(separator: ", "))) or a "
        + "list of \(AugmentationPlan.stepNames.joined(separator: ", "))."),
    ContractParameter(
      "shuffle", .boolean, default: true, help: "Visit the rows in another order every epoch."),
    ContractParameter(
      "sampler", .choice(Sampler.Kind.allCases.map(\.rawValue)), default: "uniform",
      help: "uniform: every row once an epoch; balanced: as many draws with replacement, weight "
        + "1/count of the class; square-root: weight 1/sqrt(count)."),
    ContractParameter(
      "label_smoothing", .number, default: 0.0, minimum: 0, maximum: 0.99,
      help: "Share of each label spread evenly over all classes."),
  ]

  private static let run = [
    ContractParameter(
      "select", .choice(TrainingOptions.Selection.allCases.map(\.rawValue)),
      default: "validation",
      help: "The epoch that becomes the model: the best on the validation rows, the last, or the "
        + "best on the test rows (the published habit; every report says so)."),
    ContractParameter(
      "early_stopping", .integer, default: .null, minimum: 1,
      help: "End after so many epochs without a better one; null: never."),
    ContractParameter(
      "history", .choice(TrainingOptions.HistoryUnit.allCases.map(\.rawValue)), default: "epoch",
      help: "A row of history.csv an epoch, or a step."),
    ContractParameter(
      "checkpoint_every", .integer, default: 1, minimum: 1, affectsOutput: false,
      help: "Epochs between checkpoints in --state; Ctrl-C always leaves one."),
    ContractParameter(
      "checkpoint_minutes", .number, default: 10.0, minimum: 0, affectsOutput: false,
      help: "Minutes after which there is a checkpoint within an epoch; 0: after every step."),
  ]
}
