import Platform
import Plotting

extension Page {
  /// Learning curves of the models given, from their histories.
  var curvesSection: Section? {
    let parts = models.enumerated().compactMap { index, model -> Markup? in
      let charts = charts(model, "m\(index + 1)")
      guard !charts.isEmpty else { return nil }
      return .run([
        Markup("h3", [:], [HTML.name(name(of: model, number: index + 1))]),
        Markup("div", ["class": "grid"], charts),
      ])
    }
    guard !parts.isEmpty else { return nil }
    return Section("curves", "Learning curves", parts)
  }

  /// A model's name, through an evaluation of it where there is one.
  func name(of model: TrainedModel, number: Int) -> String {
    let evaluated = results.first {
      $0.provenance?.digests("model").contains(model.digest.hex) ?? false
    }
    if let evaluated {
      let seed = evaluated.card.model.seed.map { ", seed \($0)" } ?? ""
      return table.names.name(evaluated.card.model) + seed
    }
    return "Model \(number) (\(model.digest.short))"
  }

  private func charts(_ model: TrainedModel, _ id: String) -> [Markup] {
    let columns = model.history
    let hasSteps =
      unique((columns.first { $0.name == "epoch" }?.values) ?? []).count
      < (columns.first?.values.count ?? 0)
    let axis = hasSteps ? "step" : "epoch"
    guard let x = columns.first(where: { $0.name == axis }) else { return [] }
    let losses = columns.filter {
      $0.name == "loss" || $0.name.hasPrefix("loss_") || $0.name.hasSuffix("_loss")
    }
    let accuracies = columns.filter { $0.name.hasSuffix("accuracy") }
    let chosen = model.metadata["selected"]?["epoch"]?.number
    let mark = axis == "epoch" ? chosen.map { (x: $0, name: "kept") } : nil
    return [
      chart("Loss", losses, x, .number, nil, mark, "\(id)-loss"),
      chart("Accuracy", accuracies, x, .percent, 0...1, mark, "\(id)-accuracy"),
    ].compactMap { $0 }
  }

  private func chart(
    _ title: String, _ columns: [HistoryColumn], _ x: HistoryColumn, _ format: ValueFormat,
    _ range: ClosedRange<Double>?, _ mark: (x: Double, name: String)?, _ id: String
  ) -> Markup? {
    let series = columns.compactMap { column -> LineChart.Series? in
      let points = zip(x.values, column.values).compactMap { x, y in x.map { ($0, y ?? .nan) } }
      let known = points.filter { $0.1.isFinite }
      return known.isEmpty ? nil : LineChart.Series(readable(column.name), known)
    }
    guard !series.isEmpty else { return nil }
    let ends = zip(series, columns.filter { $0.values.contains { $0 != nil } }).map {
      line, column in
      let last = column.values.compactMap { $0 }.last
      return "\(line.name) \(format == .percent ? percent(last, 1) + " %" : last?.fixed(3) ?? "-")"
    }
    let chart = LineChart(
      title: "\(title) by \(x.name)", summary: "At the end: \(ends.joined(separator: ", ")).",
      xLabel: x.name, yLabel: title.lowercased(), yFormat: format, yRange: range, series: series,
      mark: mark)
    return HTML.figure(chart.svg(id: id), "\(title). At the end: \(ends.joined(separator: ", ")).")
  }

  /// `loss_self_contrast` as people read it.
  private func readable(_ column: String) -> String {
    if column.hasPrefix("loss_") {
      return String(column.dropFirst(5).map { $0 == "_" ? "-" : $0 })
    }
    return switch column {
    case "loss": "total"
    case "accuracy": "training"
    case "validation_accuracy": "validation"
    case "validation_mean_accuracy": "validation UAR"
    case "validation_loss": "validation"
    case "test_accuracy": "test"
    case "test_mean_accuracy": "test UAR"
    case "test_loss": "test"
    default: String(column.map { $0 == "_" ? " " : $0 })
    }
  }
}
