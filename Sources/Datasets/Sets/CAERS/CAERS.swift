import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// CAER-S: a folder a class under train and test.
  static let caerS = DatasetDefinition(card: .caerS, protocols: ["caer-s"]) { _, _ in
    try CAERSParser()
  }
}

/// Reads `{train,test}/{Anger,Disgust,Fear,Happy,Neutral,Sad,Surprise}/0001.png`.
final class CAERSParser: PictureRowParser {
  private let folder: ImageFolderParser
  private var rows: [SampleRow] = []

  init() throws {
    var options = IngestOptions(dataset: "caer-s")
    options.classes = ClassList.seven.names
    options.pattern = "{split}/{label}/*.png"
    folder = try ImageFolderParser(options)
  }

  func keep(_ row: SampleRow) { rows.append(row) }

  func row(of path: String) throws -> SampleRow? {
    guard var row = try folder.row(of: path) else { return nil }
    let tail = path.split(separator: "/").suffix(3).joined(separator: "/")
    row.id = SourcePath.withoutExtension(tail)
    return row
  }

  func plan() throws -> IngestPlan {
    guard folder.hasLabels else {
      throw Fault(
        .badInput, "the source has no pictures of CAER-S",
        remedy: "they are in train/Anger/0001.png and so on, and the same under test")
    }
    var plan = try folder.plan()
    plan.rows = rows
    plan.scheme = DatasetProtocol(
      name: "caer-s", summary: "CAER-S, the owners' train and test sets", classes: .seven,
      expectedTotals: [.train: 48_995, .test: 20_987])
    return plan
  }
}
