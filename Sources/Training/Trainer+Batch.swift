import Artifacts
import Methods
import Metrics
import Neural
import Platform
import Tensors

extension Trainer {
  /// The forward and backward passes of one batch.
  func evaluate(_ batch: Batch, _ sums: inout EpochSums) throws {
    let targets = labels.targets(batch.rows, of: faces, smoothing: options.labelSmoothing)
    var input = ObjectiveBatch(
      features: Tensor([0]), targets: targets, rows: batch.rows, epoch: progress.epoch,
      step: progress.step, seed: options.seed)
    let value: ObjectiveValue
    if let second = batch.secondImages {
      value = try evaluate(batch.images, second, &input)
    } else {
      input.features = features(batch.images)
      value = objective.evaluate(input)
      try check(value, batch.rows)
      carryBack(value.featureGradient)
    }
    let scored = ScoredSamples(
      labels: targets.labels, probabilities: value.logits, classCount: targets.classCount)
    sums.add(value, count: batch.rows.count, correct: scored.hits.count { $0 })
  }

  /// Two views of each face: a forward pass each, as if the encoder stood twice with one set of
  /// weights.
  ///
  /// Layers keep the activations of one pass, so that of the first view keeps nothing and is
  /// repeated, with the same random masks, before its backward pass: half as much memory as a batch
  /// of twice the size. Running statistics move by the first view, then by the second.
  private func evaluate(
    _ first: Tensor, _ second: Tensor, _ input: inout ObjectiveBatch
  ) throws -> ObjectiveValue {
    let buffers = encoder.layer.buffers + dropout.buffers
    input.features = Recomputation.$pass.withValue(.first) { features(first) }
    let between = buffers.map { $0.tensor.copy() }
    input.secondFeatures = features(second)
    let value = objective.evaluate(input)
    try check(value, input.rows)
    guard trainsEncoder else { return value }
    if let gradient = value.secondGradient { carryBack(gradient) }
    let after = buffers.map { $0.tensor.copy() }
    for (named, old) in zip(buffers, between) { named.tensor.copy(from: old) }
    _ = Recomputation.$pass.withValue(.repeated) { features(first) }
    carryBack(value.featureGradient)
    for (named, new) in zip(buffers, after) { named.tensor.copy(from: new) }
    return value
  }

  private func features(_ images: Tensor) -> Tensor {
    dropout.forward(encoder.layer.forward(images, training: trainsEncoder), training: true)
  }

  private func carryBack(_ gradient: Tensor) {
    guard trainsEncoder else { return }
    _ = encoder.layer.backward(dropout.backward(gradient), inputGradient: false)
  }

  /// - Throws: `Fault` naming the first loss that is not finite, the single ones first.
  private func check(_ value: ObjectiveValue, _ rows: [Int]) throws {
    let terms = zip(options.method.kind.terms, value.terms).map { ($0.column, $1) }
    let broken = (terms + [("loss", value.total)]).first { $0.1.map { !$0.isFinite } ?? false }
    if let broken { throw divergence(broken.0, rows) }
  }

  /// Ends the method's epoch and takes over the labels that it replaces.
  func editLabels() throws {
    let end = EpochEnd(epoch: progress.epoch, faceCount: faces.count, labels: labels.labels) {
      [faces, description, encoder, objective] rows in
      let classifier = Classifier(description: description, encoder: encoder, head: objective)
      return try classifier.features(0..<rows.count) { faces.pixels(rows[$0]) }
    }
    for edit in try objective.endEpoch(end) {
      progress.edits.append(
        RecordedEdit(
          epoch: progress.epoch, row: edit.row, from: labels.labels[edit.row], to: edit.label,
          reason: edit.reason))
      labels.apply(row: edit.row, label: edit.label)
    }
  }

  /// The table of replaced labels, `label_edits.csv`; nil where the method replaced none.
  public var labelEdits: String? {
    guard !progress.edits.isEmpty else { return nil }
    let names = description.classes.names
    return CSV.line(["epoch", "id", "from", "to", "reason"])
      + progress.edits.map {
        CSV.line([
          String($0.epoch), faces.ids[$0.row], names[$0.from], names[$0.to], $0.reason,
        ])
      }.joined()
  }
}
