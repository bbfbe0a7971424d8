import Metrics
import Samples

/// A figure from a paper, for real datasets only.
struct PublishedFigure: Sendable {
  /// Which data a figure is about.
  enum Setting: String, Sendable, CaseIterable {
    case rafdb = "RAF-DB"
    case affectnet7 = "AffectNet, 7 classes"
    case affectnet8 = "AffectNet, 8 classes"
    case ferplus = "FERPlus"
    case rafdbToCKPlus = "RAF-DB to CK+"
  }

  let setting: Setting
  let method: String
  /// The encoder, or `ResNet` / `transformer` where the paper's table groups by family.
  let encoder: String
  /// **Units**: per cent, as printed.
  let accuracy: Double
  let meanAccuracy: Double?
  /// The table of the paper.
  let table: Int

  /// The source of the figures.
  static let paper =
    "Li et al., Knowledge-Enhanced Facial Expression Recognition with Emotional-to-Neutral "
    + "Transformation, IEEE Transactions on Multimedia 27 (2025) 7864-7875, arXiv 2409.08598"

  /// The published setting that a result can stand beside: real pictures, the same data, classes
  /// and protocol.
  static func setting(of result: ReportedResult) -> Setting? {
    guard result.isReal, result.evaluation.classRule == .exact else { return nil }
    let count = result.evaluation.classes.count
    switch (result.card.trainedOn.name, result.card.testedOn.name, count) {
    case ("rafdb", "rafdb", 7): return .rafdb
    case ("rafdb", "ckplus", 7):
      return result.evaluation.protocolName == "ckplus-636" ? .rafdbToCKPlus : nil
    case ("affectnet", "affectnet", 7), ("affectnet-2021", "affectnet-2021", 7):
      return .affectnet7
    case ("affectnet", "affectnet", 8), ("affectnet-2021", "affectnet-2021", 8):
      return .affectnet8
    case ("ferplus", "ferplus", 8): return .ferplus
    default: return nil
    }
  }

  /// The figure of the same method, encoder and setting as a result.
  static func counterpart(of result: ReportedResult) -> PublishedFigure? {
    guard let setting = setting(of: result), let method = publishedMethod(result.card.model) else {
      return nil
    }
    let encoder = result.card.model.encoderTitle
    return figures(for: setting).first { $0.method == method && $0.encoder == encoder }
  }

  /// What the papers' tables call a model, by its method and loss weights; nil for other models.
  private static func publishedMethod(_ model: ModelCard) -> String? {
    guard (model.details["width"]?.number ?? 1) == 1 else { return nil }
    if model.method == "discrete" { return "Discrete labels" }
    guard model.method == "knowledge-enhanced" else { return nil }
    let weights = ["similarity", "transformation", "self_contrast"].map {
      model.details["weights"]?[$0]?.number ?? 1
    }
    switch weights {
    case [1, 1, 1]: return "Knowledge-enhanced, all losses"
    case [1, 0, 0]: return "Similarity loss only"
    case [1, 1, 0]: return "Similarity + transformation"
    case [1, 0, 1]: return "Similarity + self-contrast"
    default: return nil
    }
  }

  /// The figures for a setting, in the order of the papers' tables.
  static func figures(for setting: Setting) -> [PublishedFigure] {
    all.filter { $0.setting == setting }
  }

  static let all = losses + stateOfTheArt + crossDataset
}

extension PublishedFigure {
  /// Its Table 2: the parts of the loss.
  private static let losses: [PublishedFigure] = [
    (
      "ResNet-18", [86.64, 59.48], [87.26, 60.23], [88.53, 60.60], [88.82, 60.85], [89.86, 61.25]
    ),
    (
      "ViT-B/16", [88.59, 59.83], [90.02, 60.58], [90.45, 61.68], [91.04, 61.95], [91.36, 62.18]
    ),
    ("Swin-T", [89.67, 60.25], [90.55, 61.50], [91.33, 62.88], [91.62, 62.92], [92.63, 63.90]),
  ].flatMap { encoder, discrete, similarity, transformation, contrast, all in
    [
      ("Discrete labels", discrete), ("Similarity loss only", similarity),
      ("Similarity + transformation", transformation), ("Similarity + self-contrast", contrast),
      ("Knowledge-enhanced, all losses", all),
    ].flatMap { (method: String, figures: [Double]) in
      zip([Setting.rafdb, .affectnet8], figures).map { setting, accuracy in
        PublishedFigure(
          setting: setting, method: method, encoder: encoder, accuracy: accuracy,
          meanAccuracy: meanAccuracy(setting, method, encoder), table: 2)
      }
    }
  }

