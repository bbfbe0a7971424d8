import Artifacts
import Imaging
import Methods
import Metrics
import Networks
import Neural
import Platform
import Samples
import Tensors
import Testing
import Training

/// The training loop on tiny pictures whose class is a patch's place.
@Suite struct MethodTrainerTests {
  static let size = 16
  static let names = ["surprise", "anger", "neutral"]

  /// Pictures of noise with a bright patch; the class says where.
  static func faces(_ count: Int, seed: UInt64) -> LabelledFaces {
    var generator = SeededGenerator(seed: seed)
    var pictures: [[UInt8]] = []
    let labels = (0..<count).map { $0 % names.count }
    for label in labels {
      var pixels = (0..<size * size * 3).map { _ in UInt8(generator.below(96)) }
      for y in 2..<7 {
        for x in 0..<5 {
          for c in 0..<3 { pixels[((y + 4 * label) * size + x + 5 * label) * 3 + c] = 220 }
        }
      }
      pictures.append(pixels)
    }
    let store = PictureStore(pictures)
    return LabelledFaces(
      size: size, ids: labels.indices.map { "face-\($0)" }, labels: labels,
      classCount: names.count, picture: { store[$0] })
  }

  final class PictureStore: @unchecked Sendable {
    private let buffers: [UnsafeMutableBufferPointer<UInt8>]
    init(_ pictures: [[UInt8]]) {
      buffers = pictures.map { pixels in
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: pixels.count)
        _ = buffer.initialize(from: pixels)
        return buffer
      }
    }
    deinit { for buffer in buffers { buffer.deallocate() } }
    subscript(row: Int) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(buffers[row]) }
  }

  final class Observer: TrainingObserver {
    var stepsLeft: Int
    var last = ""
    init(stopAfter: Int = .max) { stepsLeft = stopAfter }
    func progress(images: Int, of total: Int, message: String) { last = message }
    var isCancelled: Bool {
      stepsLeft -= 1
      return stepsLeft <= 0
    }
  }

  func options(_ method: MethodKind = DiscreteObjective.kind) throws -> TrainingOptions {
    var options = TrainingOptions(
      method: try method.choice(),
      augmentation: try .preset("ke-code", size: Self.size),
      rate: LearningRate(rate: 0.05, warmupEpochs: 1, warmupRate: 0.01, epochs: 4))
    options.epochs = 4
    options.batchSize = 8
    options.width = 0.0625
    options.sampler = .balanced
    return options
  }

  func description(_ options: TrainingOptions) throws -> ModelDescription {
    ModelDescription(
      classes: try ClassList(exactly: Self.names), encoder: options.encoder, width: options.width,
      method: options.method.kind.name,
      temperature: options.method.values["temperature"]?.number ?? 1,
      preprocessing: Preprocessing(imageSize: Self.size), selection: options.selection.rawValue,
      selected: .null, data: .null, parameters: .null, prompts: .null)
  }

  func trainer(
    _ options: TrainingOptions, threads: Int = 2, state: String? = nil,
    fingerprint: String = "run"
  ) throws -> Trainer {
    var generator = SeededGenerator(
      seed: options.seed, RandomStream.initialisation.rawValue)
    let encoder = try EncoderCatalogue.standard.make(
      options.encoder, EncoderOptions(width: options.width, imageSize: Self.size),
      generator: &generator)
    let classes = try ClassList(exactly: Self.names)
    let objective = try options.method.kind.make(
      MethodSetup(
        values: options.method.values, classes: classes,
        embeddings: try .circumplex(Self.names, prompts: Self.names), width: encoder.width),
      &generator)
    return try Trainer(
      options: options, description: try description(options), encoder: encoder,
      objective: objective,
      faces: Self.faces(42, seed: 1), selectionFaces: Self.faces(12, seed: 2), threads: threads,
      state: state, fingerprint: fingerprint)
  }

  func bits(_ trainer: Trainer) -> [UInt32] {
    trainer.modelTensors.flatMap { $0.tensor.values.map(\.bitPattern) }
  }

  func temporaryFolder() throws -> String {
    let folder = "/tmp/ferry-trainer-\(UInt64.random(in: 0...(.max)))"
    try Files.makeDirectories(folder)
    return folder
  }

  @Test(arguments: MethodCatalogue.standard.names)
  func everyMethodLearnsThePatches(method: String) throws {
    var options = try options(try #require(MethodCatalogue.standard[method]))
    options.augmentation = try .preset("none", size: Self.size)
    options.epochs = 20
    options.rate.epochs = 20
    let trainer = try trainer(options)
    let observer = Observer()
    try trainer.run(observer)
    let rows = trainer.history.rows
    #expect(rows.count == 20 && rows.last?.step == 100)
    #expect(try #require(rows.last?.loss) < #require(rows.first?.loss))
    // Chance is a third; the twelve pictures allow steps of a twelfth.
    #expect(trainer.selected["accuracy"]?.number ?? 0 > 0.8)
    #expect(observer.last.contains("epoch 20/20") && observer.last.contains("validation"))
    let terms = try #require(MethodCatalogue.standard[method]).terms
    #expect(rows.allSatisfy { $0.terms.count == terms.count && !$0.terms.contains(nil) })
    let columns = ["epoch", "step", "learning_rate", "loss"] + terms.map(\.column) + ["accuracy"]
    #expect(trainer.history.csv.hasPrefix(columns.joined(separator: ",") + ","))
  }

  @Test func threadsDoNotChangeABit() throws {
    var options = try options(KnowledgeObjective.kind)
    options.dropout = 0.3
    let (one, four) = (try trainer(options, threads: 1), try trainer(options, threads: 4))
    try one.run(Observer())
    try four.run(Observer())
    #expect(bits(one) == bits(four))
    #expect(one.history == four.history)
  }

  @Test(arguments: [false, true])
  func aRunCutOffAndResumedGivesTheSameBits(everything: Bool) throws {
    var options = try options(KnowledgeObjective.kind)
    if everything {
      options.optimiser = .adamw
      options.accumulation = 2
      options.averageDecay = 0.8
      options.clipNorm = 1
      options.dropout = 0.3
      options.recomputation = .blocks
      options.rate.schedule = .oneCycle
      options.historyUnit = .step
      options.dropsLast = false
      options.checkpointEvery = 3
      options.checkpointMinutes = 0
    }
    let whole = try trainer(options)
    try whole.run(Observer())
    let folder = try temporaryFolder()
    defer { try? Files.removeTree(folder) }
    var resumed: Trainer?
    // The first stops are at an epoch's last step, of three with everything and of five without.
    for stop in [3, 2, 5, 1, 3, .max] {
      let next = try trainer(options, state: folder)
      resumed = next
      do {
        try next.run(Observer(stopAfter: stop))
      } catch let fault as Fault { #expect(fault.code == .interrupted) }
    }
    #expect(bits(try #require(resumed)) == bits(whole))
    #expect(resumed?.history == whole.history)
    #expect(resumed?.selected == whole.selected)
    #expect(throws: Fault.self) {
      try trainer(options, state: folder, fingerprint: "another").run(Observer())
    }
  }

  @Test func divergenceNamesStepFacesAndLoss() throws {
    var options = try options(DiscreteObjective.kind)
    options.rate = LearningRate(schedule: .constant, rate: 1e30, warmupEpochs: 0, epochs: 4)
    #expect {
      try trainer(options).run(Observer())
    } throws: { error in
      let text = (error as? Fault)?.description ?? ""
      return text.contains("diverged") && text.contains("face-") && text.contains("step ")
    }
  }

  @Test func frozenPartsKeepTheirBitsWithTheirStatistics() throws {
    var options = try options(KnowledgeObjective.kind)
    options.frozen = ["encoder.conv1", "encoder.bn1", "encoder.layer1", "encoder.layer3"]
    options.selection = .last
    let (before, after) = (try trainer(options), try trainer(options))
    try after.run(Observer())
    for (old, new) in zip(before.modelTensors, after.modelTensors)
    where old.name.hasPrefix("encoder") {
      let isFrozen = options.frozen.contains { old.name.hasPrefix($0) }
      #expect((old.tensor.values == new.tensor.values) == isFrozen, "\(old.name)")
    }
    options.frozen = ["encoder.layr1"]
    #expect {
      try trainer(options)
    } throws: { error in
      (error as? Fault)?.remedy?.contains("encoder.layer1") ?? false
    }
  }

  @Test func rateFactorsSlowPartsDownAndTheLongestNameCounts() throws {
    var options = try options(DiscreteObjective.kind)
    options.selection = .last
    options.weightDecay = 0
    options.learningRateFactors = ["encoder": 0, "encoder.layer4.1": 2]
    let (before, after) = (try trainer(options), try trainer(options))
    try after.run(Observer())
    for (old, new) in zip(before.modelTensors, after.modelTensors)
    where !old.name.contains("running") {
      let moves = old.name.hasPrefix("encoder.layer4.1") || old.name.hasPrefix("method")
      #expect((old.tensor.values != new.tensor.values) == moves, "\(old.name)")
    }
    options.learningRateFactors = ["encodr": 1]
    #expect(throws: Fault.self) { try trainer(options) }
  }

  @Test func aStoredModelPredictsWhatTheTrainedOneDoes() throws {
    for method in MethodCatalogue.standard.kinds {
      var options = try options(method)
      options.epochs = 1
      let trainer = try trainer(options)
      try trainer.run(Observer())
      let folder = try temporaryFolder()
      defer { try? Files.removeTree(folder) }
      let path = Files.join(folder, ModelFile.fileName)
      try ModelFile.write(
        trainer.modelTensors, description: try description(options), to: path)
      let classifier = try Classifier(path)
      let rows = Self.faces(12, seed: 2)
      let probabilities = try classifier.probabilities(count: rows.count) { rows.pixels($0) }
      let scored = ScoredSamples(
        labels: rows.labels, floats: probabilities, classCount: Self.names.count)
      #expect(scored.confusion.accuracy == trainer.selected["accuracy"]?.number)
      let sums = stride(from: 0, to: probabilities.count, by: 3).map {
        probabilities[$0..<$0 + 3].reduce(0, +)
      }
      #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
      #expect(classifier.classes.names == Self.names)
    }
  }

  @Test func earlyStoppingEndsTheRun() throws {
    var options = try options(DiscreteObjective.kind)
    options.rate = LearningRate(schedule: .constant, rate: 0, warmupEpochs: 0, epochs: 4)
    options.epochs = 30
    options.patience = 2
    options.sampler = .uniform
    options.weightDecay = 0
    let trainer = try trainer(options)
    try trainer.run(Observer())
    #expect(trainer.history.rows.count < 30)
  }

  @Test func tooFewFacesForABatchAreRefused() throws {
    var options = try options(DiscreteObjective.kind)
    options.batchSize = 64
    #expect(throws: Fault.self) { try trainer(options) }
  }

  @Test(arguments: MethodCatalogue.standard.names)
  func recomputationDoesNotChangeABitAndDropoutDoes(method: String) throws {
    var options = try options(try #require(MethodCatalogue.standard[method]))
    options.epochs = 2
    func run() throws -> [UInt32] {
      let trainer = try trainer(options)
      try trainer.run(Observer())
      return bits(trainer)
    }
    let plain = try run()
    options.recomputation = .blocks
    #expect(try run() == plain)
    options.dropout = 0.2
    let dropped = try run()
    #expect(dropped != plain)
    options.recomputation = .none
    #expect(try run() == dropped)
    #expect(try trainer(options).modelTensors.allSatisfy { !$0.name.contains("dropout") })
  }

  @Test func decayAndMomentumHaveTheirVariants() throws {
    var options = try options(DiscreteObjective.kind)
    options.epochs = 1
    func run() throws -> [String: [Float]] {
      let trainer = try trainer(options)
      try trainer.run(Observer())
      return Dictionary(
        uniqueKeysWithValues: trainer.modelTensors.map { ($0.name, $0.tensor.values) })
    }
    let plain = try run()
    options.usesNesterov = true
    #expect(try run() != plain)
    options.usesNesterov = false
    // With a rate of 0 for all but decay's own weights, only matrices would shrink.
    options.weightDecay = 10
    let all = try run()
    options.decaysVectors = false
    let matrices = try run()
    let name = "method.classifier.weight"
    func size(_ values: [Float]?) -> Float { (values ?? []).reduce(0) { $0 + $1 * $1 } }
    #expect(size(all[name]) < size(plain[name]) && size(matrices[name]) < size(plain[name]))
    #expect(size(all["encoder.bn1.weight"]) < 0.9 * size(matrices["encoder.bn1.weight"]))
  }

  @Test func ratesOfOneCycleChangeWithEveryStep() throws {
    var options = try options(DiscreteObjective.kind)
    options.rate = LearningRate(schedule: .oneCycle, rate: 0.05, warmupEpochs: 1, epochs: 4)
    options.historyUnit = .step
    let trainer = try trainer(options)
    try trainer.run(Observer())
    let rates = trainer.history.rows.map(\.learningRate)
    let expected = OneCycleRate(0.05, steps: 20)
    #expect(rates == (0..<20).map { expected.rate(at: Double($0)) })
    let linear = LearningRate(schedule: .linear, rate: 1, warmupEpochs: 0, epochs: 8)
    #expect([0, 2, 8, 9].map(linear.value) == [1, 0.75, 0, 0])
    // A warm-up shortens the line: it ends at 0 with the last epoch all the same.
    let late = LearningRate(schedule: .linear, rate: 1, warmupEpochs: 2, epochs: 10)
    #expect([2, 4, 9, 10].map(late.value) == [1, 0.75, 0.125, 0])
    var warm = LearningRate(schedule: .constant, rate: 1, warmupEpochs: 4, warmupRate: 0, epochs: 9)
    warm.warmup = .linear
    #expect([0, 1, 3, 4, 8].map(warm.value) == [0, 0.25, 0.75, 1, 1])
  }

  @Test func learningRatesFollowThePublishedRecipe() {
    let rate = LearningRate()
    #expect(rate.value(epoch: 0) == 1e-4)
    #expect(abs(rate.value(epoch: 1) - 2e-3) < 1e-12)
    #expect(abs(rate.value(epoch: 26) - 1e-3) < 1e-12)
    let step = LearningRate(schedule: .step, rate: 1, warmupEpochs: 0, epochs: 9)
    #expect([0, 2, 3, 6].map(step.value) == [1, 1, 0.1, 0.1 * 0.1])
  }
}
