import Archives
import Artifacts
import Platform
import Samples

extension DatasetDefinition {
  /// FERPlus: ten people's votes for each picture of FER2013.
  static let ferplus = DatasetDefinition(
    card: .ferplus, protocols: ["ferplus"], takes: ["rule"]
  ) { options, _ in
    let asked = options.rule ?? FERPlusRule.majority.rawValue
    guard let rule = FERPlusRule(rawValue: asked) else {
      let words = FERPlusRule.allCases.map(\.rawValue)
      let near = nearestWord(to: asked, among: words).map { "did you mean '\($0)'? " } ?? ""
      throw Fault(
        .usage, "there is no rule '\(asked)'",
        remedy: "\(near)the rules are \(words.joined(separator: ", "))")
    }
    return FERPlusParser(rule: rule)
  }
}

/// How ten votes become a label.
public enum FERPlusRule: String, Sendable, CaseIterable {
  /// Votes of 1 are noise and set to 0; the column with most votes wins if it has more than half of
  /// what remains (Barsoum and others, ICMI 2016, and the owners' code).
  case majority
  /// Most votes of all ten columns.
  case argmax10 = "argmax-10"
  /// Most votes of the eight expressions.
  case argmax8 = "argmax-8"
  /// The votes of the eight expressions are a soft label; the hard label is their maximum.
  case probability

  /// FERPlus column 0 to 7 -> expression; columns 8 and 9 are unknown and not a face.
  public static let columns: [Expression] = [
    .neutral, .happiness, .surprise, .sadness, .anger, .disgust, .fear, .contempt,
  ]

  /// The expression that ten votes make, or nil. The first of equal columns wins.
  public func label(_ votes: [Int]) -> Expression? {
    let winner: Int
    switch self {
    case .majority:
      let counted = votes.map { $0 == 1 ? 0 : $0 }
      winner = Self.largest(counted)
      guard 2 * counted[winner] > counted.reduce(0, +) else { return nil }
    case .argmax10: winner = Self.largest(votes)
    case .argmax8: winner = Self.largest(Array(votes[..<8]))
    case .probability:
      winner = Self.largest(Array(votes[..<8]))
      if votes[winner] == 0 { return nil }
    }
    return winner < Self.columns.count ? Self.columns[winner] : nil
  }

  private static func largest(_ votes: [Int]) -> Int {
    votes.indices.reduce(0) { votes[$1] > votes[$0] ? $1 : $0 }
  }

  /// The rows each split keeps, as counted from the owners' table.
  var expectedTotals: [Split: Int] {
    switch self {
    case .majority: [.train: 25_060, .validation: 3_199, .test: 3_153]
    case .argmax10: [.train: 28_389, .validation: 3_553, .test: 3_546]
    case .argmax8: [.train: 28_561, .validation: 3_579, .test: 3_574]
    case .probability: [:]
    }
  }
}

/// A row of `fer2013new.csv`.
public struct FERPlusVotes: Sendable, Equatable {
  public var line: Int
  public var split: Split
  /// The picture's name, `fer0000012.png`; empty where the owners removed the picture.
  public var name: String
  /// Ten counts: the eight columns of expressions, unknown, not a face.
  public var votes: [Int]

  /// Reads the table of votes.
  ///
  /// - Throws: `Fault` for other columns and for cells that are no counts.
  public static func table(_ bytes: [UInt8], file: String) throws -> [FERPlusVotes] {
    try EntryLines.check(bytes, file: file, most: EntryLines.mostListed)
    let lines = try CSV.rows(bytes, file: file)
    let header = ["Usage", "Image name"] + FERPlusRule.columns.map(\.name) + ["unknown", "NF"]
    guard lines.first?.cells == header else {
      throw Fault(
        .badInput, "the table's columns are not those of FERPlus", at: .init(file, line: 1),
        remedy: "they are \(header.joined(separator: ","))")
    }
    return try lines.dropFirst().filter { $0.cells != [""] }.map { line, cells in
      let place = Fault.Place(file, line: line)
      let votes = cells.dropFirst(2).compactMap { Int($0) }
      guard cells.count == header.count, votes.count == 10, votes.allSatisfy({ $0 >= 0 }) else {
        throw Fault(.badInput, "the row does not have ten counts of votes", at: place)
      }
      guard let split = Split(word: cells[0]) else {
        throw Fault(.badInput, "'\(cells[0])' is not a usage", at: place)
      }
      return FERPlusVotes(line: line, split: split, name: cells[1], votes: votes)
    }
  }
}

/// Joins `fer2013new.csv` to `fer2013.csv`, row by row.
final class FERPlusParser: DatasetParser {
  private let rule: FERPlusRule
  private let pixels = FERTable()
  private var votes: (path: String, rows: [FERPlusVotes])?

  init(rule: FERPlusRule) { self.rule = rule }

  func visit(_ entry: ArchiveEntry) throws {
    try pixels.visit(entry)
    guard SourcePath.name(entry.path).lowercased() == "fer2013new.csv" else { return }
    votes = (
      entry.path,
      try FERPlusVotes.table(try entry.read(limit: EntryLines.listLimit), file: entry.path)
    )
  }

  func plan() throws -> IngestPlan {
    let table = try pixels.requirePath()
    guard let votes else {
      throw Fault(
        .badInput, "the source has no fer2013new.csv",
        remedy: "put FERPlus' table of votes beside fer2013.csv")
    }
    guard votes.rows.count == pixels.rows.count else {
      throw Fault(
        .badInput,
        "\(votes.rows.count) rows of votes for \(pixels.rows.count) pictures of \(table)",
        at: .init(votes.path), remedy: "both tables must be whole: 35,887 rows in one order")
    }
    var rows: [SampleRow] = []
    var numbers: [Int] = []
    var rejects: [Reject] = []
    for (number, (vote, picture)) in zip(votes.rows, pixels.rows).enumerated() {
      let place = Fault.Place(votes.path, line: vote.line)
      guard vote.split == picture.split else {
        throw Fault(
          .badInput, "the usage differs from that of \(table), line \(picture.line)", at: place,
          remedy: "the tables are not in one order")
      }
      if let label = vote.name.isEmpty ? nil : rule.label(vote.votes) {
        rows.append(row(vote, label, source: "\(table):\(picture.line)"))
        numbers.append(number)
      } else {
        let reason =
          vote.name.isEmpty ? "removed by the owners" : "no label by the rule \(rule.rawValue)"
        rejects.append(Reject(.withoutLabel, place.description, reason))
      }
    }
    var plan = IngestPlan(scheme, rows: rows, rejects: rejects)
    plan.rule = rule.rawValue
    pixels.connect(&plan, rowNumbers: numbers)
    return plan
  }

  private func row(_ vote: FERPlusVotes, _ label: Expression, source: String) -> SampleRow {
    var row = SampleRow(
      id: SourcePath.stem(vote.name), source: source, split: vote.split, label: label.name)
    if rule == .probability {
      var votes = [Double](repeating: 0, count: ClassList.eight.count)
      for (column, expression) in FERPlusRule.columns.enumerated() {
        votes[expression.rawValue] = Double(vote.votes[column])
      }
      row.votes = votes
    }
    return row
  }

  private var scheme: DatasetProtocol {
    let test = [396, 83, 18, 893, 384, 273, 1090, 16]
    return DatasetProtocol(
      name: "ferplus", summary: "FERPlus, labels by the rule \(rule.rawValue)", classes: .eight,
      expected: rule == .majority ? DatasetProtocol.counts(.eight, [.test: test]) : nil,
      expectedTotals: rule.expectedTotals)
  }
}
