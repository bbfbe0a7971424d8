import Artifacts
import Metrics
import Networks
import Platform
import Samples

/// A test of a model on the test rows of shards: what fits together, and what comes out.
///
/// The checks run when it is made, before any face goes through the encoder.
public struct ModelTest {
  private let model: ModelDescription
  private let shards: ShardSet
  private let rule: ClassRule
  private let isCrossDataset: Bool
  /// The classes that count, and their indexes in the model's list.
  private let classes: ClassList
  private let modelIndexes: [Int]
  /// The rows that count, and how many test rows there are in all.
  private let rows: [Int]
  private let countBefore: Int

  /// Checks that the model can be tested on these shards as the dataset it was trained on.
  ///
  /// - Parameter allowsResizing: whether faces of another size than the model's are resized.
  /// - Throws: `Fault` that names both sides where dataset, protocol, fold, classes or preprocessing
  ///   differ.
  public static func inDomain(
    _ model: ModelDescription, _ shards: ShardSet, allowsResizing: Bool
  ) throws -> ModelTest {
    let trained = try DatasetRecord(json: model.data)
    let tested = shards.record
    let pairs: [(word: String, String, String)] = [
      ("dataset", trained.card.name, tested.card.name),
      ("protocol", trained.protocolName, tested.protocolName),
      ("fold", trained.fold.map(String.init) ?? "none", tested.fold.map(String.init) ?? "none"),
      ("rule", trained.rule ?? "none", tested.rule ?? "none"),
    ]
    for (word, mine, theirs) in pairs where mine != theirs {
      throw Fault(
        .badInput,
        "the model was trained on \(word) '\(mine)', the shards hold \(word) '\(theirs)'",
        at: .init(shards.artifact.directory),
        remedy: "test on the training dataset's own test rows, or use cross-test")
    }
    return try ModelTest(
      model, shards, rule: .exact, isCrossDataset: false, allowsResizing: allowsResizing)
  }

  /// Checks that the model can be tested on these shards as another dataset.
  ///
  /// - Parameter protocolName: the protocol that the shards must hold; nil takes theirs.
  /// - Throws: `Fault` that names both sides where protocol, classes or preprocessing differ.
  public static func acrossDatasets(
    _ model: ModelDescription, _ shards: ShardSet, protocolName: String?, rule: ClassRule,
    allowsResizing: Bool
  ) throws -> ModelTest {
    let held = shards.record.protocolName
    if let protocolName, protocolName != held {
      throw Fault(
        .badInput, "the shards hold the protocol '\(held)', not '\(protocolName)'",
        at: .init(shards.artifact.directory),
        remedy: "ingest the dataset with protocol: \(protocolName), or name '\(held)'")
    }
    return try ModelTest(
      model, shards, rule: rule, isCrossDataset: true, allowsResizing: allowsResizing)
  }

  private init(
    _ model: ModelDescription, _ shards: ShardSet, rule: ClassRule, isCrossDataset: Bool,
    allowsResizing: Bool
  ) throws {
    self.model = model
    self.shards = shards
    self.rule = rule
    self.isCrossDataset = isCrossDataset
    try model.preprocessing.requireFits(
      shards.artifact, size: shards.size,
      allowsResizing: allowsResizing || model.parameters["image_size"]?.integer != nil)
    let all = try shards.testIndices()
    countBefore = all.count
    switch rule {
    case .exact:
      try model.classes.requireSame(
        as: shards.classes, "the model", "the shards '\(shards.artifact.directory)'")
      classes = model.classes
      rows = all
    case .intersect:
      classes = try Self.shared(model.classes, shards.classes)
      let counting = Set(classes.names)
      rows = all.filter { counting.contains(shards.classes[shards.labels[$0]]) }
    }
    modelIndexes = classes.names.compactMap(model.classes.index(of:))
    guard !rows.isEmpty else {
      throw Fault(
        .badInput, "no test row has one of the shared classes (\(classes))",
        at: .init(shards.artifact.directory))
    }
  }

  /// The classes of both, in the model's order.
  private static func shared(_ model: ClassList, _ data: ClassList) throws -> ClassList {
    let names = model.names.filter { data.index(of: $0) != nil }
    guard names.count > 1 else {
      throw Fault(
        .badInput,
        "the model's classes (\(model)) and the shards' (\(data)) share \(names.count), which "
          + "leaves nothing to tell apart")
    }
    return try ClassList(exactly: names)
  }

  /// The rows left out by the class rule, in words; nil if there are none.
  public var exclusion: String? {
    rows.count == countBefore && classes.count == model.classes.count
      ? nil
      : "\(rows.count) of \(countBefore) test rows count, those of the classes \(classes); the "
        + "model chooses among these only"
  }

  /// The description stored in the evaluation's artifact.
  public var card: EvaluationCard {
    EvaluationCard(
      model: ModelCard(model), trainedOn: DatasetCard(json: model.data["dataset"] ?? .null),
      testedOn: shards.record.card, isCrossDataset: isCrossDataset,
      protocolSummary: shards.record.protocolSummary, deviations: shards.record.deviations)
  }

