import Artifacts
import Platform
import Portraits
import StageKit

/// `ferry-synthesize`: a small synthetic dataset in a real dataset's own distribution format.
@main struct Synthesize: Stage {
  static let contract = Contract(
    name: "synthesize", revision: 2,
    summary: "Draw a small synthetic dataset in a real dataset's own distribution format.",
    parameters: [
      ContractParameter(
        "format", .choice(formats), default: "rafdb",
        help: "Whose format to write, by the names that ingest takes."),
      ContractParameter(
        "seed", .integer, default: 1, minimum: 0, maximum: 0x1p53,
        help: "Equal seeds give equal bytes."),
      ContractParameter(
        "train", .integer, default: 1200, minimum: 0, maximum: 99_999,
        help: "Training images; of video sets, clips."),
      ContractParameter(
        "test", .integer, default: 300, minimum: 0, maximum: 9_999,
        help: "Test images; of FER2013 in each of its two test sets."),
      ContractParameter(
        "balance", .choice(["dataset", "uniform"]), default: "dataset",
        help: "rafdb, ckplus: how often each expression occurs; the others have equally many."),
      ContractParameter(
        "subjects", .integer, default: 30, minimum: 1, maximum: 999, help: "ckplus: persons."),
      ContractParameter(
        "sequences", .integer, default: 90, minimum: 1, maximum: 9_999,
        help: "ckplus: sequences, with and without a label."),
      ContractParameter(
        "labelled", .number, default: .number(0.55), minimum: 0, maximum: 1,
        help: "ckplus: the share of sequences with a label; 327 of 593 in the real dataset."),
      ContractParameter(
        "frames", .integer, default: .null, minimum: 2, maximum: 60,
        help: "Frames a sequence or clip, from neutral to the apex (null: 4, of video sets 16)."),
      ContractParameter(
        "image_size", .integer, default: .null, minimum: 48, maximum: 2048,
        help: "rafdb: the typical side of an original picture in pixels (null: 180); "
          + "ckplus: the frames' width (null: 640)."),
      ContractParameter(
        "traps", .boolean, default: false,
        help: "Also write the oddities that real copies of the dataset have."),
      ContractParameter(
        "truth", .boolean, default: false,
        help: "Also write truth.jsonl: what a reader must find in each picture."),
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
    let archive = SyntheticArchive(context, settings)
    let rows = try write(format, archive)
    try archive.finish()
    try context.seal(
      "archive", rows: rows, metadata: ["dataset": .string(format), "synthetic": true])
  }
}

extension Synthesize {
  static let formats = [
    "rafdb", "ckplus", "affectnet", "affectnet-2021", "fer2013", "ferplus", "caer-s", "dfew",
    "ferv39k", "mafw", "afew", "image-folder", "image-table", "webdataset",
  ]

  /// - Returns: The numbers of rows, for the artifact's record.
  private static func write(
    _ format: String, _ archive: SyntheticArchive
  ) throws -> [String: Int] {
    switch format {
    case "rafdb": try RAFDBWriter(archive: archive).write()
    case "ckplus": try CKPlusWriter(archive: archive).write()
    case "affectnet": try AffectNetWriter(archive: archive).write2017()
    case "affectnet-2021": try AffectNetWriter(archive: archive).write2021()
    case "fer2013": try FERWriter(archive: archive).write(withVotes: false)
    case "ferplus": try FERWriter(archive: archive).write(withVotes: true)
    case "dfew", "ferv39k", "mafw", "afew":
      try VideoWriter(archive: archive, format: format).write()
    default: try FolderWriter(archive: archive, format: format).write()
    }
  }
}

/// The parameters that all formats share.
struct Settings: Sendable {
  var seed: UInt64
  var balance: String
  var imageSize: Int?
  var look: Look?
  var nuisance: Float
  var weakest: Float
  var traps: Bool
  var truth: Bool

  init(_ parameters: StageParameters) {
    seed = UInt64(parameters.integer("seed"))
    balance = parameters.string("balance")
    imageSize = parameters.optionalInteger("image_size")
    look = parameters.optionalString("look").flatMap(Look.init(rawValue:))
    nuisance = Float(parameters.number("nuisance"))
    traps = parameters.boolean("traps")
    truth = parameters.boolean("truth")
    weakest = Float(parameters.number("weakest"))
  }

  /// The range of intensities of an expression at its strongest.
  var intensity: ClosedRange<Float> { weakest...1 }
}
