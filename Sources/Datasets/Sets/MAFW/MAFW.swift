import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// MAFW: clips of eleven single emotions, five folds.
  static let mafw = DatasetDefinition(
    card: .mafw, protocols: ["mafw-11"], takes: ["fold", "frames"]
  ) { options, name in
    try MAFWParser(fold: try Fold.require(options.fold, of: 5, name), frames: options.frames)
  }
}

/// Reads `Train & Test Set/single/no_caption/set_<fold>/{train,test}.txt`: `00025.mp4 anger`.
final class MAFWParser: DatasetParser {
  static let classes = [
    "anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt",
    "anxiety", "helplessness", "disappointment",
  ]

  private let fold: Int
  private let classes: ClassList
  private var collector: ClipCollector
  private var lists: Set<Split> = []

  init(fold: Int, frames: Int?) throws {
    self.fold = fold
    classes = try ClassList.inCanonicalOrder(Self.classes)
    collector = try ClipCollector(frames: frames)
  }

  func visit(_ entry: ArchiveEntry) throws {
    collector.folders.note(entry.path)
    let components = entry.path.split(separator: "/")
    guard components.suffix(4).dropLast() == ["single", "no_caption", "set_\(fold)"],
      let split = components.last == "train.txt"
        ? Split.train : components.last == "test.txt" ? .test : nil
    else { return }
    guard lists.insert(split).inserted else {
      throw Fault(
        .badInput, "a second list of fold \(fold)", at: .init(entry.path), remedy: "keep one")
    }
    for line in try TextLine.all(try entry.read(limit: EntryLines.listLimit), file: entry.path) {
      let fields = line.fields
      guard fields.count == 2 else {
        throw Fault(
          .badInput, "expected a clip and its label, found '\(line.text)'", at: line.place(),
          remedy: "a line reads '00025.mp4 anger'")
      }
      let label = try classes.require(fields[1].text, at: line.place(column: fields[1].column))
      collector.entries.append(
        .init(
          clip: SourcePath.withoutExtension(fields[0].text), split: split, label: classes[label],
          place: line.place()))
    }
  }

  func plan() throws -> IngestPlan {
    guard lists == [.train, .test] else {
      throw Fault(
        .badInput, "the source does not have both lists of fold \(fold) of MAFW",
        remedy: "they are Train & Test Set/single/no_caption/set_\(fold)/train.txt and test.txt")
    }
    try collector.folders.require("MAFW", layout: "a folder a clip, as 00025/00001.jpg")
    return try collector.plan(
      DatasetProtocol(
        name: "mafw-11",
        summary: "MAFW, eleven single emotions, fold \(fold) of 5 tests, "
          + "\(collector.count) frames of each clip",
        classes: classes, expectedTotals: fold == 1 ? [.train: 7_333, .test: 1_839] : [:],
        expectedWhole: 9_172))
  }
}
