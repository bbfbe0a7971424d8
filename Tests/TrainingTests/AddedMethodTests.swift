import Artifacts
import Methods
import Metrics
import Networks
import Neural
import Platform
import Samples
import Tensors
import TestSupport
import Testing
import Training

/// A method that no source file knows: one folder would hold everything here.
private final class Mirroring: Objective {
  static let kind = MethodKind(
    "mirroring", title: "Mirroring", summary: "logits of a face and its mirror agree",
    parameters: [ContractParameter("pull", .number, default: 0.5, minimum: 0, help: "Weight.")],
    terms: [LossTerm("labels", symbol: "y"), LossTerm("mirror", symbol: "m")],
    secondView: .mirrored,
    export: { tensors, _ in
      let (shape, rows) = try tensors("method.mirroring.weight")
      return ExportedHead(rows: rows, width: shape[1], summary: "a dense layer without bias")
    },
    load: { file, width in
      var generator = SeededGenerator(seed: 0)
      let made = Mirroring(
        width: width, classCount: file.description.classes.count, pull: 0, generator: &generator)
      for parameter in made.parameters { try file.load(parameter.name, into: parameter.value) }
      return made
    },
    make: { setup, generator in
      Mirroring(
        width: setup.width, classCount: setup.classes.count, pull: setup.values.number("pull"),
        generator: &generator)
    })

  private let layer: Linear
  private let second: Linear
  private let pull: Double
  private let seen: Tensor

  init(width: Int, classCount: Int, pull: Double, generator: inout SeededGenerator) {
    layer = Linear(
      "method.mirroring", inputs: width, outputs: classCount, bias: false, generator: &generator)
    second = Linear(
      "method.mirroring", inputs: width, outputs: classCount, bias: false, generator: &generator)
    self.pull = pull
    seen = .zeros([classCount])
  }

  var parameters: [Parameter] { layer.parameters }
  var state: [NamedTensor] { [NamedTensor("seen", seen)] }

  func logits(_ features: Tensor) -> [Double] {
    layer.forward(features, training: false).values.map(Double.init)
  }

  /// Cross-entropy of the first view, and half the mean square between the two views' logits.
  func evaluate(_ batch: ObjectiveBatch) -> ObjectiveValue {
    guard let mirrored = batch.secondFeatures else { preconditionFailure("a view is missing") }
    for label in batch.targets.labels { seen[label] += 1 }
    second.weight.value.copy(from: layer.weight.value)
    second.weight.zeroGradient()
    let logits = layer.forward(batch.features, training: true).values.map(Double.init)
    let others = second.forward(mirrored, training: true).values.map(Double.init)
    let (loss, byLogits) = LabelCrossEntropy.evaluate(logits: logits, targets: batch.targets)
    let gaps = zip(logits, others).map { $0 - $1 }
    let share = 1 / Double(gaps.count)
    let shape = [batch.targets.count, batch.targets.classCount]
    let first = zip(byLogits, gaps).map { Float($0 + pull * share * $1) }
    let back = layer.backward(Tensor(shape, values: first))
    let secondBack = second.backward(
      Tensor(shape, values: gaps.map { Float(-pull * share * $0) }))
    Elementwise.add(second.weight.gradient, to: layer.weight.gradient)
    let mirror = gaps.reduce(0) { $0 + $1 * $1 } * share / 2
    return ObjectiveValue(
      total: loss + pull * mirror, terms: [loss, mirror], logits: logits, featureGradient: back,
      secondGradient: secondBack)
  }

  /// The face at epoch's number gets the next class.
  func endEpoch(_ epoch: EpochEnd) throws -> [LabelEdit] {
    let features = try epoch.features([epoch.epoch])
    #expect(features.shape[0] == 1)
    let label = (epoch.labels[epoch.epoch] + 1) % 3
    return [LabelEdit(row: epoch.epoch, label: label, reason: "turned")]
  }
}

/// Adding a method touches one folder: here, one class.
@Suite struct AddedMethodTests {
  private let base = MethodTrainerTests()
  private let methods = MethodCatalogue(MethodCatalogue.standard.kinds + [Mirroring.kind])

  private func options(_ encoder: String = "resnet18") throws -> TrainingOptions {
    var options = try base.options(Mirroring.kind)
    options.encoder = encoder
    options.epochs = 3
    options.dropout = 0.2
    return options
  }

  @Test func itsLossesAreInTheHistoryAndTheStatusLine() throws {
    let trainer = try base.trainer(try options())
    let observer = MethodTrainerTests.Observer()
    try trainer.run(observer)
    #expect(
      trainer.history.csv.hasPrefix(
        "epoch,step,learning_rate,loss,loss_labels,loss_mirror,accuracy,"))
    for row in trainer.history.rows {
      let (labels, mirror) = (try #require(row.terms[0]), try #require(row.terms[1]))
      #expect(abs(labels + 0.5 * mirror - row.loss) < 1e-9)
      #expect(mirror > 0)
    }
    #expect(observer.last.contains(" y ") && observer.last.contains(" m "))
  }

