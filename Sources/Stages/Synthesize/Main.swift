import Artifacts
import Platform
import Portraits
import StageKit

/// `ferry-synthesize`: a small synthetic dataset in a real dataset's own distribution format.
@main struct Synthesize: Stage {
  static let contract = Contract(
    name: "synthesize", revision: 1,
    summary: "Draw a small synthetic dataset in a real dataset's own distribution format.",
    parameters: [
      ContractParameter(
        "format", .choice(["rafdb", "ckplus"]), default: "rafdb",
        help: "Whose format to write: RAF-DB basic or CK+."),
      ContractParameter(
        "seed", .integer, default: 1, minimum: 0, maximum: 0x1p53,
        help: "Equal seeds give equal bytes."),
      ContractParameter(
        "train", .integer, default: 1200, minimum: 0, maximum: 99_999,
        help: "rafdb: training images."),
      ContractParameter(
        "test", .integer, default: 300, minimum: 0, maximum: 9_999, help: "rafdb: test images."),
      ContractParameter(
        "balance", .choice(["dataset", "uniform"]), default: "dataset",
        help: "How often each expression occurs: as in the real dataset, or equally."),
      ContractParameter(
        "subjects", .integer, default: 30, minimum: 1, maximum: 999, help: "ckplus: persons."),
      ContractParameter(
        "sequences", .integer, default: 90, minimum: 1, maximum: 9_999,
        help: "ckplus: sequences, with and without a label."),
      ContractParameter(
        "labelled", .number, default: .number(0.55), minimum: 0, maximum: 1,
        help: "ckplus: the share of sequences with a label; 327 of 593 in the real dataset."),
      ContractParameter(
        "frames", .integer, default: 4, minimum: 2, maximum: 60,
        help: "ckplus: frames a sequence, from neutral to the apex."),
      ContractParameter(
        "image_size", .integer, default: .null, minimum: 48, maximum: 2048,
        help: "rafdb: the typical side of an original picture in pixels (null: 180); "
          + "ckplus: the frames' width (null: 640)."),
      ContractParameter(
        "look", .choice(Look.allCases.map(\.rawValue)), default: .null,
        help: "How pictures are taken; null: in-the-wild for rafdb, laboratory for ckplus."),
      ContractParameter(
        "nuisance", .number, default: .number(1), minimum: 0, maximum: 2,
        help: "Strength of pose, light, occlusion, blur and noise; 0: none."),
      ContractParameter(
        "weakest", .number, default: .number(0.45), minimum: 0.05, maximum: 1,
        help: "The least intensity of an expression's action units; the greatest is 1."),
    ],
    outputs: [ContractPort("archive", help: "A folder laid out as the dataset is distributed.")])

  static let verbs: [any ParsableCommand.Type] = [SheetCommand.self]

  static func run(_ context: StageContext) throws {
    let format = context.parameters.string("format")
    let settings = Settings(context.parameters)
    let rows =
      format == "rafdb"
      ? try RAFDBWriter(settings: settings, context: context).write()
      : try CKPlusWriter(settings: settings, context: context).write()
    try context.seal(
      "archive", rows: rows, metadata: ["dataset": .string(format), "synthetic": true])
  }
}

/// The parameters that both formats share.
struct Settings: Sendable {
  var seed: UInt64
  var balance: String
  var imageSize: Int?
  var look: Look?
  var nuisance: Float
  var weakest: Float

  init(_ parameters: StageParameters) {
    seed = UInt64(parameters.integer("seed"))
    balance = parameters.string("balance")
    imageSize = parameters.optionalInteger("image_size")
    look = parameters.optionalString("look").flatMap(Look.init(rawValue:))
    nuisance = Float(parameters.number("nuisance"))
    weakest = Float(parameters.number("weakest"))
  }

  /// The range of intensities of an expression at its strongest.
  var intensity: ClosedRange<Float> { weakest...1 }
}
