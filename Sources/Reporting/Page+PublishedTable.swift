import Plotting

extension Page {
  /// The table that the report was asked for: published figures, and ours beside each.
  var publishedTableSection: Section? {
    guard let published else { return nil }
    let groups = SeedGroup.group(results)
    var pieces = [
      HTML.paragraph(
        "Published figures: \(PublishedFigure.paper). Its encoders are pre-trained and its runs "
          + "choose the epoch on the test set. Ours: \(joined(conditions(groups))).")
    ]
    if !published.remark.isEmpty { pieces.append(HTML.paragraph(published.remark)) }
    pieces.append(sideBySide(published, groups).markup)
    return Section("paper", published.title, pieces)
  }

  /// How our models came to be, in words.
  private func conditions(_ groups: [SeedGroup]) -> [String] {
    var words: [String] = []
    if groups.contains(where: { $0.first.card.model.details["initial"]?.string == "random" }) {
      words.append("encoders start from random weights")
    }
    let texts = unique(
      groups.compactMap { $0.first.card.model.details["text"]?["encoder"]?.string })
    if !texts.isEmpty { words.append("text from \(joined(texts))") }
    words.append("epochs selected by \(joined(unique(results.map(\.evaluation.selection))))")
    if results.contains(where: { !$0.isReal }) {
      words.append("synthesized pictures, whose figures compare with nothing published")
    }
    return words
  }

  private func sideBySide(_ table: PublishedTable, _ groups: [SeedGroup]) -> HTMLTable {
    var rest = Set(groups.indices)
    var rows: [HTMLTable.Row] = []
    for row in table.rows {
      var cells: [Markup] = []
      var hasOurs = false
      for (index, column) in table.columns.enumerated() {
        let members = groups.indices.filter {
          row.includes(groups[$0]) && column.includes(groups[$0])
        }
        rest.subtract(members)
        hasOurs = hasOurs || !members.isEmpty
        cells.append(.text(row.figures.count > index ? Self.figure(row.figures[index]) : "-"))
        cells.append(ours(members.map { groups[$0] }, column))
      }
      guard hasOurs || !row.figures.isEmpty else { continue }
      rows.append(
        HTMLTable.Row(
          [.text(row.label), .text(row.encoder)] + cells, style: hasOurs ? "ours" : ""))
    }
    rows += others(rest.sorted().map { groups[$0] }, table.columns)
    return HTMLTable(
      caption: "Published figures in per cent, and ours (shaded), the mean over seeds; "
        + "an asterisk marks synthesized pictures.",
      columns: [.text("method"), .text("encoder")]
        + table.columns.flatMap { [.number($0.title), .number("ours")] }, rows: rows)
  }

  /// Models of ours that the paper has no row for, in rows of their own.
  private func others(
    _ groups: [SeedGroup], _ columns: [PublishedTable.Column]
  ) -> [HTMLTable.Row] {
    let names = unique(groups.map { self.table.names.name($0.first.card.model) })
    return names.map { name in
      let members = groups.filter { self.table.names.name($0.first.card.model) == name }
      let cells = columns.flatMap { column -> [Markup] in
        [Markup.text("-"), ours(members.filter { column.includes($0) }, column)]
      }
      let encoder = members[0].first.card.model.encoderTitle
      return HTMLTable.Row([HTML.name(name), .text(encoder)] + cells, style: "ours")
    }
  }

  private func ours(_ groups: [SeedGroup], _ column: PublishedTable.Column) -> Markup {
    let texts = groups.map { group in
      let value = column.metric == .accuracy ? group.accuracy : group.meanAccuracy
      let mark = group.members.allSatisfy(\.isReal) ? "" : "*"
      return ResultTable.meanText(value) + mark
    }
    return .text(texts.isEmpty ? "-" : texts.joined(separator: ", "))
  }

  private static func figure(_ value: Double?) -> String { value.map { $0.fixed(2) } ?? "-" }
}

extension PublishedTable.Row {
  fileprivate func includes(_ group: SeedGroup) -> Bool {
    let card = group.first.card.model
    return card.encoderTitle == encoder && (kind?.includes(card) ?? false)
  }
}

extension PublishedTable.Column {
  fileprivate func includes(_ group: SeedGroup) -> Bool {
    let card = group.first.card
    func family(_ name: String) -> String { name == "affectnet-2021" ? "affectnet" : name }
    return family(card.trainedOn.name) == trainedOn && family(card.testedOn.name) == testedOn
      && group.first.evaluation.classes.count == classCount
  }
}
