import Archives
import Artifacts
import Platform
import Samples

extension DatasetDefinition {
  /// DFEW: clips of films as folders of frames, five folds.
  static let dfew = DatasetDefinition(
    card: .dfew, protocols: ["dfew-5fold"], takes: ["fold", "frames"]
  ) { options, name in
    try DFEWParser(fold: try Fold.require(options.fold, of: 5, name), frames: options.frames)
  }
}

/// The parameter `fold` of protocols that need it.
enum Fold {
  static func require(_ fold: Int?, of count: Int, _ protocolName: String) throws -> Int {
    if let fold, (1...count).contains(fold) { return fold }
    throw Fault(
      .usage, "the protocol \(protocolName) tests on one of \(count) folds",
      remedy: "set fold to 1 to \(count)")
  }
}

/// Reads `EmoLabel_DataSplit/{train,test}(single-labeled)/set_<fold>.csv`.
final class DFEWParser: DatasetParser {
  /// DFEW label 1 to 7 -> expression.
  static let labels: [Expression] = [
    .happiness, .sadness, .neutral, .anger, .surprise, .disgust, .fear,
  ]

  private let fold: Int
  private var collector: ClipCollector
  private var lists: Set<Split> = []

  init(fold: Int, frames: Int?) throws {
    self.fold = fold
    collector = try ClipCollector(frames: frames, preferring: "clip_224x224_16f")
  }

  func visit(_ entry: ArchiveEntry) throws {
    collector.folders.note(entry.path)
    guard SourcePath.name(entry.path).lowercased() == "set_\(fold).csv",
      let folder = entry.path.split(separator: "/").dropLast().last?.lowercased(),
      // Lists of multi-labelled clips lie beside the single-labelled ones.
      !folder.contains("multi"),
      let split = folder.hasPrefix("train") ? Split.train : folder.hasPrefix("test") ? .test : nil
    else { return }
    guard lists.insert(split).inserted else {
      throw Fault(
        .badInput, "a second list of fold \(fold)", at: .init(entry.path), remedy: "keep one")
    }
    try read(try entry.read(limit: EntryLines.listLimit), entry.path, split)
  }

  private func read(_ bytes: [UInt8], _ path: String, _ split: Split) throws {
    try EntryLines.check(bytes, file: path, most: EntryLines.mostListed)
    for (line, cells) in try CSV.rows(bytes, file: path) where cells != [""] {
      let place = Fault.Place(path, line: line)
      guard cells.count >= 2 else {
        throw Fault(
          .badInput, "the row has \(cells.count) cells", at: place,
          remedy: "the columns are video_name,label")
      }
      if line == 1, Int(cells[1]) == nil { continue }
      guard let label = Int(cells[1]), (1...Self.labels.count).contains(label) else {
        throw Fault(
          .badInput, "'\(cells[1])' is not a class of DFEW", at: place,
          remedy: "labels are 1 to 7: \(ClassList(Self.labels))")
      }
      // Lists write `1` or `1.mp4`, the folders `00001`.
      let name = SourcePath.withoutExtension(cells[0])
      let clip = Int(name).map { padded($0, 5) } ?? name
      collector.entries.append(
        .init(clip: clip, split: split, label: Self.labels[label - 1].name, place: place))
    }
  }

  func plan() throws -> IngestPlan {
    guard lists == [.train, .test] else {
      throw Fault(
        .badInput, "the source does not have both lists of fold \(fold) of DFEW",
        remedy: "they are EmoLabel_DataSplit/train(single-labeled)/set_\(fold).csv and the same "
          + "under test(single-labeled)")
    }
    try collector.folders.require("DFEW", layout: "Clip/clip_224x224_16f/00001/1.jpg")
    return try collector.plan(
      DatasetProtocol(
        name: "dfew-5fold",
        summary: "DFEW, single-labelled clips, fold \(fold) of 5 tests, "
          + "\(collector.count) frames of each clip",
        classes: .seven, expectedTotals: fold == 1 ? [.train: 9_356, .test: 2_341] : [:],
        expectedWhole: 11_697))
  }
}
