import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// CK+: sequences from neutral to apex, 123 people in a laboratory.
  static let ckplus = DatasetDefinition(
    card: .ckplus, protocols: ["ckplus-636", "ckplus-10fold", "ckplus-654", "ckplus-981"],
    takes: ["fold"]
  ) { options, name in
    let needsFold = name == "ckplus-10fold"
    guard needsFold == (options.fold != nil), (1...10).contains(options.fold ?? 1) else {
      throw Fault(
        .usage,
        needsFold
          ? "the protocol ckplus-10fold tests on one of ten folds"
          : "the protocol \(name) has no folds",
        remedy: needsFold ? "set fold to 1 to 10" : "leave fold out, or use ckplus-10fold")
    }
    return CKPlusParser(protocolName: name, fold: options.fold)
  }
}

/// Reads `Emotion`, `Landmarks` and the names of `cohn-kanade-images`.
final class CKPlusParser: DatasetParser {
  /// CK+ label 1 to 7 -> expression.
  static let labels: [Expression] = [
    .anger, .contempt, .disgust, .fear, .happiness, .sadness, .surprise,
  ]

  private let protocolName: String
  private let fold: Int?
  private var sequences: [String: Sequence] = [:]
  private var landmarks: [String: (path: String, bytes: [UInt8])] = [:]
  private var landmarkBytes = 0
  private static let landmarkLimit = 64 << 20
  /// Action units by the frame they were coded in.
  private var units: [String: String] = [:]
  private var rejects: [Reject] = []

  private struct Sequence {
    var frames: [String: String] = [:]
    var emotion: Expression?
    var emotionPath = ""
  }

  init(protocolName: String, fold: Int?) {
    self.protocolName = protocolName
    self.fold = fold
  }

  func visit(_ entry: ArchiveEntry) throws {
    guard let name = FrameName(SourcePath.stem(entry.path)) else { return }
    switch (name.suffix, SourcePath.fileExtension(entry.path)) {
    case ("", "png"): note(frame: name, at: entry.path)
    case ("emotion", "txt"):
      let emotion = try Self.emotion(try entry.read(limit: 1 << 12), file: entry.path)
      if let emotion { sequences[name.sequence, default: Sequence()].emotion = emotion }
      sequences[name.sequence, default: Sequence()].emotionPath = entry.path
    case ("landmarks", "txt"):
      let bytes = try entry.read(limit: 1 << 16)
      landmarkBytes += bytes.count
      guard landmarkBytes <= Self.landmarkLimit else {
        throw Fault(
          .badInput, "the landmarks take more than \(Self.landmarkLimit) bytes",
          at: .init(entry.path), remedy: "those of CK+ take 25,000,000")
      }
      landmarks[name.frame] = (entry.path, bytes)
    case ("facs", "txt"):
      units[name.frame] = try Self.units(try entry.read(limit: 1 << 12), file: entry.path)
    default: break
    }
  }

  private func note(frame name: FrameName, at path: String) {
    if let first = sequences[name.sequence]?.frames[name.frame] {
      rejects.append(Reject(.duplicateRow, path, "the same frame is also at \(first)"))
    } else {
      sequences[name.sequence, default: Sequence()].frames[name.frame] = path
    }
  }

  /// Reads `   3.0000000e+00`; 0, which the code book reserves for neutral, labels nothing.
  private static func emotion(_ bytes: [UInt8], file: String) throws -> Expression? {
    let lines = try TextLine.all(bytes, file: file)
    guard lines.count == 1 else {
      throw Fault(.badInput, "an emotion file has one line, not \(lines.count)", at: .init(file))
    }
    let number = try lines[0].numbers(1, "emotion")[0]
    guard let label = Int(exactly: number), (0...labels.count).contains(label) else {
      throw Fault(
        .badInput, "the emotion \(lines[0].text) is not in the code book", at: lines[0].place(),
        remedy: "emotions are 1 to 7: \(ClassList(labels))")
    }
    return label == 0 ? nil : labels[label - 1]
  }

  /// Reads `   9.0000000e+00   4.0000000e+00` as `9:4`: action unit and intensity, 1 (A) to 5 (E), or
  /// 0 where it was not coded.
  private static func units(_ bytes: [UInt8], file: String) throws -> String {
    try TextLine.all(bytes, file: file).map { line in
      let numbers = try line.numbers(2, "action unit")
      guard let unit = Int(exactly: numbers[0]), let level = Int(exactly: numbers[1]),
        (1...99).contains(unit), (0...5).contains(level)
      else {
        throw Fault(
          .badInput, "'\(line.text)' is no action unit", at: line.place(),
          remedy: "a line reads '   9.0000000e+00   4.0000000e+00'")
      }
      return "\(unit):\(level)"
    }.joined(separator: " ")
  }

