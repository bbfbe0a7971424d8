import Platform
import Plotting

extension Page {
  /// A tile a model: in-domain and cross-dataset beside each other.
  var tiles: Markup {
    let groups = SeedGroup.group(results)
    let names = unique(groups.map { modelKey($0.first) })
    let shown = names.prefix(4).compactMap { name -> Markup? in
      let own = groups.filter { modelKey($0.first) == name }
      let halves = [
        own.first { !$0.first.card.isCrossDataset }, own.first { $0.first.card.isCrossDataset },
      ]
      .compactMap { $0 }
      guard let first = halves.first else { return nil }
      return Markup(
        "div", ["class": "tile"],
        [
          Markup("h2", [:], [HTML.name(table.names.name(first.first.card.model))]),
          Markup("div", ["class": "pair"], halves.map(half)),
        ])
    }
    return Markup("div", ["class": "tiles"], shown)
  }

  private func modelKey(_ result: ReportedResult) -> String {
    "\(table.names.name(result.card.model))\n\(result.card.trainedOn.label)\n"
      + result.evaluation.selection
  }

  private func half(_ group: SeedGroup) -> Markup {
    let result = group.first
    let count = ResultTable.countText(result.evaluation)
    let detail: String
    if let deviation = group.accuracy?.deviation {
      detail = "± \(percent(deviation, 1)) over \(group.members.count) seeds, N = \(count)"
    } else {
      detail = "95 % interval \(ResultTable.intervalText(result.interval)), N = \(count)"
    }
    return Markup(
      "div", [:],
      [
        Markup(
          "span", ["class": "key"],
          [.text("\(result.setting): "), HTML.name(result.card.testedOn.shortLabel)]),
        Markup(
          "span", ["class": "big"],
          [.text(percent(group.accuracy?.mean, 1)), Markup("small", [:], [" % WAR"])]),
        Markup("span", ["class": "key"], [.text(detail)]),
        Markup(
          "span", ["class": "key"],
          [.text("UAR \(percent(group.meanAccuracy?.mean, 1)) %")]),
      ])
  }

  var resultsSection: Section {
    let figure = HTML.figure(
      intervalChart.svg(id: "intervals"),
      "Overall accuracy (WAR) with its 95 % Wilson interval; several seeds span from the lowest to "
        + "the highest bound. The same figures stand in the table.")
    let caution = HTML.group([
      Markup("h3", [:], ["Before you quote a figure"]), HTML.list(notes, "notes"),
    ])
    let lower = notes.isEmpty ? figure : Markup("div", ["class": "grid"], [figure, caution])
    return Section("results", "Results", [summaryTable.markup, seedsTable, lower])
  }

  /// One row an evaluation, or the mean where there are several seeds.
  private var summaryTable: HTMLTable {
    let hasSeeds = table.rows.contains(where: \.isMean)
    return rowsTable(
      table.rows.filter { row in row.isMean || !table.hasMean(of: row) },
      "WAR: overall accuracy; UAR: mean of the classes' recalls."
        + (hasSeeds ? " Several seeds: mean ± standard deviation." : ""))
  }

  /// Every seed on its own, folded away.
  private var seedsTable: Markup {
    guard table.rows.contains(where: \.isMean) else { return .empty }
    return HTML.details(
      "Every seed on its own", [rowsTable(table.rows, "One row an evaluation.").markup])
  }

  private func rowsTable(_ rows: [ResultTable.Row], _ caption: String) -> HTMLTable {
    HTMLTable(
      caption: caption,
      columns: [
        .text("method"), .text("seed"), .text("trained on"), .text("tested on"), .text("protocol"),
        .text("selection"), .number("N"), .number("WAR %"), .number("95 % interval"),
        .number("UAR %"),
      ],
      rows: rows.map { row in
        let test = Markup.run([HTML.name(row.testedOn), " ", badge(row.setting)])
        let cells: [Markup] = [
          HTML.name(row.model), .text(row.seed), HTML.name(row.trainedOn), HTML.group([test]),
          HTML.name(row.protocolName), .text(row.selection), .text(row.count),
          .text(row.accuracy), .text(row.interval), .text(row.meanAccuracy),
        ]
        return HTMLTable.Row(cells, style: row.isMean ? "mean" : "")
      }, stacks: true)
  }

  func badge(_ setting: String) -> Markup {
    Markup(
      "span", ["class": setting == "in-domain" ? "badge home" : "badge cross"], [.text(setting)])
  }

