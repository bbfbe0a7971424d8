/// Results that differ in the seed alone.
struct SeedGroup: Sendable {
  let members: [ReportedResult]

  /// Groups results, in the order of each group's first.
  static func group(_ results: [ReportedResult]) -> [SeedGroup] {
    var order: [Key] = []
    var groups: [Key: [ReportedResult]] = [:]
    for result in results {
      let key = Key(result)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(result)
    }
    return order.map { SeedGroup(members: groups[$0] ?? []) }
  }

  var first: ReportedResult { members[0] }

  var accuracy: MeanAndDeviation? { MeanAndDeviation(members.map(\.confusion.accuracy)) }
  var meanAccuracy: MeanAndDeviation? { MeanAndDeviation(members.map(\.confusion.meanAccuracy)) }
  var macroF1: MeanAndDeviation? { MeanAndDeviation(members.map(\.confusion.macroF1)) }

  /// The properties shared by the results of one group.
  private struct Key: Hashable {
    let words: [String]

    init(_ result: ReportedResult) {
      var card = result.card
      card.model.seed = nil
      let evaluation = result.evaluation
      words =
        [
          card.json.canonical, evaluation.protocolName, evaluation.selection,
          evaluation.classRule.rawValue, String(evaluation.samples.count),
        ] + evaluation.classes
    }
  }
}

/// The mean of several runs and, for two or more, their sample standard deviation (n - 1).
struct MeanAndDeviation: Sendable, Equatable {
  let mean: Double
  let deviation: Double?

  init?(_ values: [Double?]) {
    let known = values.compactMap { $0 }
    guard !known.isEmpty, known.count == values.count else { return nil }
    let mean = known.reduce(0, +) / Double(known.count)
    self.mean = mean
    let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = known.count > 1 ? (squares / Double(known.count - 1)).squareRoot() : nil
  }
}
