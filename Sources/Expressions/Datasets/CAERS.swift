import Archives
import Platform

extension DatasetDefinition {
  /// CAER-S: a folder a class under train and test.
  static let caerS = DatasetDefinition(card: .caerS, protocols: ["caer-s"]) { _, _ in
    try CAERSParser()
  }
}

/// Reads `{train,test}/{Anger,Disgust,Fear,Happy,Neutral,Sad,Surprise}/0001.png`.
final class CAERSParser: DatasetParser {
  private let folder: ImageFolderParser

  init() throws {
    var options = IngestOptions(dataset: "caer-s")
    options.classes = ClassList.seven.names
    options.pattern = "{split}/{label}/*.png"
    folder = try ImageFolderParser(options)
  }

  func visit(_ entry: ArchiveEntry) { folder.visit(entry) }

  func plan() throws -> IngestPlan {
    var plan = try folder.plan()
    for index in plan.rows.indices {
      let tail = plan.rows[index].source.split(separator: "/").suffix(3).joined(separator: "/")
      plan.rows[index].id = SourcePath.withoutExtension(tail)
    }
    plan.scheme = DatasetProtocol(
      name: "caer-s", summary: "CAER-S, the owners' train and test sets", classes: .seven,
      expectedTotals: [.train: 48_995, .test: 20_987])
    return plan
  }
}