  /// A row a group of seeds; several seeds span from their lowest to their highest bound.
  private var intervalChart: IntervalChart {
    let entries = SeedGroup.group(results).compactMap { group -> IntervalChart.Entry? in
      let intervals = group.members.compactMap(\.interval)
      guard let accuracy = group.accuracy, let low = intervals.map(\.low).min(),
        let high = intervals.map(\.high).max()
      else { return nil }
      let result = group.first
      let spread = accuracy.deviation.map { "± \(percent($0, 1))" }
      let note =
        "\(percent(accuracy.mean, 1)) % \(spread ?? ResultTable.intervalText(result.interval)), "
        + "N = \(result.confusion.total)"
      let seeds = group.members.count > 1 ? ", \(group.members.count) seeds" : ""
      return IntervalChart.Entry(
        "\(dataName(result))\(seeds)", heading: table.names.name(result.card.model),
        value: accuracy.mean, low: low, high: high, note: note,
        group: result.card.isCrossDataset ? 1 : 0, references: references(of: result))
    }
    let sentences = entries.map { "\($0.heading), \($0.name): \($0.note)" }
    return IntervalChart(
      title: "Accuracy with 95 % intervals", summary: sentences.joined(separator: "; ") + ".",
      groups: ["in-domain", "cross-dataset"], entries: entries)
  }

  /// `Discrete labels, ResNet-18, seed 1: RAF-DB to CK+`.
  func shortName(_ result: ReportedResult) -> String {
    let seed = result.card.model.seed.map { ", seed \($0)" } ?? ""
    return "\(table.names.name(result.card.model))\(seed): \(dataName(result))"
  }

  /// `RAF-DB`, or `RAF-DB to CK+`.
  private func dataName(_ result: ReportedResult) -> String {
    result.card.isCrossDataset
      ? "\(result.card.trainedOn.shortTitle) to \(result.card.testedOn.shortTitle)"
      : result.card.testedOn.shortTitle
  }

  /// The paper's own figure for the same method, encoder and protocol.
  private func references(of result: ReportedResult) -> [(name: String, value: Double)] {
    PublishedFigure.counterpart(of: result)
      .map { [("\($0.method), \($0.encoder)", $0.accuracy / 100)] } ?? []
  }
}

extension Page {
  /// What a reader must know before quoting a figure.
  private var notes: [Markup] {
    var lines: [String] = []
    if results.contains(where: { !$0.isReal }) {
      lines.append(
        "Synthesized data: faces drawn by a program. These figures show that the toolchain works; "
          + "they say nothing about real photographs, and no published figure belongs beside them.")
    }
    if results.contains(where: { $0.evaluation.selection == "test-best" }) {
      lines.append(
        "Selection test-best: the epoch was chosen on the test rows themselves, as the published "
          + "runs do. Such a figure is higher than what new data would give.")
    }
    for result in results { lines += notes(of: result) }
    return unique(lines).map { HTML.paragraph($0) }
  }

  private func notes(of result: ReportedResult) -> [String] {
    var lines: [String] = []
    let scores = result.confusion.classScores
    let total = result.confusion.total
    let test = "\(result.card.testedOn.shortLabel), \(result.evaluation.protocolName)"
    if let largest = scores.indices.max(by: { scores[$0].support < scores[$1].support }),
      total > 0, Double(scores[largest].support) > 0.4 * Double(total)
    {
      let share = percent(Double(scores[largest].support) / Double(total), 0)
      lines.append(
        "\(test): \(result.evaluation.classes[largest]) makes up \(share) % of the test rows, so "
          + "WAR favours it; read UAR beside it.")
    }
    let absent = zip(result.evaluation.classes, scores).filter { $1.support == 0 }.map(\.0)
    if !absent.isEmpty {
      lines.append("\(test): no test rows of \(joined(absent)); UAR is over the classes present.")
    }
    if result.evaluation.classRule == .intersect {
      lines.append(
        "\(test): class lists differ, so only rows of the classes both sides have count "
          + "(\(result.evaluation.samples.count) of \(result.evaluation.countBefore)), and the "
          + "model chooses among those classes: \(joined(result.evaluation.classes)).")
    }
    if !result.card.deviations.isEmpty {
      lines.append(
        "\(test): the counts differ from the protocol's, which was accepted by name ("
          + "\(counted(result.card.deviations.count, "difference")), listed under Data).")
    }
    return lines
  }
}
