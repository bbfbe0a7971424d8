import Artifacts
import Imaging
import Methods
import Networks
import Neural
import ONNX
import Platform
import Samples
import Tensors
import Testing
import Training
import Weights

/// Everything that a further network has to say, in one place.
private enum Patchwork {
  /// Patches of four pixels, each through one linear map, a normalisation and max(0, x); their mean.
  static let kind = EncoderKind(
    "patchwork", title: "Patchwork", imageSize: 16, channels: ("channels", 32), names: Names(),
    published: [
      KnownWeights(
        name: "patchwork-noise", summary: "Patchwork as it was drawn", encoder: "patchwork",
        licence: "CC0-1.0", how: "draw it")
    ], export: Export()
  ) { options, generator in
    let channels = Int(32 * options.width)
    let prefix = options.prefix
    let layers: [any Layer] = [
      Conv2d(
        "\(prefix)patches", inputs: 3, outputs: channels, kernel: 4, stride: 4,
        generator: &generator),
      BatchNorm2d("\(prefix)norm", channels: channels, relu: true), GlobalAveragePool(),
    ]
    return VisualEncoder(layer: Sequential(layers), width: channels)
  }

  struct Names: NameTable {
    let marks = ["patches.weight"]

    func place(_ name: String, rank: Int) -> TensorPlace? {
      name.hasPrefix("head.")
        ? .unused("the classifier")
        : name.hasPrefix("patches.") || name.hasPrefix("norm.") ? .whole(name) : nil
    }

    func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout {
      var layout = ArchitectureLayout()
      let channels = shapes["patches.weight"]?.first ?? 32
      layout.add("patches.weight", [channels, 3, 4, 4])
      layout.addNorm("norm", channels)
      layout.configuration = ["channels": .integer(channels)]
      return layout
    }
  }

  struct Export: EncoderExport {
    let classifierName = "head"

    func build(
      _ source: ExportSource, _ pixels: String, into graph: inout ONNXGraph
    ) throws -> String {
      let cells = graph.node(
        "Conv", [pixels, try source.weight("patches.weight", into: &graph)],
        ["kernel_shape": .integers([4, 4]), "strides": .integers([4, 4])])
      var inputs = [cells]
      for part in ["weight", "bias", "running_mean", "running_var"] {
        inputs.append(try source.weight("norm.\(part)", into: &graph))
      }
      let normed = graph.node("BatchNormalization", inputs, ["epsilon": .float(1e-5)])
      let pooled = graph.node("GlobalAveragePool", [graph.node("Relu", [normed])])
      return graph.node("Flatten", [pooled], ["axis": .integer(1)])
    }
  }
}

/// A network that the catalogue takes up is trained, saved, loaded, imported and exported with
/// nothing else told about it.
@Suite struct AddedNetworkTests {
  static let catalogue = EncoderCatalogue(EncoderCatalogue.standard.kinds + [Patchwork.kind])
  static let classes = ["surprise", "anger", "neutral"]
  static let size = 16

  /// Pictures of one colour a class, with noise.
  private static func faces(_ count: Int, seed: UInt64) -> LabelledFaces {
    var generator = SeededGenerator(seed: seed)
    let labels = (0..<count).map { $0 % classes.count }
    let bytes = labels.flatMap { label in
      (0..<size * size * 3).map { UInt8(generator.below(80)) + ($0 % 3 == label ? 120 : 0) }
    }
    let pictures = Pictures(bytes)
    return LabelledFaces(
      size: size, ids: labels.indices.map { "face-\($0)" }, labels: labels,
      classCount: classes.count, picture: { pictures[$0] })
  }

  private final class Pictures: Sendable {
    private nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>
    init(_ values: [UInt8]) {
      bytes = .allocate(capacity: values.count)
      _ = bytes.initialize(from: values)
    }
    deinit { bytes.deallocate() }
    subscript(row: Int) -> UnsafeBufferPointer<UInt8> {
      let count = size * size * 3
      return UnsafeBufferPointer(
        rebasing: UnsafeBufferPointer(bytes)[row * count..<(row + 1) * count])
    }
  }

  private final class Silent: TrainingObserver {
    func progress(images: Int, of total: Int, message: String) {}
    var isCancelled: Bool { false }
  }

