import Expressions
import Platform
import Plotting

extension Page {
  /// Models against test sets, where there are several of both.
  var crossDatasetSection: Section? {
    let groups = SeedGroup.group(results)
    let tests = unique(groups.map(testName))
    let models = unique(groups.map(modelName))
    guard tests.count > 1, models.count > 1 else { return nil }
    let grid = models.map { model in
      tests.map { test in groups.first { modelName($0) == model && testName($0) == test } }
    }
    let heat = HeatMap(
      title: "Accuracy of each model on each test set",
      summary: summary(models, tests, grid), rowTitle: "model", columnTitle: "tested on",
      rows: models, columns: tests, cells: grid.map { $0.map(heatCell) })
    return Section(
      "cross-dataset", "Across datasets",
      [
        HTML.paragraph("WAR in per cent; under it the UAR. Every cell's N stands in the table."),
        Markup(
          "div", ["class": "grid"],
          [
            HTML.figure(
              heat.svg(id: "matrix"), "Darker (on a dark page: lighter) is more accurate."),
            gridTable(models, tests, grid).markup,
          ]),
      ])
  }

  private func modelName(_ group: SeedGroup) -> String {
    let name = table.names.name(group.first.card.model)
    let training = unique(results.map(\.card.trainedOn.name))
    return training.count > 1 ? "\(name), on \(group.first.card.trainedOn.shortTitle)" : name
  }

  private func testName(_ group: SeedGroup) -> String {
    let protocolText = ResultTable.protocolText(group.first.evaluation)
    return protocolText == group.first.card.testedOn.name
      ? group.first.card.testedOn.shortTitle
      : "\(group.first.card.testedOn.shortTitle), \(protocolText)"
  }

  private func heatCell(_ group: SeedGroup?) -> HeatMap.Cell {
    guard let accuracy = group?.accuracy?.mean else {
      return HeatMap.Cell(strength: nil, text: "-")
    }
    return HeatMap.Cell(
      strength: accuracy, text: percent(accuracy, 1),
      note: percent(group?.meanAccuracy?.mean, 1))
  }

  private func summary(_ models: [String], _ tests: [String], _ grid: [[SeedGroup?]]) -> String {
    let sentences = models.indices.flatMap { row in
      tests.indices.compactMap { column in
        grid[row][column].map {
          "\(models[row]) on \(tests[column]): \(percent($0.accuracy?.mean, 1)) %"
        }
      }
    }
    return sentences.joined(separator: "; ") + "."
  }

  private func gridTable(_ models: [String], _ tests: [String], _ grid: [[SeedGroup?]])
    -> HTMLTable
  {
    HTMLTable(
      caption: "WAR % / UAR % (N), means where there are several seeds.",
      columns: [.text("model")] + tests.map { .number($0) },
      rows: models.indices.map { row in
        HTMLTable.Row(
          [HTML.name(models[row])]
            + grid[row].map { group in
              guard let group else { return "-" }
              let count = ResultTable.countText(group.first.evaluation)
              return .text(
                "\(percent(group.accuracy?.mean, 1)) / \(percent(group.meanAccuracy?.mean, 1)) "
                  + "(\(count))")
            })
      })
  }
}
