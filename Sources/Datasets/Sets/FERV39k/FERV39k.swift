import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// FERV39k: clips of 22 scenes as folders of frames.
  static let ferv39k = DatasetDefinition(
    card: .ferv39k, protocols: ["ferv39k-all"], takes: ["frames"]
  ) { options, _ in
    try FERV39kParser(frames: options.frames)
  }
}

/// Reads `4_setups/All_scenes/{train,test}_All.csv`, whose lines are `Action/Sad/0010 Sad`.
final class FERV39kParser: DatasetParser {
  private var collector: ClipCollector
  private var lists: Set<Split> = []

  init(frames: Int?) throws { collector = try ClipCollector(frames: frames) }

  func visit(_ entry: ArchiveEntry) throws {
    collector.folders.note(entry.path)
    let split: Split
    switch SourcePath.name(entry.path).lowercased() {
    case "train_all.csv": split = .train
    case "test_all.csv": split = .test
    default: return
    }
    guard lists.insert(split).inserted else {
      throw Fault(.badInput, "a second list", at: .init(entry.path), remedy: "keep one")
    }
    for line in try TextLine.all(try entry.read(limit: EntryLines.listLimit), file: entry.path) {
      let fields = line.fields
      guard fields.count == 2 else {
        throw Fault(
          .badInput, "expected a clip and its label, found '\(line.text)'", at: line.place(),
          remedy: "a line reads 'Action/Sad/0010 Sad'")
      }
      let label = try ClassList.seven.require(
        fields[1].text, at: line.place(column: fields[1].column))
      collector.entries.append(
        .init(
          clip: fields[0].text, split: split, label: ClassList.seven[label], place: line.place()))
    }
  }

  func plan() throws -> IngestPlan {
    guard lists == [.train, .test] else {
      throw Fault(
        .badInput, "the source does not have both lists of FERV39k",
        remedy: "they are 4_setups/All_scenes/train_All.csv and test_All.csv")
    }
    try collector.folders.require(
      "FERV39k", layout: "2_ClipsforFaceCrop/Action/Sad/0010/00001.jpg")
    return try collector.plan(
      DatasetProtocol(
        name: "ferv39k-all",
        summary: "FERV39k, all scenes, \(collector.count) frames of each clip", classes: .seven,
        expectedTotals: [.train: 31_088, .test: 7_847]))
  }
}