  private func trained() throws -> (trainer: Trainer, description: ModelDescription) {
    var options = TrainingOptions(
      method: try DiscreteObjective.kind.choice(),
      augmentation: try .preset("none", size: Self.size),
      rate: LearningRate(schedule: .constant, rate: 0.05, warmupEpochs: 0, epochs: 6))
    options.encoder = "patchwork"
    options.width = 0.5
    options.epochs = 6
    options.batchSize = 8
    let description = ModelDescription(
      classes: try ClassList(exactly: Self.classes), encoder: options.encoder,
      width: options.width, method: options.method.kind.name, temperature: 1,
      preprocessing: Preprocessing(imageSize: Self.size), selection: "validation", selected: .null,
      data: .null, parameters: .null, prompts: .null)
    var generator = SeededGenerator(seed: 1)
    let encoder = try Self.catalogue.make(
      options.encoder, EncoderOptions(width: options.width, imageSize: Self.size),
      generator: &generator)
    let objective = DiscreteObjective(
      width: encoder.width, classCount: description.classes.count, generator: &generator)
    let trainer = try Trainer(
      options: options, description: description, encoder: encoder, objective: objective,
      faces: Self.faces(48, seed: 1), selectionFaces: Self.faces(12, seed: 2), threads: 2,
      state: nil, fingerprint: "patchwork")
    try trainer.run(Silent())
    return (trainer, description)
  }

  @Test func itTrainsAndItsModelPredicts() throws {
    let (trainer, description) = try trained()
    #expect(trainer.selected["accuracy"]?.number == 1)
    let folder = try TemporaryDirectory()
    let path = folder("model.safetensors")
    try ModelFile.write(trainer.modelTensors, description: description, to: path)
    let faces = Self.faces(12, seed: 3)
    let probabilities = try Classifier(path, encoders: Self.catalogue)
      .probabilities(count: 12) { faces.pixels($0) }
    for (row, label) in faces.labels.enumerated() {
      let own = probabilities[row * 3..<row * 3 + 3]
      #expect(own.max() == own[row * 3 + label])
    }
  }

  @Test func itsWeightsAreImported() throws {
    let (trainer, description) = try trained()
    let folder = try TemporaryDirectory()
    let path = folder("model.safetensors")
    try ModelFile.write(trainer.modelTensors, description: description, to: path)
    let kind = try Self.catalogue.kind("patchwork")
    let weights = try ImportedWeights.open(
      path, as: kind.architecture, prefix: "encoder.")
    #expect(weights.tensors.count == 5)
    #expect(kind.width(.object(weights.configuration)) == 0.5)
    let published = folder("published.safetensors")
    try weights.write(
      to: published, namePrefix: kind.architecture.publishedPrefix, description: .null)
    let encoder = try Self.catalogue.make(
      "patchwork", EncoderOptions(width: 0.5, imageSize: Self.size))
    try Checkpoint.load(published, into: encoder.layer.state)
    for named in encoder.layer.state {
      let own = try #require(trainer.modelTensors.first { $0.name == named.name })
      #expect(own.tensor.values == named.tensor.values, "\(named.name)")
    }
  }

  @Test func itIsExported() throws {
    let (trainer, description) = try trained()
    let folder = try TemporaryDirectory()
    let path = folder("model.safetensors")
    try ModelFile.write(trainer.modelTensors, description: description, to: path)
    let export = try Self.catalogue.export("patchwork", at: path)
    let source = ExportSource(try SafetensorsFile(path), imageSize: Self.size)
    var graph = ONNXGraph(name: "ferry")
    let pixels = graph.input("pixels", [.named("N"), 3, 16, 16])
    graph.output("features", try export.build(source, pixels, into: &graph), [.named("N"), 16])
    let bytes = graph.model(producer: "ferry", version: "1", description: "", metadata: [])
    let text = String(decoding: bytes, as: UTF8.self)
    for word in ["Conv", "BatchNormalization", "GlobalAveragePool", "patches.weight"] {
      #expect(text.contains(word), "\(word)")
    }
    let (shape, values) = try source.tensor("method.classifier.weight")
    try source.write(
      [("\(export.classifierName).weight", shape, values)], export, metadata: [],
      to: folder("export.safetensors"))
    let written = try SafetensorsFile(folder("export.safetensors"))
    #expect(
      written.entries.map(\.name).sorted() == [
        "head.weight", "norm.bias", "norm.running_mean", "norm.running_var", "norm.weight",
        "patches.weight",
      ])
  }

  @Test func itIsNamed() throws {
    #expect(Self.catalogue.title("patchwork") == "Patchwork")
    #expect(EncoderCatalogue.standard.title("patchwork") == "patchwork")
    #expect(Self.catalogue.names.last == "patchwork")
    #expect(throws: Fault.self) { try EncoderCatalogue.standard.kind("patchwork") }
    let message = { () -> String in
      do { _ = try Self.catalogue.kind("patchwrok") } catch { return "\(error)" }
      return ""
    }()
    #expect(message.contains("did you mean 'patchwork'"))
  }
}
