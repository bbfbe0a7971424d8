import Platform

/// Takes a part of the training rows for validation: stratified by class, subjects kept whole, and
/// a function of the rows and the seed alone.
public struct ValidationSplit: Sendable, Equatable {
  /// The part of the training rows that validates, 0 to 0.5.
  public var fraction: Double
  public var seed: UInt64

  public init(fraction: Double, seed: UInt64) {
    self.fraction = fraction
    self.seed = seed
  }

  /// One training row, as far as the split depends on it.
  public struct Row: Sendable, Equatable {
    public var label: Int
    /// Rows of one subject stay together; a row without one stands alone.
    public var subject: String?

    public init(label: Int, subject: String?) {
      self.label = label
      self.subject = subject
    }
  }

  /// Which rows validate, in the order of `rows`.
  ///
  /// Without subjects each class gives the rounded fraction of its rows, at least one where it has
  /// two. With subjects, whole subjects are taken in a random order as long as each brings the
  /// counts by class nearer to that fraction.
  public func validates(_ rows: [Row], classes: Int) -> [Bool] {
    guard fraction > 0 else { return rows.map { _ in false } }
    return rows.contains { $0.subject != nil }
      ? bySubject(rows, classes: classes) : byClass(rows, classes: classes)
  }

  private func byClass(_ rows: [Row], classes: Int) -> [Bool] {
    var result = rows.map { _ in false }
    for label in 0..<classes {
      let members = rows.indices.filter { rows[$0].label == label }
      guard members.count >= 2 else { continue }
      let wanted = max(1, Int((fraction * Double(members.count)).rounded()))
      var generator = SeededGenerator(seed: seed, 0x5641, UInt64(label))
      for position in generator.permutation(members.count).prefix(wanted) {
        result[members[position]] = true
      }
    }
    return result
  }

  private func bySubject(_ rows: [Row], classes: Int) -> [Bool] {
    var groups: [String: [Int]] = [:]
    for (index, row) in rows.enumerated() {
      // A lone row's name cannot be that of a subject: it has a byte that text never has.
      groups[row.subject.map { "s" + $0 } ?? "\u{0}\(index)", default: []].append(index)
    }
    let names = groups.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var missing = [Double](repeating: 0, count: classes)
    for row in rows { missing[row.label] += fraction }
    var result = rows.map { _ in false }
    var generator = SeededGenerator(seed: seed, 0x5642)
    var left = names.count
    for position in generator.permutation(names.count) {
      let members = groups[names[position]] ?? []
      var after = missing
      for index in members { after[rows[index].label] -= 1 }
      // Training keeps at least one subject.
      guard left > 1, error(after) < error(missing) else { continue }
      missing = after
      left -= 1
      for index in members { result[index] = true }
    }
    return result
  }

  /// The sum of squared distances from the wanted counts.
  private func error(_ missing: [Double]) -> Double { missing.reduce(0) { $0 + $1 * $1 } }
}
