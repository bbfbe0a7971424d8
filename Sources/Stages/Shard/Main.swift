import Artifacts
import Imaging
import Platform
import Samples
import StageKit

/// Makes memory-mapped columns of pictures and labels, with a validation split.
@main struct Shard: Stage {
  static let contract = Contract(
    name: "shard", revision: 1,
    summary: "Decode, resize and split faces into memory-mapped columns.",
    parameters: [
      ContractParameter(
        "size", .integer, default: .null, minimum: 8, maximum: 1024,
        help: "The pictures' side in px; by default the faces' own."),
      ContractParameter(
        "validation", .number, default: 0.1, minimum: 0, maximum: 0.5,
        help: "The part of the training rows that validates; a dataset's own validation set wins."),
      ContractParameter(
        "filter", .choice(["bilinear", "bicubic", "box", "nearest"]), default: "bilinear",
        help: "How pictures of another size are resampled."),
      ContractParameter(
        "seed", .integer, default: 1, minimum: 0, help: "The seed of the validation split."),
    ],
    inputs: [
      ContractPort(
        "faces", several: true, help: "Faces of one or several datasets with the same classes.")
    ],
    outputs: [ContractPort("shards", help: "Columns of pictures and labels, and an index.")])

  static func run(_ context: StageContext) throws {
    let parameters = context.parameters
    let sharding = try Sharding(
      faces: try context.artifacts("faces"), size: parameters.optionalInteger("size"),
      filter: Image.Filter(rawValue: parameters.string("filter")) ?? .bilinear,
      validation: ValidationSplit(
        fraction: parameters.number("validation"), seed: UInt64(parameters.integer("seed"))),
      threads: context.threads)
    let (metadata, record, rows) = try sharding.write(to: context.output("shards")) {
      try context.checkCancellation()
      context.progress($0, of: $1, unit: "images")
    }
    try context.seal("shards", rows: ["rows": rows], metadata: metadata)
    for line in CountTable(record.classes, record.counts).text.split(separator: "\n") {
      context.note(String(line))
    }
  }
}
