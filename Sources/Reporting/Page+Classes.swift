import Metrics
import Platform
import Plotting

extension Page {
  /// How many evaluations stand unfolded: the first seed of each group.
  private static let unfolded = 4

  /// Confusions, scores of each class, calibration and slices of each evaluation.
  var classesSection: Section {
    let firsts = Set(SeedGroup.group(results).prefix(Self.unfolded).map(\.first.digest.hex))
    let parts = results.enumerated().map { index, result -> Markup in
      let content = detail(result, "e\(index + 1)")
      if firsts.contains(result.digest.hex) {
        return .run([Markup("h3", [:], [HTML.name(shortName(result))])] + content)
      }
      return HTML.details(shortName(result), content)
    }
    return Section("classes", "Classes, confusions and confidence", parts)
  }

  private func detail(_ result: ReportedResult, _ id: String) -> [Markup] {
    guard result.confusion.total > 0 else { return [HTML.paragraph("No test rows.")] }
    let confusions = HTML.group([
      HTML.figure(confusionMap(result).svg(id: "\(id)-confusion"), confusionCaption(result)),
      confusionTwin(result), slices(result),
    ])
    let scores = HTML.group([
      classTable(result).markup,
      HTML.figure(reliabilityChart(result).svg(id: "\(id)-reliability"), calibration(result)),
      scaling(result, id),
      reliabilityTwin(result),
    ])
    return [Markup("div", ["class": "grid"], [confusions, scores])]
  }

  private func confusionMap(_ result: ReportedResult) -> HeatMap {
    let counts = result.confusion.counts
    let fractions = result.confusion.rowFractions
    let classes = result.evaluation.classes
    let cells = counts.indices.map { row in
      counts.indices.map { column in
        guard let fraction = fractions[row][column] else {
          return HeatMap.Cell(strength: nil, text: "-")
        }
        return counts[row][column] == 0
          ? HeatMap.Cell(strength: 0, text: "")
          : HeatMap.Cell(
            strength: fraction, text: percent(fraction, 0), note: String(counts[row][column]))
      }
    }
    let recalls = zip(classes, result.confusion.classScores).map { name, score in
      "\(name) \(percent(score.recall, 0)) %"
    }
    return HeatMap(
      title: "Confusion matrix: \(shortName(result))",
      summary: "Recall by class: \(recalls.joined(separator: ", ")).", rowTitle: "true",
      columnTitle: "predicted", rows: classes, columns: classes, cells: cells,
      outlinesDiagonal: true)
  }

  private func confusionCaption(_ result: ReportedResult) -> String {
    let counts = result.confusion.counts
    let classes = result.evaluation.classes
    let mistakes = counts.indices.flatMap { row in
      counts.indices.filter { $0 != row && counts[row][$0] > 0 }
        .map { (row: row, column: $0, count: counts[row][$0]) }
    }.sorted { ($0.count, $1.row, $1.column) > ($1.count, $0.row, $0.column) }
    let common = mistakes.prefix(3).map {
      "\(classes[$0.row]) taken for \(classes[$0.column]) (\($0.count))"
    }
    let text = "Rows are true classes: per cent of the row, counts below."
    return common.isEmpty ? text : "\(text) Most often: \(joined(Array(common)))."
  }

  private func confusionTwin(_ result: ReportedResult) -> Markup {
    let classes = result.evaluation.classes
    let table = HTMLTable(
      caption: "Counts; rows are true classes, columns predicted ones.",
      columns: [.text("true")] + classes.map { .number($0) },
      rows: zip(classes, result.confusion.counts).map { name, row in
        HTMLTable.Row([HTML.name(name)] + row.map { .text(String($0)) })
      })
    return HTML.details("Confusion counts as a table", [table.markup])
  }

  private func classTable(_ result: ReportedResult) -> HTMLTable {
    let confusion = result.confusion
    var rows = zip(result.evaluation.classes, confusion.classScores).map { name, score in
      HTMLTable.Row([
        HTML.name(name), .text(String(score.support)), .text(percent(score.recall, 1)),
        .text(percent(score.precision, 1)), .text(percent(score.f1, 1)),
      ])
    }
    rows.append(
      HTMLTable.Row(
        [
          "mean", .text(String(confusion.total)), .text(percent(confusion.meanAccuracy, 1)), "",
          .text(percent(confusion.macroF1, 1)),
        ], style: "mean"))
    return HTMLTable(
      caption: "Scores by class in per cent. The mean recall is the UAR.",
      columns: [
        .text("class"), .number("N"), .number("recall"), .number("precision"), .number("F1"),
      ], rows: rows)
  }
}

