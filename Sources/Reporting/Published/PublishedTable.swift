import Artifacts
import Metrics

/// A table or figure of a paper: published figures, row by row, and what of ours stands beside each.
struct PublishedTable: Sendable {
  /// `RAF-DB`: which evaluations a column holds, and which of their figures.
  struct Column: Sendable {
    enum Metric: Sendable { case accuracy, meanAccuracy }

    let title: String
    let trainedOn: String
    let testedOn: String
    /// Classes of the evaluation.
    let classCount: Int
    var metric = Metric.accuracy
  }

  /// A row's published figures, in per cent and the order of the columns, and which models of ours
  /// are of its kind.
  struct Row: Sendable {
    let label: String
    /// As the paper prints it; `ResNet` or `transformer` for a family.
    let encoder: String
    var figures: [Double?] = []
    /// Nil for methods that are not ours.
    var kind: ModelKind?
  }

  let name: String
  let title: String
  let columns: [Column]
  let rows: [Row]
  /// The paper's remarks on its figures.
  var remark = ""

  /// The names that a report can be asked for.
  static let names: [String] = all.map { $0.name }

  static func named(_ name: String) -> PublishedTable? { all.first { $0.name == name } }

  static let all: [PublishedTable] = [
    table1, table2, table3, table4, table5, figure4, figure5,
  ]
}

/// Which of our models belong to a row of a published table; nil properties do not matter.
struct ModelKind: Sendable, Equatable {
  var method = "knowledge-enhanced"
  /// l_s, l_t, l_c.
  var weights: [Double]? = [1, 1, 1]
  /// `clip`.
  var textEncoder: String?
  /// The prompt with `[CLS]` in place of the class.
  var prompt: String?
  /// `all-pairs`.
  var selfContrast: String?

  func includes(_ card: ModelCard) -> Bool {
    guard card.method == method else { return false }
    let details = card.details
    if let weights, weights != Self.weights(of: card) { return false }
    if let textEncoder, details["text"]?["encoder"]?.string != textEncoder { return false }
    if let prompt, details["text"]?["prompt"]?.string != prompt { return false }
    if let selfContrast, details["self_contrast"]?.string != selfContrast { return false }
    return true
  }

  static func weights(of card: ModelCard) -> [Double] {
    ["similarity", "transformation", "self_contrast"].map {
      card.details["weights"]?[$0]?.number ?? 1
    }
  }
}

extension PublishedTable {
  private static func inDomain(
    _ title: String, _ dataset: String, _ classes: Int, _ metric: Column.Metric = .accuracy
  ) -> Column {
    Column(
      title: title, trainedOn: dataset, testedOn: dataset, classCount: classes, metric: metric)
  }

  private static let rafdb = inDomain("RAF-DB", "rafdb", 7)
  private static let rafdbMean = inDomain("RAF-DB, mean", "rafdb", 7, .meanAccuracy)
  private static let affectnet7 = inDomain("AffectNet-7", "affectnet", 7)
  private static let affectnet8 = inDomain("AffectNet-8", "affectnet", 8)
  private static let ferplus = inDomain("FERPlus", "ferplus", 8)
  private static let five = [rafdb, rafdbMean, affectnet7, affectnet8, ferplus]

  private static let all3 = "Knowledge-enhanced, all losses"
  private static let similarityOnly = ModelKind(weights: [1, 0, 0])

  static let table1 = PublishedTable(
    name: "table1", title: "Table 1: text encoders, similarity loss only", columns: five,
    rows: [
      ("ALIGN", "align", "ResNet-18", [85.72, 75.37, 62.43, 59.83, 87.06]),
      ("BLIP", "blip", "ResNet-18", [86.21, 76.06, 62.34, 59.80, 87.57]),
      ("CLIP", "clip", "ResNet-18", [87.26, 80.94, 63.71, 60.23, 88.33]),
      ("ALIGN", "align", "Swin-T", [89.47, 80.97, 63.91, 60.48, 87.63]),
      ("BLIP", "blip", "Swin-T", [89.31, 80.83, 64.00, 60.53, 87.82]),
      ("CLIP", "clip", "Swin-T", [90.55, 82.43, 64.71, 61.50, 88.93]),
    ].map { (label: String, text: String, encoder: String, figures: [Double]) in
      Row(
        label: label, encoder: encoder, figures: figures,
        kind: ModelKind(weights: [1, 0, 0], textEncoder: text))
    })

