import Artifacts
import Methods
import Networks
import Neural
import Platform
import Samples
import StageKit
import Tensors
import Training

/// `ferry-train`: a model from the training rows of shards.
@main struct Train: Stage {
  static let contract = TrainContract.contract

  static func examination() -> [StageFinding] {
    [
      .kernels(
        MatrixKernels.summary, library: MatrixKernels.library,
        problem: MatrixKernels.current.problem)
    ]
  }

  static func run(_ context: StageContext) throws {
    ThreadPool.threads = context.threads
    let data = try TrainingData(context)
    var options = try TrainingOptions(context.parameters, shardSize: data.shards.size)
    let initial = try context.optionalInput("initial").map { try InitialModel($0) }
    if let normalisation = try initial?.normalisation() {
      options.augmentation = options.augmentation.with(normalisation)
      context.note("pictures are prepared as the initial weights were trained")
    }
    let selection = try data.selectionFaces(options.selection)
    let embeddings = try readEmbeddings(context, options, classes: data.shards.classes)

    var generator = SeededGenerator(
      seed: options.seed, RandomStream.initialisation.rawValue)
    let encoder = try EncoderCatalogue.standard.make(
      options.encoder, EncoderOptions(width: options.width, imageSize: options.imageSize),
      generator: &generator)
    let objective = try options.method.kind.make(
      MethodSetup(
        values: options.method.values, classes: data.shards.classes, embeddings: embeddings,
        width: encoder.width), &generator)
    var description = try data.description(options, embeddings, context)
    try initial?.fill(encoder, objective, description: description) { context.note($0) }

    let trainer = try Trainer(
      options: options, description: description, encoder: encoder, objective: objective,
      faces: data.trainingFaces(), selectionFaces: selection, threads: context.threads,
      state: context.stateDirectory, fingerprint: try fingerprint(context))
    try trainer.run(TrainingVoice(context))
    context.note(
      "waited for pictures \(JSONValue.plain((trainer.waitingShare * 1000).rounded() / 10)) % of "
        + "the time")

    description.selected = trainer.selected
    let directory = context.output("model")
    try ModelFile.write(
      trainer.modelTensors, description: description,
      to: Files.join(directory, ModelFile.fileName))
    try Files.write(trainer.history.csv, to: Files.join(directory, TrainingHistory.fileName))
    if let edits = trainer.labelEdits {
      try Files.write(edits, to: Files.join(directory, "label_edits.csv"))
    }
    try context.seal(
      "model", rows: ["epochs": trainer.history.rows.count], metadata: description.json)
  }

  private static func readEmbeddings(
    _ context: StageContext, _ options: TrainingOptions, classes: ClassList
  ) throws -> ClassEmbeddings? {
    guard options.method.kind.usesEmbeddings,
      let directory = context.optionalInput("embeddings")
    else { return nil }
    let path = try context.artifact("embeddings").path(ClassEmbeddings.fileName)
    return try ClassEmbeddings(file: path).selecting(classes.names, from: directory)
  }

  /// What tells this run from others: every parameter and input that its bits depend on.
  private static func fingerprint(_ context: StageContext) throws -> String {
    let relevant = context.parameters.values.filter {
      contract.parameter($0.key)?.affectsOutput ?? false
    }
    var parts: [JSONValue] = [.integer(contract.revision), .object(relevant)]
    for port in contract.inputs {
      let digests = try context.inputs(port.name).map { path in
        Files.isDirectory(path)
          ? try Artifact.open(path).digest.hex : try Digest(ofFile: path).hex
      }
      parts.append([.string(port.name), JSONValue(digests)])
    }
    return Digest(hashing: JSONValue.array(parts).canonical).hex
  }
}

/// The stage's progress line, and the user's wish to stop.
final class TrainingVoice: TrainingObserver {
  private let context: StageContext

  init(_ context: StageContext) { self.context = context }

  func progress(images: Int, of total: Int, message: String) {
    context.progress(images, of: total, unit: "images", message: message)
  }

  var isCancelled: Bool { context.isCancelled }
}
