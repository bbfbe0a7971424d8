import Artifacts
import Methods
import Platform
import Samples
import StageKit
import Training

/// The shards of a run: which rows train, which choose the epoch, and what the model says of them.
struct TrainingData {
  let shards: ShardSet

  init(_ context: StageContext) throws { shards = try ShardSet(context.input("shards")) }

  private var place: Fault.Place { .init(shards.artifact.directory) }

  /// - Throws: `Fault` where no row is for training.
  func trainingFaces() throws -> LabelledFaces {
    let rows = shards.indices(.train)
    guard !rows.isEmpty else {
      throw Fault(
        .badInput, "the shards have no rows for training", at: place,
        remedy: "ingest a dataset with a training split")
    }
    return LabelledFaces(shards, rows: rows)
  }

  /// The faces that choose the epoch; nil under `last`.
  ///
  /// - Throws: `Fault` where the shards have none.
  func selectionFaces(_ selection: TrainingOptions.Selection) throws -> LabelledFaces? {
    let split: Split
    switch selection {
    case .last: return nil
    case .validation: split = .validation
    case .testBest: split = .test
    }
    let rows = shards.indices(split)
    guard !rows.isEmpty else {
      throw Fault(
        .badInput, "the shards have no \(split.rawValue) rows to choose the epoch by", at: place,
        remedy: "shard with validation=0.1, or train with select=last")
    }
    return LabelledFaces(shards, rows: rows)
  }

  func description(
    _ options: TrainingOptions, _ embeddings: ClassEmbeddings?, _ context: StageContext
  ) throws -> ModelDescription {
    var parameters = context.parameters.values
    for parameter in context.contract.parameters where !parameter.affectsOutput {
      parameters[parameter.name] = nil
    }
    var description = ModelDescription(
      classes: shards.classes, encoder: options.encoder, width: options.width,
      method: options.method.kind.name,
      temperature: context.parameters.number("temperature"),
      preprocessing: Preprocessing(
        imageSize: options.imageSize, normalisation: options.augmentation.normalisation,
        alignment: shards.artifact.metadata["preprocessing"]?["alignment"] ?? .null,
        resizing: try Preprocessing.resizing(
          ofShards: shards.artifact.metadata["preprocessing"], imageSize: options.imageSize,
          at: place)),
      selection: options.selection.rawValue, selected: .null, data: shards.record.json,
      parameters: .object(parameters),
      prompts: embeddings.map { JSONValue($0.prompts) } ?? .null)
    if let embeddings {
      let encoder = try context.artifact("embeddings").metadata["encoder"]
      description.text = ["encoder": encoder ?? .null, "prompt": .string(embeddings.promptPattern)]
      description.ensemble = embeddings.ensemble?.groups
    }
    if let path = context.optionalInput("initial") {
      description.initial =
        Files.isDirectory(path)
        ? try Artifact.open(path).digest.hex : try Digest(ofFile: path).hex
    }
    return description
  }
}