extension Page {
  private func reliabilityChart(_ result: ReportedResult) -> ReliabilityChart {
    let bins = result.evaluation.scored.reliability()
    let error = percent(result.evaluation.scored.expectedCalibrationError(), 1)
    return ReliabilityChart(
      title: "Reliability: \(shortName(result))",
      summary: "Accuracy against confidence in \(bins.count) bins; the expected calibration error "
        + "is \(error) %.",
      bins: bins.map {
        .init(
          low: $0.low, high: $0.high, count: $0.count, accuracy: $0.accuracy,
          confidence: $0.confidence)
      })
  }

  private func calibration(_ result: ReportedResult) -> String {
    let scored = result.evaluation.scored
    let parts = [
      "The nearer the bars to the diagonal, the more confidence can be believed: ECE \(percent(scored.expectedCalibrationError(), 1)) % over "
        + "\(ScoredSamples.calibrationBins) bins of equal width",
      "Brier score \(scored.brier?.fixed(3) ?? "-") of 2",
      "negative log likelihood \(scored.negativeLogLikelihood?.fixed(3) ?? "-")",
      "top-2 accuracy \(percent(scored.topAccuracy(2), 1)) %",
    ]
    return parts.joined(separator: "; ") + "."
  }

  /// The confidence after temperature scaling.
  private func scaling(_ result: ReportedResult, _ id: String) -> Markup {
    guard let found = result.evaluation.calibration else { return .empty }
    let scaled = found.applied(to: result.evaluation.scored)
    let bins = scaled.reliability()
    let error = percent(scaled.expectedCalibrationError(), 1)
    let text =
      "Dividing the logits by \(found.temperature.fixed(3)), which was fitted on "
      + "\(counted(found.count, "validation row")) and on no test row: ECE \(error) %, Brier score "
      + "\(scaled.brier?.fixed(3) ?? "-"), negative log likelihood "
      + "\(scaled.negativeLogLikelihood?.fixed(3) ?? "-"). No prediction changes."
    let chart = ReliabilityChart(
      title: "Reliability with temperature scaling: \(shortName(result))", summary: text,
      bins: bins.map {
        .init(
          low: $0.low, high: $0.high, count: $0.count, accuracy: $0.accuracy,
          confidence: $0.confidence)
      })
    return HTML.details(
      "With temperature scaling: ECE \(error) %",
      [HTML.figure(chart.svg(id: "\(id)-scaled"), text)])
  }

  private func reliabilityTwin(_ result: ReportedResult) -> Markup {
    let rows = result.evaluation.scored.reliability().filter { $0.count > 0 }.map { bin in
      HTMLTable.Row([
        .text("\(percent(bin.low, 0)) to \(percent(bin.high, 0))"), .text(String(bin.count)),
        .text(percent(bin.confidence, 1)), .text(percent(bin.accuracy, 1)),
      ])
    }
    let table = HTMLTable(
      caption: "Bins of confidence, in per cent.",
      columns: [
        .text("confidence"), .number("N"), .number("mean confidence"), .number("accuracy"),
      ], rows: rows)
    return HTML.details("Reliability as a table", [table.markup])
  }

  /// Attributes with more values than this say who or where, not what kind.
  private static let mostValues = 12

  private func slices(_ result: ReportedResult) -> Markup {
    let all = Dictionary(grouping: result.evaluation.slices, by: \.attribute)
    let long = all.filter { $0.value.count > Self.mostValues }.keys.sorted()
    let slices = result.evaluation.slices.filter { !long.contains($0.attribute) }
    let others = long.map { "\($0) (\(all[$0]?.count ?? 0) values)" }
    let left =
      others.isEmpty
      ? Markup.empty
      : HTML.paragraph("By \(joined(others)): in the evaluation's metrics.json.", "small")
    guard !slices.isEmpty else { return left }
    let rows = slices.map { slice in
      let interval = Interval.wilson(
        correct: slice.confusion.correct, total: slice.confusion.total)
      return HTMLTable.Row([
        HTML.name("\(slice.attribute): \(slice.value)"), .text(String(slice.confusion.total)),
        .text(percent(slice.confusion.accuracy, 1)), .text(ResultTable.intervalText(interval)),
        .text(percent(slice.confusion.meanAccuracy, 1)),
      ])
    }
    let table = HTMLTable(
      caption: "By attribute, in per cent. Small groups have wide intervals.",
      columns: [
        .text("group"), .number("N"), .number("WAR"), .number("95 % interval"), .number("UAR"),
      ], rows: rows)
    return .run([table.markup, left])
  }
}
