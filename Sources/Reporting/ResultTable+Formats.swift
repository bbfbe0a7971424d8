import Artifacts
import Platform

extension ResultTable {
  /// The table in a format, ended by a line break.
  public func text(_ format: TableFormat) -> String {
    switch format {
    case .text, .markdown, .latex: grid.text(format)
    case .csv: csv
    case .json: json.pretty
    }
  }

  private var grid: TextTable {
    TextTable(
      header: Self.header, rows: rows.map { ($0.cells, $0.isMean) }, numeric: Self.numeric)
  }

  private var csv: String {
    let header = [
      "method", "seed", "trained_on", "tested_on", "synthesized", "setting", "protocol",
      "selection", "class_rule", "n_before", "n", "correct", "accuracy", "accuracy_low",
      "accuracy_high", "mean_accuracy", "macro_f1", "artifact",
    ]
    return CSV.line(header) + results.map { CSV.line(csvCells($0)) }.joined()
  }

  private func csvCells(_ result: ReportedResult) -> [String] {
    let number = { (value: Double?) in value.map(\.description) ?? "" }
    return [
      names.name(result.card.model), result.card.model.seed.map(String.init) ?? "",
      result.card.trainedOn.name, result.card.testedOn.name, result.isReal ? "false" : "true",
      result.setting, result.evaluation.protocolName, result.evaluation.selection,
      result.evaluation.classRule.rawValue, String(result.evaluation.countBefore),
      String(result.confusion.total), String(result.confusion.correct),
      number(result.confusion.accuracy), number(result.interval?.low),
      number(result.interval?.high), number(result.confusion.meanAccuracy),
      number(result.confusion.macroF1), result.digest.hex,
    ]
  }

  private var json: JSONValue {
    let groups = SeedGroup.group(results).filter { $0.members.count > 1 }
    return [
      "results": .array(results.map(jsonRow)),
      "means": .array(
        groups.map { group in
          var row = jsonRow(group.first)
          for key in ["seed", "correct", "accuracy_interval", "artifact"] { row[key] = nil }
          row["seeds"] = .array(
            group.members.map { $0.card.model.seed.map { .integer($0) } ?? .null })
          for (key, value) in [
            ("accuracy", group.accuracy), ("mean_accuracy", group.meanAccuracy),
            ("macro_f1", group.macroF1),
          ] {
            row[key] = value.map { .number($0.mean) } ?? .null
            row["\(key)_deviation"] = value?.deviation.map { .number($0) } ?? .null
          }
          return row
        }),
    ]
  }

  private func jsonRow(_ result: ReportedResult) -> JSONValue {
    let number = { (value: Double?) in value.map { JSONValue.number($0) } ?? .null }
    return [
      "method": .string(names.name(result.card.model)),
      "seed": result.card.model.seed.map { .integer($0) } ?? .null,
      "trained_on": .string(result.card.trainedOn.name),
      "tested_on": .string(result.card.testedOn.name), "synthesized": .bool(!result.isReal),
      "setting": .string(result.setting), "protocol": .string(result.evaluation.protocolName),
      "selection": .string(result.evaluation.selection),
      "class_rule": .string(result.evaluation.classRule.rawValue),
      "n_before": .integer(result.evaluation.countBefore),
      "n": .integer(result.confusion.total), "correct": .integer(result.confusion.correct),
      "accuracy": number(result.confusion.accuracy),
      "accuracy_interval": result.interval.map { JSONValue([$0.low, $0.high]) } ?? .null,
      "mean_accuracy": number(result.confusion.meanAccuracy),
      "macro_f1": number(result.confusion.macroF1), "artifact": .string(result.digest.hex),
    ]
  }
}