  /// Mean accuracies on RAF-DB from Tables 1 and 4, where the same row of Table 2 has them.
  private static func meanAccuracy(_ setting: Setting, _ method: String, _ encoder: String)
    -> Double?
  {
    guard setting == .rafdb else { return nil }
    switch (method, encoder) {
    case ("Similarity loss only", "ResNet-18"): return 80.94
    case ("Similarity loss only", "Swin-T"): return 82.43
    case ("Knowledge-enhanced, all losses", "ResNet-18"): return 82.11
    case ("Knowledge-enhanced, all losses", "Swin-T"): return 87.06
    default: return nil
    }
  }

  /// Its Table 4 without its own rows: method, family, then RAF-DB, RAF-DB mean, AffectNet-7,
  /// AffectNet-8, FERPlus.
  static let literature: [(method: String, family: String, figures: [Double?])] = [
    ("SCN", "ResNet", [88.14, 76.40, nil, 60.23, 88.01]),
    ("RUL", "ResNet", [88.98, 81.66, 61.56, 55.08, 88.30]),
    ("MA-Net", "ResNet", [88.40, 81.29, 64.53, 60.29, 88.71]),
    ("DACL", "ResNet", [87.78, 80.44, 65.20, nil, 88.20]),
    ("Face2Exp", "ResNet", [88.54, nil, 64.23, nil, nil]),
    ("EAC", "ResNet", [89.50, 81.84, 65.32, 60.53, 89.64]),
    ("Latent-OFER", "ResNet", [89.60, nil, 63.90, nil, nil]),
    ("VTFF", "transformer", [88.14, 81.20, 64.80, 61.85, 88.81]),
    ("MVT", "transformer", [88.62, 80.38, 64.57, 61.40, 89.22]),
    ("TransFER", "transformer", [90.91, 85.86, 66.23, nil, 90.83]),
    ("AU-ViT", "transformer", [91.10, 84.57, 65.59, nil, 90.15]),
    ("APViT", "transformer", [91.98, 86.36, 66.86, nil, 90.86]),
    ("FER-former", "transformer", [91.30, 85.43, nil, nil, 90.96]),
    ("CLIPER", "transformer", [91.61, nil, 66.29, 61.98, nil]),
  ]

  private static let stateOfTheArt: [PublishedFigure] =
    (literature.map { ($0.method, $0.family, $0.figures) } + [
      ("Knowledge-enhanced, all losses", "ResNet-18", [nil, nil, 65.34, nil, 90.36]),
      ("Knowledge-enhanced, all losses", "Swin-T", [nil, nil, 66.94, nil, 91.18]),
    ]).flatMap { (method: String, encoder: String, row: [Double?]) in
      [
        (Setting.rafdb, row[0], row[1]), (.affectnet7, row[2], nil), (.affectnet8, row[3], nil),
        (.ferplus, row[4], nil),
      ].compactMap { (setting: Setting, accuracy: Double?, mean: Double?) in
        accuracy.map {
          PublishedFigure(
            setting: setting, method: method, encoder: encoder, accuracy: $0, meanAccuracy: mean,
            table: 4)
        }
      }
    }

  /// Its Table 5: trained on RAF-DB, tested on CK+.
  static let crossDataset: [PublishedFigure] = [
    ("gACNN", "ResNet", 81.07), ("AGRA", "ResNet", 77.52),
    ("Ada-CM", "ResNet", 85.32), ("SPWFA-SE", "ResNet", 81.72),
    ("DENet", "ResNet", 82.55), ("TAN", "ResNet", 82.64),
    ("Similarity loss only", "ResNet-18", 85.85),
    ("Knowledge-enhanced, all losses", "ResNet-18", 87.89),
    ("VTFF", "transformer", 81.88), ("APViT", "transformer", 86.64),
    ("POSTER", "transformer", 85.53), ("Similarity loss only", "Swin-T", 86.12),
    ("Knowledge-enhanced, all losses", "Swin-T", 88.36),
  ].map { (method: String, encoder: String, accuracy: Double) in
    PublishedFigure(
      setting: .rafdbToCKPlus, method: method, encoder: encoder, accuracy: accuracy,
      meanAccuracy: nil, table: 5)
  }
}
