import Artifacts
import Methods
import Metrics
import Networks
import Neural
import Platform
import Tensors

/// An observer of a run, which may end it.
public protocol TrainingObserver: AnyObject {
  /// Called after every batch with the training pictures seen and those of the whole run.
  func progress(images: Int, of total: Int, message: String)
  /// Asked after every optimiser step; true ends the run after a checkpoint.
  var isCancelled: Bool { get }
}

/// Fits a method to labelled faces: the loop over epochs and batches.
///
/// Random numbers are drawn from streams of (seed, epoch, place), sums have a fixed order, and a
/// checkpoint holds everything that changes, so a run gives the same bits on any number of threads
/// and however often it was cut off and resumed.
public final class Trainer {
  let options: TrainingOptions
  let encoder: VisualEncoder
  package let objective: any Objective
  let faces: LabelledFaces
  /// The faces that choose the epoch; nil under `last`.
  private let selectionFaces: LabelledFaces?
  let description: ModelDescription
  private let optimiser: any Optimiser
  private let average: ExponentialAverage?
  /// Copies of the model's tensors at the best epoch.
  private let best: [NamedTensor]
  private let loader: BatchLoader
  private let checkpoint: TrainingCheckpoint?
  let trainsEncoder: Bool
  /// Between the encoder and the objective, in training.
  let dropout: Dropout
  var progress: TrainingProgress
  /// The training labels with the method's edits.
  package var labels: EditedLabels
  /// Seconds spent waiting for batches, and in all.
  private var clock = (waiting: 0.0, total: 0.0)
  private var lastCheckpoint = ContinuousClock.now

  /// - Parameters:
  ///   - selectionFaces: the faces that choose the epoch; nil only under `last`.
  ///   - state: where checkpoints live; nil for none.
  ///   - fingerprint: tells this run from others with the same state directory.
  public init(
    options: TrainingOptions, description: ModelDescription, encoder: VisualEncoder,
    objective: any Objective, faces: LabelledFaces, selectionFaces: LabelledFaces?, threads: Int,
    state: String?, fingerprint: String
  ) throws {
    self.options = options
    self.description = description
    self.encoder = encoder
    self.objective = objective
    self.faces = faces
    self.selectionFaces = selectionFaces
    loader = BatchLoader(faces: faces, options: options, threads: threads)
    guard loader.batchesPerEpoch > 0 else {
      throw Fault(
        .badInput, "\(faces.count) training faces make no batch of \(options.batchSize)",
        remedy: "set a smaller batch_size, or drop_last=false")
    }
    let parameters = encoder.layer.parameters + objective.parameters
    try ParameterGroups.freeze(parameters, options.frozen)
    try ParameterGroups.scaleRates(parameters, options.learningRateFactors)
    if !options.decaysVectors { ParameterGroups.spareVectors(parameters) }
    try Self.setRecomputation(encoder, options)
    dropout = Dropout(
      "dropout", rate: options.dropout, seed: options.seed, stream: RandomStream.dropout.rawValue)
    trainsEncoder = encoder.layer.parameters.contains(where: \.isTrainable)
    optimiser = Self.optimiser(parameters, options)
    let tensors = encoder.layer.state + objective.parameters.map { NamedTensor($0.name, $0.value) }
    average = options.averageDecay.map { ExponentialAverage(of: tensors, decay: $0) }
    best =
      selectionFaces == nil
      ? [] : tensors.map { NamedTensor("best.\($0.name)", $0.tensor.copy()) }
    checkpoint = state.map { TrainingCheckpoint(directory: $0, fingerprint: fingerprint) }
    progress = TrainingProgress(
      selectionName: options.selection == .testBest ? "test" : "validation",
      terms: options.method.kind.terms)
    labels = EditedLabels(faces.labels)
  }

  /// - Throws: `Fault` where the encoder keeps all its activations.
  private static func setRecomputation(
    _ encoder: VisualEncoder, _ options: TrainingOptions
  ) throws {
    if let network = encoder.layer as? any RecomputingNetwork {
      network.recomputesBlocks = options.recomputation == .blocks
    } else if options.recomputation != .none {
      throw Fault(
        .usage, "the encoder '\(options.encoder)' cannot compute its blocks again",
        remedy: "leave recompute out")
    }
  }

  private static func optimiser(
    _ parameters: [Parameter], _ options: TrainingOptions
  ) -> any Optimiser {
    switch options.optimiser {
    case .sgd:
      SGD(
        parameters, learningRate: options.rate.rate, momentum: options.momentum,
        weightDecay: options.weightDecay, nesterov: options.usesNesterov)
    case .adamw:
      AdamW(
        parameters, learningRate: options.rate.rate, weightDecay: options.weightDecay)
    }
  }

  /// The tensors of the model as trained so far, without averages or the best epoch.
  private var live: [NamedTensor] {
    encoder.layer.state + objective.parameters.map { NamedTensor($0.name, $0.value) }
  }