  @Test func itsModelPredictsAndExports() throws {
    let options = try options()
    let trainer = try base.trainer(options)
    try trainer.run(MethodTrainerTests.Observer())
    let folder = try ScratchFolder()
    let path = Files.join(folder.path, ModelFile.fileName)
    try ModelFile.write(
      trainer.modelTensors, description: try base.description(options), to: path)
    let rows = MethodTrainerTests.faces(12, seed: 2)
    let classifier = try Classifier(path, methods: methods)
    let probabilities = try classifier.probabilities(count: rows.count) { rows.pixels($0) }
    let scored = ScoredSamples(labels: rows.labels, floats: probabilities, classCount: 3)
    #expect(scored.confusion.accuracy == trainer.selected["accuracy"]?.number)
    let fault = #expect(throws: Fault.self) { try Classifier(path) }
    #expect(fault?.remedy?.contains("discrete") == true)
    let file = try ModelFile(path)
    let export = try #require(Mirroring.kind.export)
    let head = try export(
      { name in
        let entry = try file.tensors.require(name, .float32)
        return (entry.shape, try file.tensors.floats(entry))
      }, file.description)
    #expect(head.rows.count == 3 * head.width)
  }

  @Test func aResumedRunHasItsStateItsEditsAndTheSameBits() throws {
    let whole = try base.trainer(try options())
    try whole.run(MethodTrainerTests.Observer())
    let folder = try ScratchFolder()
    var resumed: Trainer?
    for stop in [3, 4, 6, .max] {
      let next = try base.trainer(try options(), state: folder.path)
      resumed = next
      do {
        try next.run(MethodTrainerTests.Observer(stopAfter: stop))
      } catch let fault as Fault { #expect(fault.code == .interrupted) }
    }
    #expect(base.bits(try #require(resumed)) == base.bits(whole))
    #expect(resumed?.history == whole.history)
    let seen = try #require(resumed?.objective.state.first).tensor.values
    #expect(seen == whole.objective.state[0].tensor.values && seen.reduce(0, +) == 3 * 5 * 8)
    #expect(resumed?.labelEdits == whole.labelEdits)
    #expect(
      whole.labelEdits == """
        epoch,id,from,to,reason
        0,face-0,surprise,anger,turned
        1,face-1,anger,neutral,turned
        2,face-2,neutral,surprise,turned

        """)
    #expect(whole.labels.labels[..<4] == [1, 2, 0, 0])
  }

  /// The repeated pass of the first view gives the gradients of two encoders with the same weights.
  @Test(arguments: ["resnet18", "swin-t"])
  func twoViewsHaveTheGradientsOfTwoEncoders(name: String) throws {
    let size = name == "resnet18" ? 16 : 224
    func encoder() throws -> VisualEncoder {
      var generator = SeededGenerator(seed: 3)
      return try EncoderCatalogue.standard.make(
        name, EncoderOptions(width: 1.0 / 8, imageSize: size), generator: &generator)
    }
    func images(_ seed: UInt64) -> Tensor {
      var generator = SeededGenerator(seed: seed)
      return Tensor(
        [2, 3, size, size], values: (0..<6 * size * size).map { _ in Float(generator.normal()) })
    }
    let (one, first, second) = (try encoder(), try encoder(), try encoder())
    let weights = Recomputation.$pass.withValue(.first) {
      one.layer.forward(images(1), training: true)
    }
    let between = one.layer.buffers.map { $0.tensor.copy() }
    let other = one.layer.forward(images(2), training: true)
    _ = one.layer.backward(other.copy(), inputGradient: false)
    for (named, old) in zip(one.layer.buffers, between) { named.tensor.copy(from: old) }
    _ = Recomputation.$pass.withValue(.repeated) {
      one.layer.forward(images(1), training: true)
    }
    _ = one.layer.backward(weights.copy(), inputGradient: false)
    // The twin: two encoders, the second of which starts with the first one's buffers.
    let firstFeatures = first.layer.forward(images(1), training: true)
    for (named, old) in zip(second.layer.buffers, first.layer.buffers) {
      named.tensor.copy(from: old.tensor)
    }
    let secondFeatures = second.layer.forward(images(2), training: true)
    #expect(firstFeatures.values == weights.values && secondFeatures.values == other.values)
    _ = second.layer.backward(secondFeatures, inputGradient: false)
    _ = first.layer.backward(firstFeatures, inputGradient: false)
    for (own, (a, b)) in zip(
      one.layer.parameters, zip(first.layer.parameters, second.layer.parameters))
    {
      let sum = zip(a.gradient.values, b.gradient.values).map { $0 + $1 }
      let scale = sum.reduce(0) { max($0, abs($1)) }
      // Sums of single-precision gradients in another order.
      #expect(
        zip(own.gradient.values, sum).allSatisfy { abs($0 - $1) <= 1e-5 * max(scale, 1e-6) },
        "\(own.name)")
    }
  }
}
