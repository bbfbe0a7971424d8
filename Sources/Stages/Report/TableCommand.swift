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

  @Argument(help: "Directories that evaluate or cross-test made.")
  var evaluations: [String]

  func run() throws {
    let results = try evaluations.map {
      try ReportedResult(artifact: Artifact.open($0, kind: "evaluation", schema: 1))
    }
    print(ResultTable(results).text(format), terminator: "")
  }
}
