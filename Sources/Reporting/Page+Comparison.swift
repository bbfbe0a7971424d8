import Metrics
import Platform
import Plotting

/// Two models on the same test rows.
struct PairedComparison {
  let first: ReportedResult
  let second: ReportedResult
  let test: McNemar
  let bootstrap: PairedBootstrap?

  /// Nil where the two do not speak of the same rows.
  init?(_ first: ReportedResult, _ second: ReportedResult) {
    let places = Dictionary(
      second.evaluation.samples.enumerated().map { ($1.id, $0) },
      uniquingKeysWith: { earlier, _ in earlier })
    let order = first.evaluation.samples.compactMap { places[$0.id] }
    guard order.count == first.evaluation.samples.count,
      Set(order).count == second.evaluation.samples.count,
      first.evaluation.classes == second.evaluation.classes,
      first.card.testedOn == second.card.testedOn
    else { return nil }
    let hits = second.evaluation.scored.hits
    let secondHits = order.map { hits[$0] }
    self.first = first
    self.second = second
    test = McNemar(first: first.evaluation.scored.hits, second: secondHits)
    bootstrap = try? PairedBootstrap(first: first.evaluation.scored.hits, second: secondHits)
  }
}

extension Page {
  private static let mostComparisons = 24

  /// Whether models differ by more than chance, on the same rows.
  var comparisonSection: Section? {
    let pairs = comparisons
    guard !pairs.isEmpty else { return nil }
    let rows = pairs.map { pair in
      let interval = pair.bootstrap?.interval
      return HTMLTable.Row([
        HTML.name(name(pair.first)), HTML.name(name(pair.second)),
        HTML.name(pair.first.card.testedOn.shortLabel), .text(String(pair.first.confusion.total)),
        .text(signed(pair.bootstrap?.difference)),
        .text(interval.map { "[\(signed($0.low)), \(signed($0.high))]" } ?? "-"),
        .text("\(pair.test.onlyFirst) : \(pair.test.onlySecond)"),
        .text(probability(pair.test.pValue)),
      ])
    }
    let table = HTMLTable(
      caption: "Differences in WAR, in percentage points; positive favours the second model.",
      columns: [
        .text("first model"), .text("second model"), .text("tested on"), .number("N"),
        .number("difference"), .number("95 % interval"), .number("only right"), .number("p"),
      ], rows: rows, stacks: true)
    return Section(
      "comparisons", "Differences between models",
      [
        HTML.paragraph(
          "Each pair is tested on the same rows: the interval is a paired bootstrap (10,000 "
            + "resamples, seed 0), p is McNemar's exact test. "
            + "No correction for several comparisons."), table.markup,
      ])
  }

  private func name(_ result: ReportedResult) -> String {
    table.names.name(result.card.model) + (result.card.model.seed.map { ", seed \($0)" } ?? "")
  }

  /// Pairs of different methods with the same seed, or of whatever two models stand here.
  private var comparisons: [PairedComparison] {
    var pairs: [PairedComparison] = []
    for (index, first) in results.enumerated() {
      for second in results.dropFirst(index + 1) where pairs.count < Self.mostComparisons {
        let sameVariant = table.names.name(first.card.model) == table.names.name(second.card.model)
        let sameSeed = first.card.model.seed == second.card.model.seed
        guard !sameVariant, sameSeed || results.count <= 4 else { continue }
        if let pair = PairedComparison(first, second) { pairs.append(pair) }
      }
    }
    return pairs
  }

  private func signed(_ fraction: Double?) -> String {
    guard let fraction else { return "-" }
    let text = percent(fraction, 2)
    return fraction > 0 && text != "0.00" ? "+\(text)" : text
  }

  private func probability(_ p: Double) -> String { p < 0.001 ? "below 0.001" : p.fixed(3) }
}
