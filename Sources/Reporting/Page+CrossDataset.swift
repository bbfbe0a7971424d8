import Platform
import Plotting

extension Page {
  /// Models against test sets, where there are several test sets.
  var crossDatasetSection: Section? {
    let matrix = CrossDatasetMatrix(results)
    guard matrix.tests.count > 1 else { return nil }
    let grid = matrix.models.map { model in matrix.tests.map { matrix.cell(model, $0) } }
    let heat = HeatMap(
      title: "Accuracy of each model on each test set", summary: summary(matrix, grid),
      rowTitle: "model", columnTitle: "tested on", rows: matrix.models, columns: matrix.tests,
      cells: grid.map { $0.map(heatCell) })
    let twin = HTMLTable(
      caption: "WAR % / UAR % (N), means where there are several seeds.",
      columns: [.text("model")] + matrix.tests.map { .number($0) },
      rows: zip(matrix.models, grid).map { model, row in
        HTMLTable.Row([HTML.name(model)] + row.map { .text(matrix.text($0)) })
      })
    return Section(
      "cross-dataset", "Across datasets",
      [
        HTML.paragraph(
          "WAR in per cent; under it N, the number of test rows. Where class lists differ, N says "
            + "how many of the rows count, and the classes are those that both sides have."),
        Markup(
          "div", ["class": "grid"],
          [
            HTML.figure(
              heat.svg(id: "matrix"), "Darker (on a dark page: lighter) is more accurate."),
            twin.markup,
          ]),
      ])
  }

  private func heatCell(_ group: SeedGroup?) -> HeatMap.Cell {
    guard let group, let accuracy = group.accuracy?.mean else {
      return HeatMap.Cell(strength: nil, text: "-")
    }
    return HeatMap.Cell(
      strength: accuracy, text: percent(accuracy, 1),
      note: "N \(group.first.evaluation.samples.count)")
  }

  private func summary(_ matrix: CrossDatasetMatrix, _ grid: [[SeedGroup?]]) -> String {
    let sentences = matrix.models.indices.flatMap { row in
      matrix.tests.indices.compactMap { column in
        grid[row][column].map {
          "\(matrix.models[row]) on \(matrix.tests[column]): \(percent($0.accuracy?.mean, 1)) %"
        }
      }
    }
    return sentences.joined(separator: "; ") + "."
  }
}
