import Artifacts
import Metrics
import Platform

/// The forms a table of results takes.
public enum TableFormat: String, CaseIterable, Sendable {
  /// `text` is for a terminal.
  case text, markdown, csv, json, latex

  /// The usual ending of such a file's name, without the dot.
  public var fileExtension: String {
    switch self {
    case .text: "txt"
    case .markdown: "md"
    case .csv: "csv"
    case .json: "json"
    case .latex: "tex"
    }
  }
}

/// The summary of results: one row an evaluation, then one a group of seeds.
public struct ResultTable: Sendable {
  /// A row's cells as people read them.
  struct Row: Sendable {
    let model: String
    let seed: String
    let trainedOn: String
    let testedOn: String
    let setting: String
    let protocolName: String
    let selection: String
    let count: String
    let accuracy: String
    let interval: String
    let meanAccuracy: String
    let isMean: Bool

    var cells: [String] {
      [
        model, seed, trainedOn, testedOn, setting, protocolName, selection, count, accuracy,
        interval, meanAccuracy,
      ]
    }
  }

  static let header = [
    "method", "seed", "trained on", "tested on", "setting", "protocol", "selection", "N",
    "WAR %", "95 % interval", "UAR %",
  ]

  /// The columns of numbers, which align to the right.
  static let numeric: Set<Int> = [1, 7, 8, 9, 10]

  let results: [ReportedResult]
  let names: ModelNames
  let rows: [Row]

  public init(_ results: [ReportedResult]) {
    let names = ModelNames(results.map(\.card.model))
    self.results = results
    self.names = names
    rows = SeedGroup.group(results).flatMap { group in
      group.members.map { Self.row($0, names) }
        + (group.members.count > 1 ? [Self.meanRow(group, names)] : [])
    }
  }

  /// Whether a mean over seeds stands for this row too.
  func hasMean(of row: Row) -> Bool {
    rows.contains { other in
      other.isMean && other.model == row.model && other.trainedOn == row.trainedOn
        && other.testedOn == row.testedOn && other.protocolName == row.protocolName
        && other.selection == row.selection
    }
  }

  private static func row(_ result: ReportedResult, _ names: ModelNames) -> Row {
    Row(
      model: names.name(result.card.model), seed: result.card.model.seed.map(String.init) ?? "-",
      trainedOn: result.card.trainedOn.shortLabel, testedOn: result.card.testedOn.shortLabel,
      setting: result.setting, protocolName: protocolText(result.evaluation),
      selection: result.evaluation.selection, count: countText(result.evaluation),
      accuracy: percent(result.confusion.accuracy, 2), interval: intervalText(result.interval),
      meanAccuracy: percent(result.confusion.meanAccuracy, 2), isMean: false)
  }

  private static func meanRow(_ group: SeedGroup, _ names: ModelNames) -> Row {
    let result = group.first
    return Row(
      model: names.name(result.card.model), seed: "mean of \(group.members.count)",
      trainedOn: result.card.trainedOn.shortLabel, testedOn: result.card.testedOn.shortLabel,
      setting: result.setting, protocolName: protocolText(result.evaluation),
      selection: result.evaluation.selection, count: countText(result.evaluation),
      accuracy: meanText(group.accuracy), interval: "-", meanAccuracy: meanText(group.meanAccuracy),
      isMean: true)
  }

  static func protocolText(_ evaluation: Evaluation) -> String {
    evaluation.classRule == .exact
      ? evaluation.protocolName : "\(evaluation.protocolName), shared classes"
  }

  static func countText(_ evaluation: Evaluation) -> String {
    evaluation.countBefore == evaluation.samples.count
      ? String(evaluation.samples.count)
      : "\(evaluation.samples.count) of \(evaluation.countBefore)"
  }

  static func meanText(_ value: MeanAndDeviation?) -> String {
    guard let value else { return "-" }
    let spread = value.deviation.map { " ± \(percent($0, 2))" } ?? ""
    return percent(value.mean, 2) + spread
  }

  static func intervalText(_ interval: Interval?) -> String {
    interval.map { "[\(percent($0.low, 1)), \(percent($0.high, 1))]" } ?? "-"
  }
}

/// A fraction in per cent without the sign; a dash where there is none.
func percent(_ fraction: Double?, _ places: Int) -> String {
  fraction.map { ($0 * 100).fixed(places) } ?? "-"
}
