import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// AFEW: clips of films in folders that name split and emotion.
  static let afew = DatasetDefinition(
    card: .afew, protocols: ["afew"], takes: ["frames"]
  ) { options, _ in
    try AFEWParser(frames: options.frames)
  }
}

/// Reads `{Train,Val}_AFEW/<Emotion>/<id>/<frame>`; the validation set is what everyone tests on, as
/// the test set's labels were never released.
final class AFEWParser: DatasetParser {
  private var collector: ClipCollector

  init(frames: Int?) throws { collector = try ClipCollector(frames: frames) }

  func visit(_ entry: ArchiveEntry) { collector.folders.note(entry.path) }

  func plan() throws -> IngestPlan {
    try collector.folders.require("AFEW", layout: "Train_AFEW/Angry/000046280/001.jpg")
    for folder in collector.folders.paths {
      let parts = folder.split(separator: "/")
      guard let root = parts.lastIndex(where: { $0 == "Train_AFEW" || $0 == "Val_AFEW" }),
        parts.count == root + 3
      else { continue }
      let label = try ClassList.seven.require(String(parts[root + 1]), at: .init(folder))
      collector.entries.append(
        .init(
          clip: parts[root...].joined(separator: "/"),
          split: parts[root] == "Train_AFEW" ? .train : .test, label: ClassList.seven[label],
          place: .init(folder)))
    }
    guard !collector.entries.isEmpty else {
      throw Fault(
        .badInput, "the source has no clips of AFEW", at: .init(collector.folders.paths[0]),
        remedy: "frames are in Train_AFEW/Angry/000046280/001.jpg and the same under Val_AFEW")
    }
    return try collector.plan(
      DatasetProtocol(
        name: "afew",
        summary: "AFEW, the owners' validation set tests, "
          + "\(collector.count) frames of each clip",
        classes: .seven, expectedTotals: [.train: 773, .test: 383],
        knownTotals: [.test: [381: "a public list"]]))
  }
}
