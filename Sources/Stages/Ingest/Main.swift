import Archives
import Artifacts
import Datasets
import Glibc
import Platform
import Samples
import StageKit

/// Reads a dataset as its owners distribute it.
@main struct Ingest: Stage {
  static let contract = Contract(
    name: "ingest", revision: 5,
    summary: "Read a dataset as distributed, without unpacking it to disk.",
    parameters: [
      ContractParameter(
        "dataset", .choice(DatasetDefinition.names), default: nil, help: "Which dataset it is."),
      ContractParameter(
        "protocol", .string, default: .null,
        help: "Which pictures and splits to take; by default the dataset's first protocol."),
      ContractParameter(
        "fold", .integer, default: .null, minimum: 1, maximum: 10,
        help: "The fold that tests, for protocols with folds."),
      ContractParameter(
        "rule", .string, default: .null, help: "How votes become labels."),
      ContractParameter(
        "classes", .list(.string), default: .null,
        help: "The classes to take, in order; by default all, in canonical order."),
      ContractParameter(
        "columns", .map, default: .null,
        help: "image-table: the columns that hold path, label, subject, split, points, attributes."),
      ContractParameter(
        "table", .string, default: .null,
        help: "image-table: the table's path in the source, where it has several."),
      ContractParameter(
        "pattern", .string, default: .null,
        help: "image-folder: takes facts from the path, as '{label}/{subject}.jpg'."),
      ContractParameter(
        "holdout", .map, default: .null,
        help: "A test set by rule: {by: subject, every: 5, offset: 0}."),
      ContractParameter(
        "frames", .integer, default: .null, minimum: 1, maximum: 1024,
        help: "Video sets: frames taken of each clip, at the centres of equal parts (null: 16)."),
      ContractParameter(
        "accept_terms", .boolean, default: false,
        help: "You have read and accept the dataset's terms."),
      ContractParameter(
        "accept_counts", .boolean, default: false,
        help: "Accept counts that differ from the protocol's; they are recorded."),
      ContractParameter(
        "reject", .choice(["fail", "drop"]), default: "drop",
        help: "Fail on any trouble, or leave out up to 5 % of the labelled pictures."),
      ContractParameter(
        "passphrase_file", .string, default: .null, affectsOutput: false,
        help:
          "A file whose first line opens encrypted archives; else the variable FERRY_PASSPHRASE."),
    ],
    inputs: [ContractPort("archive", help: "A folder, an archive, or archives in folders.")],
    outputs: [ContractPort("samples", help: "The pictures' original bytes and a row about each.")])

  static var verbs: [any ParsableCommand.Type] { [SummaryCommand.self] }

  static func run(_ context: StageContext) throws {
    ReadingProcess.prepare()
    context.digestInputsMeanwhile()
    let ingestion = try Ingestion(
      source: context.input("archive"), options: try options(context.parameters),
      passphrase: try passphrase(context.parameters), threads: context.threads
    ) { done, total in
      try context.checkCancellation()
      context.progress(done, of: total, unit: "images")
    }
    let (record, rows, digests) = try ingestion.write(to: context.output("samples"))
    try context.seal(
      "samples", rows: ["samples": rows], metadata: record.json, digests: digests)
    announce(record, context)
  }

  private static func options(_ parameters: StageParameters) throws -> IngestOptions {
    var options = IngestOptions(dataset: parameters.string("dataset"))
    options.protocolName = parameters.optionalString("protocol")
    options.fold = parameters.optionalInteger("fold")
    options.rule = parameters.optionalString("rule")
    options.classes = parameters.optionalStrings("classes")
    options.columns = try given(parameters["columns"].object).map { try TableColumns($0) }
    options.table = given(parameters.optionalString("table"))
    options.pattern = given(parameters.optionalString("pattern"))
    options.holdout = try given(parameters["holdout"].object).map { try Holdout($0) }
    options.frames = parameters.optionalInteger("frames")
    options.acceptTerms = parameters.boolean("accept_terms")
    options.acceptCounts = parameters.boolean("accept_counts")
    options.reject = Reject.Policy(rawValue: parameters.string("reject")) ?? .drop
    return options
  }

  /// An empty map or text says as little as null: manifests have variables for what one dataset
  /// takes and another does not.
  private static func given<C: Collection>(_ value: C?) -> C? {
    value.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func passphrase(_ parameters: StageParameters) throws -> String? {
    guard let file = parameters.optionalString("passphrase_file") else {
      return getenv("FERRY_PASSPHRASE").flatMap { $0.pointee == 0 ? nil : String(cString: $0) }
    }
    let text = try Files.readText(file, limit: 1 << 16)
    let line = text.prefix { !$0.isNewline }
    guard !line.isEmpty else {
      throw Fault(.badInput, "the first line is empty", at: .init(file, line: 1))
    }
    return String(line)
  }

  /// Says once what the data is, under which terms, and what was wrong with it.
  private static func announce(_ record: DatasetRecord, _ context: StageContext) {
    if !record.card.citation.isEmpty { context.note("cite: \(record.card.citation)") }
    if record.card.needsAcceptance {
      context.note("terms, which you accepted: \(record.card.terms) \(record.card.url)")
    }
    for line in record.deviations { context.warn("deviation from the protocol: \(line)") }
    for (note, count) in record.notes.sorted(by: { $0.key < $1.key }) {
      context.note("\(count) pictures: \(note)")
    }
    for (kind, count) in record.rejects.sorted(by: { $0.key < $1.key }) {
      context.warn("\(count) \(kind): see \(Ingestion.rejectsName)")
    }
  }
}
