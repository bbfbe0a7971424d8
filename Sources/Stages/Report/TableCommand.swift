import Artifacts
import Platform
import Reporting
import StageKit

extension TableFormat: ExpressibleByArgument {}

/// `ferry-report table`: the results as a table for papers, spreadsheets and programs.
struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "Print evaluations as a table.")

  @Option(help: "text, markdown, csv, json or latex.")
  var format = TableFormat.text

  @Flag(help: "Print models against test sets instead of a row an evaluation.")
  var matrix = false

  @Argument(help: "Directories that evaluate or cross-test made.")
  var evaluations: [String]

  func run() throws {
    let results = try evaluations.map {
      try ReportedResult(artifact: Artifact.open($0, kind: "evaluation", schema: 1))
    }
    let text =
      matrix ? CrossDatasetMatrix(results).text(format) : ResultTable(results).text(format)
    print(text, terminator: "")
  }
}
