import Artifacts
import Platform

/// Models against test sets: one row a model and its training data, one column a test set under its
/// protocol.
public struct CrossDatasetMatrix: Sendable {
  private let names: ModelNames
  private let groups: [SeedGroup]
  private let trainings: Int
  let models: [String]
  let tests: [String]

  public init(_ results: [ReportedResult]) {
    names = ModelNames(results.map(\.card.model))
    groups = SeedGroup.group(results)
    trainings = unique(results.map(\.card.trainedOn.name)).count
    let names = names
    let trainings = trainings
    models = unique(groups.map { Self.model($0, names, trainings) })
    tests = unique(groups.map(Self.test))
  }

  /// The cell of a model and a test set; nil where they were not tried together.
  func cell(_ model: String, _ test: String) -> SeedGroup? {
    groups.first { Self.model($0, names, trainings) == model && Self.test($0) == test }
  }

  private static func model(_ group: SeedGroup, _ names: ModelNames, _ trainings: Int) -> String {
    let name = names.name(group.first.card.model)
    return trainings > 1 ? "\(name), on \(group.first.card.trainedOn.shortTitle)" : name
  }

  private static func test(_ group: SeedGroup) -> String {
    let protocolText = ResultTable.protocolText(group.first.evaluation)
    return protocolText == group.first.card.testedOn.name
      ? group.first.card.testedOn.shortTitle
      : "\(group.first.card.testedOn.shortTitle), \(protocolText)"
  }

  /// `92.5 / 91.6 (213 of 300)`: WAR, UAR, and the test rows that count.
  func text(_ group: SeedGroup?) -> String {
    guard let group else { return "-" }
    let count = ResultTable.countText(group.first.evaluation)
    return
      "\(percent(group.accuracy?.mean, 1)) / \(percent(group.meanAccuracy?.mean, 1)) (\(count))"
  }

  /// The matrix in a format, ended by a line break; CSV and JSON have a row a cell.
  public func text(_ format: TableFormat) -> String {
    switch format {
    case .text, .markdown, .latex:
      TextTable(
        header: ["WAR % / UAR % (N)"] + tests,
        rows: models.map { model in
          ([model] + tests.map { text(cell(model, $0)) }, false)
        }, numeric: Set(1...max(1, tests.count))
      ).text(format)
    case .csv:
      CSV.line(Self.columns)
        + cells.map { cell in
          CSV.line(Self.columns.map { cell[$0]?.string ?? cell[$0]?.canonical ?? "" })
        }.joined()
    case .json: JSONValue(["cells": .array(cells)]).pretty
    }
  }

  private static let columns = [
    "model", "trained_on", "tested_on", "protocol", "class_rule", "classes", "seeds", "n_before",
    "n", "accuracy", "mean_accuracy",
  ]

  private var cells: [JSONValue] {
    groups.map { group in
      let evaluation = group.first.evaluation
      let number = { (value: Double?) in value.map { JSONValue.number($0) } ?? .null }
      return [
        "model": .string(names.name(group.first.card.model)),
        "trained_on": .string(group.first.card.trainedOn.name),
        "tested_on": .string(group.first.card.testedOn.name),
        "protocol": .string(evaluation.protocolName),
        "class_rule": .string(evaluation.classRule.rawValue),
        "classes": .integer(evaluation.classes.count), "seeds": .integer(group.members.count),
        "n_before": .integer(evaluation.countBefore), "n": .integer(evaluation.samples.count),
        "accuracy": number(group.accuracy?.mean), "mean_accuracy": number(group.meanAccuracy?.mean),
      ]
    }
  }
}