  static let table2 = PublishedTable(
    name: "table2", title: "Table 2: losses", columns: [rafdb, affectnet8],
    rows: [
      ("ResNet-18", [86.64, 59.48, 87.26, 60.23, 88.53, 60.60, 88.82, 60.85, 89.86, 61.25]),
      ("ViT-B/16", [88.59, 59.83, 90.02, 60.58, 90.45, 61.68, 91.04, 61.95, 91.36, 62.18]),
      ("Swin-T", [89.67, 60.25, 90.55, 61.50, 91.33, 62.88, 91.62, 62.92, 92.63, 63.90]),
    ].flatMap { (encoder: String, figures: [Double]) in
      [
        ("Discrete labels", ModelKind(method: "discrete", weights: nil)),
        ("L_s", similarityOnly), ("L_s + L_t", ModelKind(weights: [1, 1, 0])),
        ("L_s + L_c", ModelKind(weights: [1, 0, 1])), ("L_s + L_t + L_c", ModelKind()),
      ].enumerated().map { index, row in
        Row(
          label: row.0, encoder: encoder, figures: Array(figures[2 * index..<2 * index + 2]),
          kind: row.1)
      }
    })

  static let table3 = PublishedTable(
    name: "table3", title: "Table 3: prompts, all losses", columns: [rafdb, affectnet7, ferplus],
    rows: [
      ("This person is [CLS].", [89.08, 64.80, 88.27], [91.92, 65.31, 89.34]),
      ("A photo of a [CLS] face.", [89.28, 64.51, 89.15], [91.63, 65.17, 90.23]),
      ("This is a [CLS] facial expression.", [89.21, 64.49, 89.23], [91.46, 65.34, 89.79]),
      ("A person makes a [CLS] facial expression.", [88.72, 64.51, 89.53], [91.82, 65.37, 90.17]),
      ("An ID photo of a [CLS] facial expression.", [88.59, 64.54, 89.63], [91.75, 65.77, 89.72]),
      ("A person is feeling [CLS].", [89.05, 64.57, 89.09], [91.43, 66.00, 89.79]),
      ("A person feeling [CLS] on the face.", [88.53, 64.37, 89.28], [91.23, 65.86, 89.95]),
      (
        "A photo of a person with a [CLS] expression on the face.", [88.72, 64.77, 89.41],
        [91.66, 65.89, 89.42]
      ),
      (
        "a photo of a person making a [CLS] facial expression.", [89.86, 65.34, 90.36],
        [92.63, 66.94, 91.18]
      ),
    ].flatMap { (prompt: String, resnet: [Double], swin: [Double]) in
      [("ResNet-18", resnet), ("Swin-T", swin)].map { encoder, figures in
        Row(label: prompt, encoder: encoder, figures: figures, kind: ModelKind(prompt: prompt))
      }
    })

  static let table4 = PublishedTable(
    name: "table4", title: "Table 4: the state of the art", columns: five,
    rows: PublishedFigure.literature.map { method, encoder, figures in
      Row(label: method, encoder: encoder, figures: figures)
    }
      + [
        ("ResNet-18", [89.86, 82.11, 65.34, 61.25, 90.36]),
        ("Swin-T", [92.63, 87.06, 66.94, 63.90, 91.18]),
      ].map { Row(label: all3, encoder: $0.0, figures: $0.1, kind: ModelKind()) })

  static let table5 = PublishedTable(
    name: "table5", title: "Table 5: RAF-DB to CK+",
    columns: [Column(title: "CK+", trainedOn: "rafdb", testedOn: "ckplus", classCount: 7)],
    rows: PublishedFigure.crossDataset.map { figure in
      let kind: ModelKind? =
        switch figure.method {
        case all3: ModelKind()
        case "Similarity loss only": similarityOnly
        default: nil
        }
      return Row(
        label: figure.method, encoder: figure.encoder, figures: [figure.accuracy], kind: kind)
    })

  static let figure4 = PublishedTable(
    name: "fig4", title: "Figure 4: self-contrast against InfoNCE", columns: [rafdb],
    rows: ["ResNet-18", "ViT-B/16", "Swin-T"].flatMap { encoder in
      ["all-pairs", "paired", "infonce"].map {
        Row(label: $0, encoder: encoder, kind: ModelKind(selfContrast: $0))
      }
    }, remark: "The paper prints one figure: self-contrast gains 0.97 over InfoNCE with Swin-T.")

  static let figure5 = PublishedTable(
    name: "fig5", title: "Figure 5: weights of the losses", columns: [rafdb],
    rows: ["ResNet-18", "ViT-B/16", "Swin-T"].flatMap { sweep($0) },
    remark: "The paper draws curves around 1 and prints no values.")

  /// l_t and l_c around 1, one at a time.
  private static func sweep(_ encoder: String) -> [Row] {
    let others = [0.1, 0.5, 2, 5]
    let weights = [[1.0, 1, 1]] + others.map { [1, $0, 1] } + others.map { [1, 1, $0] }
    return weights.map { weights in
      let (transformation, contrast) = (JSONValue(weights[1]), JSONValue(weights[2]))
      return Row(
        label: "l_t \(transformation.canonical), l_c \(contrast.canonical)", encoder: encoder,
        kind: ModelKind(weights: weights))
    }
  }
}
