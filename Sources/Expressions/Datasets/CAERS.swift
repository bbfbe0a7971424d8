import Archives
import Platform

extension DatasetDefinition {
  /// CAER-S: a folder a class under train and test.
  static let caerS = DatasetDefinition(card: .caerS, protocols: ["caer-s"]) { _, _ in
    try CAERSParser()
  }
}

/// Reads `{train,test}/{Anger,Disgust,Fear,Happy,Neutral,Sad,Surprise}/0001.png`.
final class CAERSParser: OnePassParser {
  private let folder: ImageFolderParser
  private var rows: [SampleRow] = []

  let isOnePass = true

  init() throws {
    var options = IngestOptions(dataset: "caer-s")
    options.classes = ClassList.seven.names
    options.pattern = "{split}/{label}/*.png"
    folder = try ImageFolderParser(options)
  }

  func visit(_ entry: ArchiveEntry) throws {
    if let row = try row(of: entry.path) { rows.append(row) }
  }

  func take(
    _ entry: ArchiveEntry, _ emit: (SampleRow, () throws -> [UInt8]) throws -> Void
  ) throws {
    if let row = try row(of: entry.path) { try emit(row) { try entry.read() } }
  }

  private func row(of path: String) throws -> SampleRow? {
    guard var row = try folder.row(of: path) else { return nil }
    let tail = path.split(separator: "/").suffix(3).joined(separator: "/")
    row.id = SourcePath.withoutExtension(tail)
    return row
  }

  func plan() throws -> IngestPlan {
    var plan = try folder.plan()
    plan.rows = rows
    plan.scheme = DatasetProtocol(
      name: "caer-s", summary: "CAER-S, the owners' train and test sets", classes: .seven,
      expectedTotals: [.train: 48_995, .test: 20_987])
    return plan
  }
}