  /// Sends the faces through the model.
  ///
  /// - Parameters:
  ///   - calibration: the temperature to report beside the model's own confidence.
  ///   - progress: called with the number of faces done and their total.
  public func run(
    _ classifier: Classifier, calibration: TemperatureScaling? = nil,
    progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> Evaluation {
    let logits = try classifier.logits(
      count: rows.count, progress: { try progress($0, rows.count) },
      pixels: { shards.image(rows[$0]).bindMemory(to: UInt8.self) })
    let width = model.classes.count
    let counting = rows.indices.flatMap { row in modelIndexes.map { logits[row * width + $0] } }
    let probabilities = LabelCrossEntropy.softmax(counting, classCount: classes.count)
    return Evaluation(
      protocolName: shards.record.protocolName, selection: model.selection,
      classes: classes.names, classRule: rule, countBefore: countBefore,
      samples: rows.map { row in
        let face = shards.rows[row]
        return .init(id: face.id, subject: face.subject, attributes: face.attributes)
      },
      scored: ScoredSamples(
        labels: rows.compactMap { classes.index(of: shards.classes[shards.labels[$0]]) },
        floats: probabilities.map { Float($0) }, classCount: classes.count),
      calibration: calibration)
  }

  /// Fits the temperature on the shards' validation rows; nil where there are none.
  ///
  /// - Parameter progress: called with the number of faces done and their total.
  public func calibration(
    _ classifier: Classifier, progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> TemperatureScaling? {
    let rows = shards.indices(.validation)
    guard !rows.isEmpty, model.classes == shards.classes else { return nil }
    let logits = try classifier.logits(
      count: rows.count, progress: { try progress($0, rows.count) },
      pixels: { shards.image(rows[$0]).bindMemory(to: UInt8.self) })
    return TemperatureScaling(
      logits: logits, labels: rows.map { shards.labels[$0] }, classCount: model.classes.count)
  }
}

extension ModelCard {
  /// The card of a model: its training parameters tell it apart from others.
  public init(_ model: ModelDescription) {
    var details = model.parameters.object ?? [:]
    for key in ["method", "encoder", "seed"] { details[key] = nil }
    if !model.text.isNull { details["text"] = model.text }
    details["initial"] = .string(model.initial == "random" ? "random" : "weights")
    self.init(
      method: model.method, methodTitle: MethodCatalogue.standard.title(model.method),
      encoder: model.encoder, encoderTitle: EncoderCatalogue.standard.title(model.encoder),
      seed: model.parameters["seed"]?.integer,
      details: details)
  }
}

extension Preprocessing {
  /// The largest difference of two templates' points as a part of the crop's side: half a pixel of
  /// a 224 px crop.
  private static let templateTolerance = 0.5 / 224

  /// Checks that faces were cut as those the model was trained on.
  ///
  /// - Parameters:
  ///   - artifact: shards, or faces.
  ///   - size: the faces' side in px.
  /// - Throws: `Fault` that names what differs.
  public func requireFits(_ artifact: Artifact, size: Int, allowsResizing: Bool) throws {
    let place = Fault.Place(artifact.directory)
    let theirs =
      artifact.metadata["preprocessing"] ?? ["alignment": artifact.metadata["alignment"] ?? .null]
    let channels = theirs["channels"]?.string ?? "rgb"
    guard channels == "rgb" else {
      throw Fault(
        .badInput, "the model reads rgb faces, the shards hold \(channels)", at: place,
        remedy: "shard the faces again")
    }
    guard size == imageSize || allowsResizing else {
      throw Fault(
        .badInput, "the model reads faces of \(imageSize) px, the shards hold \(size) px",
        at: place, remedy: "align and shard at \(imageSize) px, or set resize: true")
    }
    let resized = try Self.resizing(
      ofShards: artifact.metadata["preprocessing"], imageSize: imageSize, at: place)
    let (own, other) = (resizing?.filter ?? .bilinear, resized?.filter ?? .bilinear)
    guard own == other || artifact.metadata["preprocessing"] == nil else {
      throw Fault(
        .badInput,
        "the model was trained on faces that were resized by the filter \(own.rawValue), the shards' "
          + "by \(other.rawValue)", at: place,
        remedy: "shard both datasets with one filter, or align at the size that is needed")
    }
    let differences = FaceCut(json: alignment).differences(
      from: FaceCut(json: theirs["alignment"] ?? .null), tolerance: Self.templateTolerance)
    guard differences.isEmpty else {
      let list = differences.map { "\($0.field) \($0.mine), the shards' \($0.theirs)" }
      throw Fault(
        .badInput,
        "the model was trained on faces cut otherwise: \(list.joined(separator: "; "))",
        at: place, remedy: "align both datasets alike")
    }
  }
}
