import Artifacts
import Imaging
import Metrics
import Platform
import Samples

/// Which faces a page may show.
public enum ThumbnailRule: String, Sendable, CaseIterable {
  /// Those whose terms allow it: synthesized, or marked as redistributable.
  case terms
  /// Also those of the user's own folders and tables, whose terms the user knows.
  case own
  case none

  func allows(_ card: DatasetCard) -> Bool {
    switch self {
    case .terms: card.isSynthesized || card.isRedistributable
    case .own: card.isSynthesized || card.isRedistributable || !card.needsAcceptance
    case .none: false
    }
  }
}

/// A row that a model got wrong.
struct Mistake: Sendable {
  let id: String
  let label: String
  let prediction: String
  /// The probability given to the prediction, and to the label.
  let confidence: Double
  let own: Double
  /// The face as a data URI, where it may be shown.
  let thumbnail: String?
}

/// What the pictures behind evaluations tell: hardest mistakes, and rows that training and test
/// share.
public struct PictureAudit: Sendable {
  /// By the evaluation's digest.
  private let mistakes: [String: [Mistake]]
  let overlaps: [(trainedOn: DatasetCard, testedOn: DatasetCard, overlap: Overlap)]

  static let mistakeCount = 12

  /// Nothing is known of the pictures.
  public static let none = PictureAudit(mistakes: [:], overlaps: [])

  private init(
    mistakes: [String: [Mistake]],
    overlaps: [(trainedOn: DatasetCard, testedOn: DatasetCard, overlap: Overlap)]
  ) {
    self.mistakes = mistakes
    self.overlaps = overlaps
  }

  /// Looks at the shards that evaluations were made on and models trained on; the evaluations'
  /// provenance says which.
  public init(
    results: [ReportedResult], models: [TrainedModel], shards: [ShardSet],
    thumbnails: ThumbnailRule, threads: Int = 1
  ) throws {
    let sets = Dictionary(
      shards.map { ($0.artifact.digest.hex, $0) }, uniquingKeysWith: { first, _ in first })
    var mistakes: [String: [Mistake]] = [:]
    var overlaps: [(trainedOn: DatasetCard, testedOn: DatasetCard, overlap: Overlap)] = []
    var compared: Set<String> = []
    for result in results {
      let test = result.provenance?.digests("shards").first.flatMap { sets[$0] }
      mistakes[result.digest.hex] = try Self.hardest(result, test, thumbnails)
      let model = models.first {
        result.provenance?.digests("model").contains($0.digest.hex) ?? false
      }
      let training = model?.provenance?.digests("shards").first.flatMap { sets[$0] }
      guard let test, let training else { continue }
      let pair = training.artifact.digest.hex + test.artifact.digest.hex
      guard compared.insert(pair).inserted else { continue }
      overlaps.append(
        (
          training.record.card, test.record.card,
          try Overlap(training: training, test: test, threads: threads)
        ))
    }
    self.init(mistakes: mistakes, overlaps: overlaps)
  }

  /// The mistakes of an evaluation, the surest first.
  func mistakes(of result: ReportedResult) -> [Mistake] { mistakes[result.digest.hex] ?? [] }

  private static func hardest(
    _ result: ReportedResult, _ shards: ShardSet?, _ rule: ThumbnailRule
  ) throws -> [Mistake] {
    let scored = result.evaluation.scored
    let k = scored.classCount
    let wrong = scored.labels.indices.filter { scored.labels[$0] != scored.predictions[$0] }
    let excess = { (row: Int) in
      scored.probabilities[row * k + scored.predictions[row]]
        - scored.probabilities[row * k + scored.labels[row]]
    }
    let hardest = wrong.sorted { (excess($0), $1) > (excess($1), $0) }.prefix(mistakeCount)
    let places = shards.map { shards in
      Dictionary(
        shards.rows.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
    return try hardest.map { row in
      let id = result.evaluation.samples[row].id
      var picture: String?
      if let shards, let place = places?[id], rule.allows(result.card.testedOn) {
        picture = try thumbnail(shards, place)
      }
      return Mistake(
        id: id, label: result.evaluation.classes[scored.labels[row]],
        prediction: result.evaluation.classes[scored.predictions[row]],
        confidence: scored.probabilities[row * k + scored.predictions[row]],
        own: scored.probabilities[row * k + scored.labels[row]],
        thumbnail: picture)
    }
  }

  private static let thumbnailSide = 96

  private static func thumbnail(_ shards: ShardSet, _ row: Int) throws -> String {
    let image = shards.withImage(row) {
      Image(width: shards.size, height: shards.size, channels: 3, pixels: Array($0))
    }
    let small =
      shards.size > thumbnailSide
      ? image.resized(width: thumbnailSide, height: thumbnailSide) : image
    return "data:image/jpeg;base64," + Base64.encode(try small.jpeg(quality: 85))
  }
}

/// Bytes as text (RFC 4648, section 4).
enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      var word = 0
      for index in 0..<3 { word = word << 8 | Int(part.dropFirst(index).first ?? 0) }
      for index in 0..<4 {
        let digit = digits[word >> (18 - 6 * index) & 63]
        text.append(index <= part.count ? digit : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
