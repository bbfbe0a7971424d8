import Artifacts
import Platform
import Reporting
import Samples
import StageKit

/// Writes one self-contained HTML page about any number of evaluations and models.
@main struct Report: Stage {
  static let contract = Contract(
    name: "report", revision: 4,
    summary: "Writes one self-contained HTML page: results, what they rest on, how to repeat them.",
    parameters: [
      ContractParameter(
        "title", .string, default: "Facial expression recognition: results",
        help: "The page's title."),
      ContractParameter(
        "published", .choice(Page.publishedNames), default: .null, nullable: true,
        help: "A table or figure of the paper to print ours beside."),
      ContractParameter(
        "note", .string, default: "", help: "What the reader must know before all else."),
      ContractParameter(
        "thumbnails", .choice(ThumbnailRule.allCases.map(\.rawValue)), default: "terms",
        help: "Which faces the page shows: terms: those whose terms allow it; own: also those of "
          + "your own folders and tables; none."),
    ],
    inputs: [
      ContractPort(
        "evaluations", kind: "evaluation", several: true,
        help: "What evaluate and cross-test made, in the order to show."),
      ContractPort(
        "models", kind: "model", several: true, optional: true,
        help: "The models, for learning curves and provenance."),
      ContractPort(
        "features", several: true, optional: true, help: "Features, for maps and class distances."),
      ContractPort(
        "shards", several: true, optional: true,
        help:
          "What was trained and tested on, for the hardest mistakes and for pictures and people "
          + "that training and test rows share."),
    ],
    outputs: [ContractPort("page", help: "index.html, and the results as data beside it.")])

  static let verbs: [any ParsableCommand.Type] = [TableCommand.self]

  static func run(_ context: StageContext) throws {
    let results = try context.artifacts("evaluations").map { try ReportedResult(artifact: $0) }
    let models = try context.artifacts("models").map { try TrainedModel(artifact: $0) }
    let features = try context.artifacts("features").map { try ReportedFeatures(artifact: $0) }
    let table = ResultTable(results)
    let audit = try PictureAudit(
      results: results, models: models, shards: context.inputs("shards").map { try ShardSet($0) },
      thumbnails: ThumbnailRule(rawValue: context.parameters.string("thumbnails")) ?? .terms,
      threads: context.threads)
    let page = Page(
      title: context.parameters.string("title"), results: results, models: models,
      features: features, audit: audit,
      published: context.parameters.optionalString("published"),
      note: context.parameters.string("note"))
    let matrix = CrossDatasetMatrix(results)
    let directory = context.output("page")
    try Files.write(page.html, to: Files.join(directory, "index.html"))
    for format in [TableFormat.csv, .json, .markdown, .latex] {
      let name = "results.\(format.fileExtension)"
      try Files.write(table.text(format), to: Files.join(directory, name))
      let cells = "cross-dataset.\(format.fileExtension)"
      try Files.write(matrix.text(format), to: Files.join(directory, cells))
    }
    try context.seal("page", rows: ["evaluations": results.count, "models": models.count])
    try Console.say(table.text(.text))
  }
}

/// The destination of the summary when a run ends.
enum Console {
  /// Writes to standard error, so that standard output stays for events.
  static func say(_ text: String) throws {
    try Array("\n\(text)\n".utf8).withUnsafeBytes {
      try Files.writeAll($0, to: 2, path: "standard error")
    }
  }
}
