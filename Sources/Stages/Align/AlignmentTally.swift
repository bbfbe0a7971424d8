import Artifacts
import Platform

/// Counts what became of the samples and lists those that did not go as wished.
struct AlignmentTally {
  private(set) var counts: [String: Int] = [:]
  private(set) var perClass: [String: [String: Int]] = [:]
  private(set) var details: [String: Int] = [:]
  private(set) var csv = CSV.line(["kind", "place", "reason", "action"])
  private(set) var reused = 0
  private var faces = 0
  private var first: (place: String, reason: String)?

  mutating func note(_ outcome: FaceWorker.Outcome) {
    let alignment = outcome.alignment
    counts[alignment.kind.rawValue, default: 0] += 1
    perClass[outcome.label ?? "(no label)", default: [:]][alignment.kind.rawValue, default: 0] += 1
    for detail in alignment.details { details[detail, default: 0] += 1 }
    faces += alignment.faces.count
    if outcome.isReused { reused += 1 }
    guard !alignment.reason.isEmpty else { return }
    if first == nil { first = (outcome.source, alignment.reason) }
    csv += CSV.line([
      alignment.kind.rawValue, outcome.source, alignment.reason,
      alignment.faces.isEmpty ? "dropped" : "kept",
    ])
  }

  var countsJSON: JSONValue { .object(counts.mapValues { .integer($0) }) }
  var detailsJSON: JSONValue { .object(details.mapValues { .integer($0) }) }
  var perClassJSON: JSONValue {
    .object(perClass.mapValues { .object($0.mapValues { .integer($0) }) })
  }

  /// - Throws: `Fault` where no face came out.
  func check() throws {
    guard faces == 0 else { return }
    guard let first else { throw Fault(.badInput, "there are no samples") }
    let total = counts.values.reduce(0, +)
    throw Fault(
      .badInput, "none of \(total) samples gave a face", at: .init(first.place),
      remedy: "check the dataset's pictures and landmarks",
      cause: "the first: \(first.reason)")
  }

  /// How many samples of each class went which way, in one line a class.
  var classLines: [String] {
    perClass.sorted { $0.key < $1.key }.map { label, own in
      let kinds = Alignment.Kind.allCases.compactMap { kind in
        own[kind.rawValue].map { "\($0) \(kind.rawValue)" }
      }
      return "\(label): \(kinds.joined(separator: ", "))"
    }
  }

  /// One line for each kind of trouble, and one for each class that has more or less of it.
  var warnings: [String] {
    let trouble = Alignment.Kind.allCases.filter { !$0.isWished }
    return trouble.compactMap { kind in
      counts[kind.rawValue].map { "\($0) \(kind.rawValue): see rejects.csv" }
    } + trouble.flatMap { unevenClasses($0.rawValue) }
  }

  /// The classes in which a kind of trouble is so much more or less frequent than in the others that
  /// chance does not explain it: three standard errors of the difference between two proportions,
  /// and at least one in a hundred.
  private func unevenClasses(_ kind: String) -> [String] {
    let all = counts.values.reduce(0, +)
    let hits = counts[kind] ?? 0
    guard hits > 0, hits < all, perClass.count > 1 else { return [] }
    return perClass.sorted { $0.key < $1.key }.compactMap { label, own in
      let size = own.values.reduce(0, +)
      let ownHits = own[kind] ?? 0
      let rate = Double(ownHits) / Double(size)
      let other = Double(hits - ownHits) / Double(all - size)
      let pooled = Double(hits) / Double(all)
      let error =
        (pooled * (1 - pooled) * (1 / Double(size) + 1 / Double(all - size))).squareRoot()
      guard abs(rate - other) > 3 * error, abs(rate - other) >= 0.01 else { return nil }
      return "\(kind) differs between classes: \(percent(rate)) of \(label), "
        + "\(percent(other)) of the others"
    }
  }

  private func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
