import Artifacts
import Metrics
import Platform
import Plotting
import Samples

extension Page {
  /// What the encoders make of faces: maps, spread and distances of classes.
  var featuresSection: Section? {
    guard !features.isEmpty else { return nil }
    let parts = features.enumerated().map { index, set in
      Markup.run([Markup("h3", [:], [HTML.name(title(of: set))]), view(set, "f\(index + 1)")])
    }
    return Section(
      "features", "Features",
      [
        HTML.paragraph(
          "Each point is a face; point at it to read its name, or at a class to see it alone. Only "
            + "who is near whom means something in a t-SNE map: not the axes, not the sizes of "
            + "clusters, not the gaps between them. Distances are computed in the full space.")
      ] + parts)
  }

  private func title(of set: ReportedFeatures) -> String {
    let model = set.model.map { table.names.name($0) } ?? "Imported encoder"
    let split = set.metadata["split"]?.string ?? "test"
    return "\(model): \(set.dataset.shortLabel), \(split) rows (N = \(set.set.rows.count))"
  }

  private func view(_ set: ReportedFeatures, _ id: String) -> Markup {
    let ratio = set.metadata["pca"]?["explained_variance_ratio"]?.numbers ?? []
    let share = percent(ratio.prefix(2).reduce(0, +), 1)
    let pcaText = "The first two principal components; they hold \(share) % of the variance."
    let pca = chart(set, "Principal components", pcaText) { $0.principal }
    var left: [Markup] = []
    if let text = set.mapText {
      let tsne = chart(set, "t-SNE map", text) { $0.neighbour }
      left = [
        HTML.figure(tsne.svg(id: "\(id)-tsne"), "\(text). Every point stands in map.csv."),
        HTML.details(
          "Principal components", [HTML.figure(pca.svg(id: "\(id)-pca"), pcaText)]),
      ]
    } else {
      left = [HTML.figure(pca.svg(id: "\(id)-pca"), pcaText)]
    }
    let right = [classes(set).markup, neighbours(set), distances(set, id)]
    return Markup("div", ["class": "grid"], [HTML.group(left), HTML.group(right)])
  }

  private func chart(
    _ set: ReportedFeatures, _ name: String, _ text: String,
    _ place: (FeatureSet.Row) -> [Double]?
  ) -> ScatterChart {
    let named = set.set.classes.map { ($0, Optional($0)) } + [("no label", nil)]
    let groups = named.map { name, label in
      ScatterChart.Group(
        name,
        set.set.rows.filter { $0.label == label }.compactMap { row in
          place(row).map { ScatterChart.Point($0[0], $0[1], note: note(row)) }
        })
    }
    let counts = groups.filter { !$0.points.isEmpty }.map { "\($0.name) \($0.points.count)" }
    return ScatterChart(
      title: "\(name): \(title(of: set))",
      summary: "\(text). Points by class: \(counts.joined(separator: ", ")).", groups: groups)
  }

  private func note(_ row: FeatureSet.Row) -> String {
    guard !row.prediction.isEmpty else { return "\(row.id): \(row.label ?? "no label")" }
    guard let label = row.label else { return "\(row.id): called \(row.prediction)" }
    return label == row.prediction
      ? "\(row.id): \(label)" : "\(row.id): \(label), called \(row.prediction)"
  }

  private func classes(_ set: ReportedFeatures) -> HTMLTable {
    let names = set.set.classes
    let neutral = names.firstIndex(of: Expression.neutral.name)
    let distances = set.geometry("distances")
    let rows = names.enumerated().map { index, name -> HTMLTable.Row in
      let own = distances.indices.contains(index) ? distances[index] : []
      let nearest = own.enumerated().filter { $0.offset != index && $0.element != nil }
        .min { ($0.element ?? 0) < ($1.element ?? 0) }
      let counts = set.values("counts")
      let variances = set.values("variances")
      return HTMLTable.Row([
        HTML.name(name),
        .text(counts.indices.contains(index) ? counts[index]?.fixed(0) ?? "-" : "-"),
        .text((variances.indices.contains(index) ? variances[index] : nil)?.fixed(3) ?? "-"),
        .text(neutral.flatMap { own.indices.contains($0) ? own[$0] : nil }?.fixed(3) ?? "-"),
        nearest.map { HTML.name(names[$0.offset]) } ?? "-",
      ])
    }
    return HTMLTable(
      caption: "Variance: a class's spread about its mean, as a part of the spread of all faces. "
        + "Distance: between class means, over the root of the overall variance.",
      columns: [
        .text("class"), .number("N"), .number("variance"), .number("from neutral"),
        .text("nearest class"),
      ], rows: rows)
  }

  private func neighbours(_ set: ReportedFeatures) -> Markup {
    let found = set.metadata["neighbours"]
    guard let count = found?["count"]?.integer, let share = found?["agreement"]?.number else {
      return .empty
    }
    return HTML.paragraph(
      "Of each face's \(count) nearest neighbours, \(percent(share, 1)) % have its own label.",
      "small")
  }

  private func distances(_ set: ReportedFeatures, _ id: String) -> Markup {
    let names = set.set.classes
    let values = set.geometry("distances")
    guard values.count == names.count, values.allSatisfy({ $0.count == names.count }) else {
      return .empty
    }
    let largest = values.flatMap { $0.compactMap { $0 } }.max() ?? 1
    let cells = values.map { row in
      row.map { value in
        HeatMap.Cell(
          strength: value.map { largest > 0 ? $0 / largest : 0 }, text: value?.fixed(2) ?? "-")
      }
    }
    let heat = HeatMap(
      title: "Distances between classes: \(title(of: set))",
      summary:
        "The table beside it gives each class's distance from neutral and its nearest class.",
      rowTitle: "class", columnTitle: "class", rows: names, columns: names, cells: cells)
    return HTML.details(
      "Distances between all classes",
      [HTML.figure(heat.svg(id: "\(id)-distances"), "Distances between class means.")])
  }
}