  /// Everything that changes during the run, but for the best epoch's copies.
  private var changing: [NamedTensor] {
    live + dropout.buffers
      + objective.state.map { NamedTensor("objective.\($0.name)", $0.tensor) }
      + optimiser.state.map { NamedTensor("optimiser.\($0.name)", $0.tensor) }
      + (average?.averages ?? []).map { NamedTensor("average.\($0.name)", $0.tensor) }
  }

  /// Trains to the end, from the checkpoint where there is one, and leaves the chosen weights in
  /// the encoder and the objective.
  ///
  /// - Throws: `Fault` where the loss breaks, or `interrupted` when the observer cancels.
  public func run(_ observer: any TrainingObserver) throws {
    if let checkpoint,
      let resumed = try checkpoint.load(
        into: changing, best: best, selectionName: progress.history.selectionName,
        terms: options.method.kind.terms)
    {
      progress = resumed
      labels = EditedLabels(faces.labels, resumed.edits)
    }
    let start = ContinuousClock.now
    if !isFinished { try trainEpochs(observer) }
    clock.total = Self.seconds(since: start)
    adoptChosenWeights()
  }

  /// The share of the run's time spent waiting for batches.
  public var waitingShare: Double { clock.total > 0 ? clock.waiting / clock.total : 0 }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let parts = (ContinuousClock.now - start).components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }

  /// Whether all epochs are done, or the best one is too long ago.
  private var isFinished: Bool {
    if progress.epoch >= options.epochs { return true }
    guard let patience = options.patience, let best = progress.best else { return false }
    return progress.epoch - 1 - best.epoch >= patience
  }

  /// The rate of a step of this epoch; a run that is resumed at an epoch's end has taken none yet.
  private func learningRate(step: Int) -> Double {
    let perEpoch = (loader.batchesPerEpoch + options.accumulation - 1) / options.accumulation
    return options.rate.value(epoch: progress.epoch, step: step, of: options.epochs * perEpoch)
  }

  private func trainEpochs(_ observer: any TrainingObserver) throws {
    let batches = loader.batches(fromEpoch: progress.epoch, batch: progress.batch)
    repeat {
      while progress.batch < loader.batchesPerEpoch {
        optimiser.learningRate = learningRate(step: progress.step)
        try takeStep(batches, observer)
        if observer.isCancelled { try interrupt() }
        if checkpointIsDue { try save() }
      }
      try finishEpoch()
      if isFinished || progress.epoch % options.checkpointEvery == 0 { try save() }
    } while !isFinished
  }

  /// One optimiser step over `accumulation` batches, fewer at the end of an epoch.
  private func takeStep(_ batches: Prefetcher<Batch>, _ observer: any TrainingObserver) throws {
    let count = min(options.accumulation, loader.batchesPerEpoch - progress.batch)
    var sums = EpochSums(termCount: options.method.kind.terms.count)
    var rows: [Int] = []
    optimiser.zeroGradients()
    for _ in 0..<count {
      let start = ContinuousClock.now
      guard let batch = try batches.next() else {
        preconditionFailure("the loader ended before the run")
      }
      clock.waiting += Self.seconds(since: start)
      try evaluate(batch, &sums)
      rows += batch.rows
      progress.batch += 1
      report(observer)
    }
    if count > 1 {
      for parameter in optimiser.parameters where parameter.isTrainable {
        Elementwise.multiply(parameter.gradient, by: 1 / Float(count))
      }
    }
    let norm =
      options.clipNorm.map { optimiser.clipGradients(norm: $0) } ?? optimiser.gradientNorm
    guard norm.isFinite else { throw divergence("the gradient of \(brokenGradient)", rows) }
    optimiser.step()
    average?.update()
    progress.step += 1
    progress.sums.add(sums)
    if options.historyUnit == .step { progress.history.rows.append(row(of: sums)) }
  }

  /// The last part of the model, which the backward pass comes to first, without finite gradients.
  private var brokenGradient: String {
    let trained = optimiser.parameters.filter(\.isTrainable)
    return trained.last { !Elementwise.sumOfSquares($0.gradient).isFinite }?.name ?? "all weights"
  }

  func divergence(_ term: String, _ rows: [Int]) -> Fault {
    let ids = rows.prefix(8).map { faces.ids[$0] }.joined(separator: ", ")
    let more = rows.count > 8 ? " and \(rows.count - 8) more" : ""
    return Fault(
      .badInput,
      "the run diverged: \(term) is not finite in epoch \(progress.epoch), step \(progress.step), "
        + "with the faces \(ids)\(more)",
      remedy: "set a smaller learning_rate or clip_norm")
  }

  private func row(of sums: EpochSums) -> HistoryRow {
    sums.row(
      epoch: progress.epoch, step: progress.step,
      learningRate: learningRate(step: progress.step - 1))
  }

  private func finishEpoch() throws {
    let weights = optimiser.parameters.reduce(0.0) { $0 + Elementwise.sumOfSquares($1.value) }
    guard weights.isFinite else {
      throw Fault(
        .badInput, "the run diverged: the weights are not finite after epoch \(progress.epoch)",
        remedy: "set a smaller learning_rate or clip_norm")
    }
    try editLabels()
    let scores = try withAverages { try selectionScores() }
    if options.historyUnit == .epoch { progress.history.rows.append(row(of: progress.sums)) }
    progress.history.rows[progress.history.rows.count - 1].selected = scores
    if let scores, progress.best.map({ scores.isBetter(than: $0.scores) }) ?? true {
      progress.best = .init(epoch: progress.epoch, scores: scores)
      let source = average?.averages.map(\.tensor) ?? live.map(\.tensor)
      for (copy, tensor) in zip(best, source) { copy.tensor.copy(from: tensor) }
    }
    progress.epoch += 1
    progress.batch = 0
    progress.sums = EpochSums(termCount: options.method.kind.terms.count)
  }

  private func selectionScores() throws -> HistoryRow.Scores? {
    guard let rows = selectionFaces else { return nil }
    let classifier = Classifier(description: description, encoder: encoder, head: objective)
    let logits = try classifier.logits(count: rows.count) { rows.pixels($0) }
    let loss = LabelCrossEntropy.evaluate(
      logits: logits, targets: rows.targets(Array(0..<rows.count), smoothing: 0)
    ).loss
    let confusion = ScoredSamples(
      labels: rows.labels, probabilities: logits, classCount: rows.classCount
    ).confusion
    return HistoryRow.Scores(
      accuracy: confusion.accuracy ?? 0, meanAccuracy: confusion.meanAccuracy ?? 0, loss: loss)
  }

  /// Runs `body` with the averaged weights in place, where there are any.
  private func withAverages<T>(_ body: () throws -> T) rethrows -> T {
    guard let average else { return try body() }
    let kept = live.map { $0.tensor.copy() }
    for (named, mean) in zip(live, average.averages) { named.tensor.copy(from: mean.tensor) }
    defer { for (named, old) in zip(live, kept) { named.tensor.copy(from: old) } }
    return try body()
  }

  private func adoptChosenWeights() {
    let chosen = progress.best == nil ? average?.averages : best
    guard let chosen else { return }
    for (named, value) in zip(live, chosen) { named.tensor.copy(from: value.tensor) }
  }

  private var checkpointIsDue: Bool {
    checkpoint != nil
      && Self.seconds(since: lastCheckpoint) >= 60 * options.checkpointMinutes
  }

  private func save() throws {
    lastCheckpoint = .now
    try checkpoint?.save(changing + (progress.best == nil ? [] : best), progress: progress)
  }

  private func interrupt() throws {
    try save()
    let place = "epoch \(progress.epoch), batch \(progress.batch) of \(loader.batchesPerEpoch)"
    throw Fault(
      .interrupted, "interrupted in \(place)",
      remedy: checkpoint == nil ? nil : "the same command goes on from there")
  }

  private func report(_ observer: any TrainingObserver) {
    let done = progress.epoch * loader.batchesPerEpoch + progress.batch
    let total = options.epochs * loader.batchesPerEpoch
    observer.progress(
      images: done * options.batchSize, of: total * options.batchSize,
      message: statusLine)
  }

  private var statusLine: String {
    var text = "epoch \(progress.epoch + 1)/\(options.epochs)"
    if progress.sums.samples > 0 {
      let row = row(of: progress.sums)
      text += " loss \(Self.short(row.loss))"
      for (term, value) in zip(options.method.kind.terms, row.terms) {
        if let value { text += " \(term.symbol) \(Self.short(value))" }
      }
      text += " accuracy \(Self.short(row.accuracy))"
    }
    if let scores = progress.history.rows.last(where: { $0.selected != nil })?.selected {
      text += " \(progress.history.selectionName) \(Self.short(scores.accuracy))"
    }
    return text
  }

  private static func short(_ value: Double) -> String {
    abs(value) < 1e6 ? JSONValue.plain((value * 1000).rounded() / 1000) : value.description
  }

  /// The model's tensors: encoder, method and what a prediction needs besides.
  public var modelTensors: [NamedTensor] { live + objective.buffers }

  /// The rows of `history.csv`.
  public var history: TrainingHistory { progress.history }

  /// The epoch whose weights were chosen and its scores, for the model's description.
  public var selected: JSONValue {
    guard let best = progress.best else { return ["epoch": .integer(progress.epoch - 1)] }
    return [
      "epoch": .integer(best.epoch), "rows": .string(progress.history.selectionName),
      "n": .integer(selectionFaces?.count ?? 0), "accuracy": .number(best.scores.accuracy),
      "mean_accuracy": .number(best.scores.meanAccuracy), "loss": .number(best.scores.loss),
    ]
  }
}
