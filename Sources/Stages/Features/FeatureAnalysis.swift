import Artifacts
import Platform
import Projection
import Samples
import StageKit

/// Maps, neighbours and class statistics of encoded faces.
struct FeatureAnalysis {
  let classes: ClassList
  let components: PrincipalComponents
  /// **Shape**: [N, 2].
  let principal: PointSet
  let tsne: TSNE?
  let trustworthiness: Double?
  let neighbours: [[Neighbour]]
  let geometry: ClassGeometry
  /// Class indexes; -1 for a face without a label, or with one that the model does not know.
  let labels: [Int]
  private let settings: JSONValue

  /// The components that t-SNE sees: neighbours hardly change beyond, and distances cost less.
  private static let reducedWidth = 50

  init(_ faces: EncodedFaces, _ classes: ClassList, _ context: StageContext) throws {
    let parameters = context.parameters
    let raw = faces.points
    let points = parameters.string("metric") == "cosine" ? raw.normalised : raw
    self.classes = classes
    labels = faces.facts.map { $0.label.flatMap(classes.index(of:)) ?? -1 }
    components = try PrincipalComponents(
      points, count: Self.reducedWidth, threads: context.threads)
    let reduced = components.project(points)
    principal = PointSet(
      (0..<reduced.count).flatMap { row in
        (0..<2).map { $0 < reduced.width ? reduced.values[row * reduced.width + $0] : 0 }
      }, width: 2)
    let space = points.width > Self.reducedWidth ? reduced : points
    tsne = try Self.map(space, context)
    trustworthiness = try tsne.flatMap {
      try NearestNeighbours.trustworthiness(of: $0.map, space: points, threads: context.threads)
    }
    neighbours = try NearestNeighbours.find(
      points, count: min(parameters.integer("neighbours"), points.count - 1),
      threads: context.threads)
    geometry = ClassGeometry(points, labels: labels, classCount: classes.count)
    settings = Self.settings(points, context)
  }

  private static func settings(_ points: PointSet, _ context: StageContext) -> JSONValue {
    [
      "perplexity": .number(perplexity(points, context)), "seed": context.parameters["seed"],
      "iterations": context.parameters["iterations"], "metric": context.parameters["metric"],
    ]
  }

  /// The perplexity asked for, or as much as a sixth of the points.
  private static func perplexity(_ points: PointSet, _ context: StageContext) -> Double {
    min(context.parameters.number("perplexity"), max(2, Double(points.count) / 6))
  }

  private static func map(_ points: PointSet, _ context: StageContext) throws -> TSNE? {
    guard context.parameters.boolean("tsne"), points.count > 12 else { return nil }
    var options = TSNE.Options()
    options.perplexity = perplexity(points, context)
    options.iterations = context.parameters.integer("iterations")
    options.seed = UInt64(context.parameters.integer("seed"))
    return try TSNE(points, options: options, threads: context.threads) { done in
      try context.checkCancellation()
      if done % 50 == 0 {
        context.progress(done, of: options.iterations, unit: "iterations", message: "t-SNE")
      }
    }
  }

  /// The share of neighbours that have the face's own label.
  var agreement: Double? {
    var (same, all) = (0, 0)
    for (row, own) in neighbours.enumerated() where labels[row] >= 0 {
      for neighbour in own where labels[neighbour.row] >= 0 {
        all += 1
        if labels[neighbour.row] == labels[row] { same += 1 }
      }
    }
    return all == 0 ? nil : Double(same) / Double(all)
  }

  /// The index of the class neutral.
  var neutral: Int? { classes.index(of: Expression.neutral.name) }

  var json: JSONValue {
    let number = { (value: Double?) in value.map { JSONValue.number($0) } ?? .null }
    let table = { (rows: [[Double?]]) in
      JSONValue.array(rows.map { .array($0.map(number)) })
    }
    var map = settings
    map["divergence"] = number(tsne?.divergence)
    map["trustworthiness"] = number(trustworthiness)
    return [
      "pca": ["explained_variance_ratio": JSONValue(components.explainedVarianceRatio)],
      "tsne": tsne == nil ? .null : map,
      "neighbours": [
        "count": .integer(neighbours.first?.count ?? 0), "agreement": number(agreement),
      ],
      "geometry": [
        "counts": JSONValue(geometry.counts), "variances": .array(geometry.variances.map(number)),
        "distances": table(geometry.distances), "cosines": table(geometry.cosines),
      ],
    ]
  }

  /// The message at the end of the run.
  var summary: String {
    let percent = { (value: Double?) in value.map { ($0 * 100).fixed(1) } ?? "-" }
    let plane = components.explainedVarianceRatio.prefix(2).reduce(0, +)
    var text =
      "\(labels.count) faces; two principal components hold \(percent(plane)) % of the "
      + "variance; \(percent(agreement)) % of the nearest neighbours have the same label"
    if let tsne {
      text +=
        "; t-SNE: divergence \(tsne.divergence.fixed(3)), trustworthiness "
        + (trustworthiness?.fixed(3) ?? "-")
    }
    return text
  }
}