  func plan() throws -> IngestPlan {
    let labelled = sequences.filter { $0.value.emotion != nil }.sorted { $0.key < $1.key }
    guard !labelled.isEmpty else {
      throw Fault(
        .badInput, "the source has no labelled sequences of CK+",
        remedy: "labels are in Emotion/S005/001/S005_001_00000011_emotion.txt")
    }
    guard sequences.contains(where: { !$0.value.frames.isEmpty }) else {
      throw Fault(
        .badInput, "the source has no frames of CK+",
        remedy: "they are in cohn-kanade-images/S005/001/S005_001_00000001.png")
    }
    let scheme = scheme
    var rows: [SampleRow] = []
    for (key, sequence) in labelled {
      if sequence.frames.isEmpty {
        rejects.append(
          Reject(.labelWithoutImage, sequence.emotionPath, "the sequence \(key) has no frames"))
      } else {
        rows += try self.rows(key, sequence, scheme.classes)
      }
    }
    if let fold { assign(fold, to: &rows) }
    return IngestPlan(scheme, rows: rows, rejects: rejects)
  }

  /// Subjects in sorted order are dealt to the ten folds in turn.
  private func assign(_ fold: Int, to rows: inout [SampleRow]) {
    let subjects = Set(rows.compactMap(\.subject)).sorted()
    let folds = Dictionary(
      uniqueKeysWithValues: subjects.enumerated().map { ($1, $0 % 10 + 1) })
    for index in rows.indices {
      let own = rows[index].subject.flatMap { folds[$0] } ?? 0
      rows[index].attributes["fold"] = String(own)
      rows[index].split = own == fold ? .test : .train
    }
  }

  /// Frames are sorted: numbers may start above 1 and are only names.
  private func rows(
    _ key: String, _ sequence: Sequence, _ classes: ClassList
  ) throws -> [SampleRow] {
    guard let emotion = sequence.emotion else { return [] }
    let frames = sequence.frames.keys.sorted()
    var chosen: [(frame: String, label: Expression)] = []
    if protocolName == "ckplus-981" {
      chosen = frames.suffix(3).map { ($0, emotion) }
    } else {
      chosen.append((frames[0], .neutral))
      // A sequence of one frame has no apex apart from its neutral face.
      if let last = frames.dropFirst().last { chosen.append((last, emotion)) }
    }
    return try chosen.filter { classes.index(of: $0.label.name) != nil }.map { frame, label in
      var attributes = ["sequence": key]
      attributes["action_units"] = units[frame]
      return SampleRow(
        id: frame, source: sequence.frames[frame] ?? "", split: .all, label: label.name,
        subject: String(key.prefix { $0 != "_" }), attributes: attributes,
        points: try points(frame))
    }
  }

  /// Coordinates are taken as distances from the picture's corner, as RAF-DB's.
  private func points(_ frame: String) throws -> [PicturePoint]? {
    guard let file = landmarks[frame] else { return nil }
    let lines = try TextLine.all(file.bytes, file: file.path)
    guard lines.count == 68 else {
      throw Fault(
        .badInput, "a landmark file has 68 lines, not \(lines.count)", at: .init(file.path))
    }
    return try lines.map { line in
      let numbers = try line.numbers(2, "point")
      return PicturePoint(numbers[0], numbers[1])
    }
  }

  private var scheme: DatasetProtocol {
    let eight = ClassList.eight
    switch protocolName {
    case "ckplus-981":
      let classes = ClassList(Expression.allCases.filter { $0 != .neutral })
      return DatasetProtocol(
        name: protocolName, summary: "CK+, last three frames of all 327 labelled sequences",
        classes: classes,
        expected: DatasetProtocol.counts(classes, [.all: [249, 75, 177, 207, 84, 135, 54]]))
    case "ckplus-654":
      return DatasetProtocol(
        name: protocolName,
        summary: "CK+, first frame of all 327 labelled sequences as neutral, last frame of each",
        classes: eight,
        expected: DatasetProtocol.counts(eight, [.all: [83, 25, 59, 69, 28, 45, 327, 18]]))
    default:
      let split = fold.map { ", ten subject-disjoint folds, fold \($0) tests" } ?? ""
      return DatasetProtocol(
        name: protocolName,
        summary: "CK+, first frame of all 327 labelled sequences as neutral, last frame of the "
          + "309 that do not show contempt" + split,
        classes: .seven,
        expected: DatasetProtocol.counts(.seven, [.all: [83, 25, 59, 69, 28, 45, 327]]))
    }
  }
}

/// The parts of a stem such as `S005_001_00000011_emotion`.
struct FrameName {
  /// `S005_001`.
  var sequence: String
  /// `S005_001_00000011`.
  var frame: String
  /// `emotion`, `landmarks`, `facs` or nothing.
  var suffix: String

  init?(_ stem: String) {
    let parts = stem.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 3 || parts.count == 4, parts[0].first == "S",
      [parts[0].dropFirst(), parts[1], parts[2]].allSatisfy({ part in
        !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
      })
    else { return nil }
    sequence = parts[..<2].joined(separator: "_")
    frame = parts[..<3].joined(separator: "_")
    suffix = parts.count == 4 ? String(parts[3]) : ""
  }
}
