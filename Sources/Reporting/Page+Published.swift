import Platform
import Plotting

extension Page {
  /// Our figures among those of the papers, for real data under the same protocol.
  var publishedSection: Section? {
    let settings = PublishedFigure.Setting.allCases.filter { setting in
      results.contains { PublishedFigure.setting(of: $0) == setting }
    }
    var pieces: [Markup] = [
      Markup("div", ["class": "grid"], settings.map { publishedTable($0).markup })
    ]
    let others = results.filter { PublishedFigure.setting(of: $0) == nil }
    let lines = unique(
      others.map { result in
        let test = "\(result.card.testedOn.shortTitle) (\(result.evaluation.protocolName))"
        return result.isReal
          ? "\(test): no published figure for this training data and protocol."
          : "\(test): synthesized data, no published figure."
      })
    pieces += lines.map { HTML.paragraph($0, "small") }
    if !settings.isEmpty {
      let selections = unique(results.map(\.evaluation.selection))
      pieces.insert(
        HTML.paragraph(
          "Published figures: \(PublishedFigure.paper), by its tables. Its runs choose the epoch on "
            + "the test set; ours were selected by: \(joined(selections))."), at: 0)
    }
    return Section("published", "Beside published figures", pieces)
  }

  private func publishedTable(_ setting: PublishedFigure.Setting) -> HTMLTable {
    let ours = SeedGroup.group(results.filter { PublishedFigure.setting(of: $0) == setting })
    let ourRows = ours.map { group -> (Double, HTMLTable.Row) in
      let seeds = group.members.count > 1 ? ", \(group.members.count) seeds" : ""
      let name = "\(table.names.name(group.first.card.model, withEncoder: false))\(seeds)"
      let row = HTMLTable.Row(
        [
          HTML.name(name), .text(group.first.card.model.encoderTitle),
          .text(percent(group.accuracy?.mean, 2)), .text(percent(group.meanAccuracy?.mean, 2)),
          "ours",
        ], style: "ours")
      return ((group.accuracy?.mean ?? 0) * 100, row)
    }
    let theirs = PublishedFigure.figures(for: setting).map { figure -> (Double, HTMLTable.Row) in
      let cells: [Markup] = [
        .text(figure.method), .text(figure.encoder), .text(figure.accuracy.fixed(2)),
        .text(figure.meanAccuracy.map { $0.fixed(2) } ?? "-"), .text(String(figure.table)),
      ]
      return (figure.accuracy, HTMLTable.Row(cells))
    }
    let rows = (ourRows + theirs).enumerated().sorted {
      ($0.element.0, $1.offset) > ($1.element.0, $0.offset)
    }
    return HTMLTable(
      caption: "\(setting.rawValue): published accuracy in per cent, and ours (shaded), by WAR.",
      columns: [
        .text("method"), .text("encoder"), .number("WAR %"), .number("UAR %"), .number("table"),
      ], rows: rows.map(\.element.1))
  }
}
