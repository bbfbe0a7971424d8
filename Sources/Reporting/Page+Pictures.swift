import Metrics
import Platform
import Plotting
import Samples

extension Page {
  /// The rows that models got most surely wrong.
  var mistakesSection: Section? {
    let firsts = SeedGroup.group(results).map(\.first)
    let parts = firsts.compactMap { result -> Markup? in
      let mistakes = audit.mistakes(of: result)
      guard !mistakes.isEmpty else { return nil }
      return .run([Markup("h3", [:], [HTML.name(shortName(result))]), gallery(mistakes, result)])
    }
    guard !parts.isEmpty else { return nil }
    return Section(
      "mistakes", "Hardest mistakes",
      [
        HTML.paragraph(
          "The rows whose wrong class got the most over the right one: often a mistaken model, "
            + "sometimes a mistaken label.")
      ] + parts)
  }

  private func gallery(_ mistakes: [Mistake], _ result: ReportedResult) -> Markup {
    guard mistakes.contains(where: { $0.thumbnail != nil }) else {
      let rows = mistakes.map { mistake in
        HTMLTable.Row([
          HTML.name(mistake.id), HTML.name(mistake.label), HTML.name(mistake.prediction),
          .text(percent(mistake.confidence, 1)), .text(percent(mistake.own, 1)),
        ])
      }
      let table = HTMLTable(
        caption: "Probabilities in per cent. The faces are not shown: the dataset's terms do not "
          + "allow it, or the report was made without them.",
        columns: [
          .text("row"), .text("label"), .text("called"), .number("with"), .number("label's"),
        ], rows: rows)
      return table.markup
    }
    return Markup("div", ["class": "faces"], mistakes.map(face))
  }

  private func face(_ mistake: Mistake) -> Markup {
    let text = "\(mistake.label), called \(mistake.prediction)"
    let picture = mistake.thumbnail.map {
      Markup("img", ["src": $0, "alt": "\(mistake.id): \(text)", "width": "96", "height": "96"])
    }
    return Markup(
      "figure", [:],
      [
        picture ?? .empty,
        Markup(
          "figcaption", [:],
          [
            HTML.name(mistake.label), " ", Markup("span", [:], ["called "]),
            HTML.name(mistake.prediction), " ",
            Markup("span", ["class": "key"], [.text("\(percent(mistake.confidence, 0)) %")]),
            " ", Markup("span", ["class": "key"], [HTML.name(mistake.id)]),
          ]),
      ])
  }

  private static let mostPairs = 20

  /// Whether test rows were seen in training.
  var overlapSection: Section? {
    guard !audit.overlaps.isEmpty else { return nil }
    let rows = audit.overlaps.map { trained, tested, overlap in
      HTMLTable.Row([
        HTML.name(trained.shortLabel), .text(String(overlap.trainingCount)),
        HTML.name(tested.shortLabel), .text(String(overlap.testCount)),
        .text(String(overlap.identical.count)), .text(String(overlap.similar.count)),
        .text(subjects(trained, tested, overlap)),
      ])
    }
    let table = HTMLTable(
      caption: "Pictures and people that training and test rows share.",
      columns: [
        .text("trained on"), .number("rows"), .text("tested on"), .number("rows"),
        .number("identical"), .number("nearly"), .text("shared subjects"),
      ], rows: rows)
    return Section(
      "overlap", "Training and test rows",
      [
        HTML.paragraph(
          "Identical: the same pixels (SHA-256). Nearly: difference hashes of 256 bits that differ "
            + "in at most \(PictureFingerprint.threshold); frames of one video, or a picture saved "
            + "again. Training rows include the validation rows."), table.markup, pairs,
      ])
  }

  private func subjects(
    _ trained: DatasetCard, _ tested: DatasetCard, _ overlap: Overlap
  ) -> String {
    guard let shared = overlap.subjects else { return "not known: the rows name no subjects" }
    if trained.name != tested.name { return "none: different datasets" }
    return shared.isEmpty ? "none" : "\(shared.count): \(joined(Array(shared.prefix(5))))"
  }

  private var pairs: Markup {
    let all = audit.overlaps.flatMap(\.overlap.pairs)
    guard !all.isEmpty else { return .empty }
    let rows = all.prefix(Self.mostPairs).map { pair in
      HTMLTable.Row([
        HTML.name(pair.test), HTML.name(pair.training),
        .text(pair.isIdentical ? "identical" : "\(pair.distance) bits"),
      ])
    }
    let table = HTMLTable(
      caption: "The first \(rows.count) of \(all.count) pairs.",
      columns: [.text("test row"), .text("training row"), .text("difference")], rows: Array(rows))
    return HTML.details("Pairs of the same picture (\(all.count))", [table.markup])
  }
}
