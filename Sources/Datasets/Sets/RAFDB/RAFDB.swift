import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// RAF-DB basic: seven classes, train and test sets in files of their own.
  static let rafdb = DatasetDefinition(
    card: .rafdb, protocols: ["rafdb-basic", "rafdb-basic-aligned"]
  ) { _, name in
    RAFDBParser(isAligned: name == "rafdb-basic-aligned")
  }
}

/// Reads `basic/EmoLabel`, `basic/Annotation` and the names of `basic/Image`.
final class RAFDBParser: OnePassParser {
  /// RAF-DB numbers its classes from 1 in the canonical order.
  static let classes = ClassList.seven

  static let counts: [Split: [Int]] = [
    .train: [1290, 281, 717, 4772, 1982, 705, 2524], .test: [329, 74, 160, 1185, 478, 162, 680],
  ]

  private let isAligned: Bool
  private var images: [String: String] = [:]
  private var alignedCount = 0
  private var originalCount = 0
  private var labels: [(stem: String, label: Int, place: Fault.Place)] = []
  /// The first label of each stem.
  private var labelled: [String: Int] = [:]
  /// Stems whose rows were handed over with their pictures.
  private var given: Set<String> = []
  private var labelFile: (path: String, bytes: [UInt8])?
  private var manual: [String: ManualAnnotation] = [:]
  private var boxes: [String: [Double]] = [:]
  private var automatic: [String: [PicturePoint]] = [:]
  private var rejects: [Reject] = []

  private struct ManualAnnotation {
    var points: [PicturePoint]
    var attributes: [String: String]
  }

  init(isAligned: Bool) { self.isAligned = isAligned }

  func take(_ entry: ArchiveEntry, _ emit: Emit) throws {
    guard SourcePath.isImage(entry.path) else { return try visit(entry) }
    guard let stem = noteImage(entry.path) else { return }
    if labelFile == nil { throw OutOfOrder() }
    guard let label = labelled[stem] else { return }
    given.insert(stem)
    try emit(row(stem, label, entry.path)) { try entry.read() }
  }

  func visit(_ entry: ArchiveEntry) throws {
    let name = String(SourcePath.name(entry.path))
    if Self.labelFiles.contains(name.lowercased()) {
      try readLabels(entry)
    } else if let stem = try stem(name, suffix: "_manu_attri.txt") {
      manual[stem] = try Self.manual(try entry.read(limit: 1 << 16), file: entry.path)
    } else if let stem = try stem(name, suffix: "_auto_attri.txt") {
      automatic[stem] = try Self.automatic(try entry.read(limit: 1 << 16), file: entry.path)
    } else if let stem = try stem(name, suffix: "_boundingbox.txt") {
      let lines = try TextLine.all(try entry.read(limit: 1 << 16), file: entry.path)
      guard lines.count == 1 else {
        throw Fault(.badInput, "a box file has one line, not \(lines.count)", at: .init(entry.path))
      }
      boxes[stem] = try lines[0].numbers(4, "box")
    } else if SourcePath.isImage(entry.path) {
      _ = noteImage(entry.path)
    }
  }

  /// The typing error of the first name is in the dataset itself.
  private static let labelFiles = ["list_patition_label.txt", "list_partition_label.txt"]

  /// The stem of a picture that the protocol takes, met for the first time.
  private func noteImage(_ path: String) -> String? {
    var stem = SourcePath.stem(path)
    let aligned = stem.hasSuffix("_aligned")
    if aligned { stem.removeLast("_aligned".count) }
    guard Self.split(stem) != nil else { return nil }
    if aligned { alignedCount += 1 } else { originalCount += 1 }
    guard aligned == isAligned else { return nil }
    if let first = images[stem] {
      rejects.append(Reject(.duplicateRow, path, "the same picture is also at \(first)"))
      return nil
    }
    images[stem] = path
    return stem
  }

  private func readLabels(_ entry: ArchiveEntry) throws {
    let bytes = try entry.read(limit: EntryLines.listLimit)
    if let first = labelFile {
      guard first.bytes == bytes else {
        throw Fault(
          .badInput, "a second label file differs from \(first.path)", at: .init(entry.path),
          remedy: "keep one of them")
      }
      return
    }
    labelFile = (entry.path, bytes)
    for line in try TextLine.all(bytes, file: entry.path) {
      let label = try Self.label(line)
      if labelled[label.stem] == nil { labelled[label.stem] = label.label }
      labels.append(label)
    }
  }

  /// Reads `train_00001.jpg 5`.
  private static func label(
    _ line: TextLine
  ) throws -> (stem: String, label: Int, place: Fault.Place) {
    let fields = line.fields
    guard fields.count == 2 else {
      throw Fault(
        .badInput, "expected a picture's name and a label, found '\(line.text)'",
        at: line.place(column: 1), remedy: "a line reads 'train_00001.jpg 5'")
    }
    var stem = SourcePath.stem(fields[0].text)
    if stem.hasSuffix("_aligned") { stem.removeLast("_aligned".count) }
    guard split(stem) != nil else {
      throw Fault(
        .badInput, "'\(fields[0].text)' is not a picture of RAF-DB",
        at: line.place(column: fields[0].column),
        remedy: "names begin with train_ or test_ and a number")
    }
    guard let number = Int(fields[1].text), (1...classes.count).contains(number) else {
      throw Fault(
        .badInput, "'\(fields[1].text)' is not a class of RAF-DB",
        at: line.place(column: fields[1].column),
        remedy: "labels are 1 to 7: \(classes)")
    }
    return (stem, number - 1, line.place())
  }

  /// The split that a stem such as `train_00001` names.
  private static func split(_ stem: String) -> Split? {
    for (prefix, split) in [("train_", Split.train), ("test_", .test)]
    where stem.hasPrefix(prefix) {
      let digits = stem.dropFirst(prefix.count)
      if !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return split }
    }
    return nil
  }

  /// The stem that an annotation speaks of.
  ///
  /// - Throws: `OutOfOrder` where its row was handed over already.
  private func stem(_ name: String, suffix: String) throws -> String? {
    guard name.hasSuffix(suffix) else { return nil }
    let stem = String(name.dropLast(suffix.count))
    if given.contains(stem) { throw OutOfOrder() }
    return Self.split(stem) == nil ? nil : stem
  }

  private static let genders = ["male", "female", "unsure"]
  private static let races = ["caucasian", "african-american", "asian"]
  private static let ages = ["0-3", "4-19", "20-39", "40-69", "70+"]

  /// Reads five points, then gender, race and age band.
  ///
  /// The owners state no convention for coordinates: they are taken as distances from the picture's
  /// corner, which is Ferry's convention.
  private static func manual(_ bytes: [UInt8], file: String) throws -> ManualAnnotation {
    let lines = try TextLine.all(bytes, file: file)
    guard lines.count == 8 else {
      throw Fault(
        .badInput, "a manual annotation has 8 lines, not \(lines.count)", at: .init(file),
        remedy: "five points, gender, race and age band")
    }
    let points = try lines.prefix(5).map { line in
      let numbers = try line.numbers(2, "point")
      return PicturePoint(numbers[0], numbers[1])
    }
    var attributes: [String: String] = [:]
    for (line, (name, words)) in zip(
      lines.suffix(3), [("gender", genders), ("race", races), ("age", ages)])
    {
      let number = try line.numbers(1, name)[0]
      guard let index = Int(exactly: number), words.indices.contains(index) else {
        throw Fault(
          .badInput, "\(name) \(line.text) is not in the code book", at: line.place(),
          remedy: "it goes from 0 to \(words.count - 1)")
      }
      attributes[name] = words[index]
    }
    return ManualAnnotation(points: points, attributes: attributes)
  }

  /// Reads 37 points.
  private static func automatic(_ bytes: [UInt8], file: String) throws -> [PicturePoint] {
    let lines = try TextLine.all(bytes, file: file)
    guard lines.count == 37 else {
      throw Fault(
        .badInput, "an automatic annotation has 37 lines, not \(lines.count)", at: .init(file))
    }
    return try lines.map { line in
      let numbers = try line.numbers(2, "point")
      return PicturePoint(numbers[0], numbers[1])
    }
  }

  func plan() throws -> IngestPlan {
    guard let labelFile else {
      throw Fault(
        .badInput, "the source has no label file of RAF-DB",
        remedy: "it is basic/EmoLabel/list_patition_label.txt")
    }
    try requireImages()
    var rows: [SampleRow] = []
    var seen: [String: Int] = [:]
    for (stem, label, place) in labels {
      if let first = seen.updateValue(label, forKey: stem) {
        seen[stem] = first
        let agree = first == label ? "the same label" : "another label, \(Self.classes[label])"
        rejects.append(
          Reject(.duplicateRow, place.description, "\(stem) is listed twice, \(agree)"))
      } else if let source = images.removeValue(forKey: stem) {
        if !given.contains(stem) { rows.append(row(stem, label, source)) }
      } else {
        rejects.append(
          Reject(.labelWithoutImage, place.description, "\(stem) is not among the pictures"))
      }
    }
    for (stem, path) in images.sorted(by: { $0.value < $1.value }) {
      rejects.append(
        Reject(.imageWithoutLabel, path, "\(stem) is not listed in \(labelFile.path)"))
    }
    return IngestPlan(scheme, rows: rows, rejects: rejects)
  }

  private func requireImages() throws {
    guard images.isEmpty else { return }
    if isAligned ? originalCount > 0 : alignedCount > 0 {
      let other = isAligned ? "rafdb-basic" : "rafdb-basic-aligned"
      throw Fault(
        .badInput, "the source has only the \(isAligned ? "original" : "aligned") pictures",
        remedy: "use protocol: \(other), or add the archive that is missing")
    }
    throw Fault(
      .badInput, "the source has no pictures of RAF-DB",
      remedy: "they are in basic/Image/original.zip as original/train_00001.jpg")
  }

  private var scheme: DatasetProtocol {
    DatasetProtocol(
      name: isAligned ? "rafdb-basic-aligned" : "rafdb-basic",
      summary: "RAF-DB basic, seven classes, the owners' train and test sets, "
        + (isAligned ? "their aligned 100x100 pictures" : "the original pictures"),
      classes: Self.classes, expected: DatasetProtocol.counts(Self.classes, Self.counts))
  }

  /// Points and boxes belong to the original pictures only.
  private func row(_ stem: String, _ label: Int, _ source: String) -> SampleRow {
    // A row is made once: its annotations go.
    let manual = self.manual.removeValue(forKey: stem)
    let automatic = self.automatic.removeValue(forKey: stem)
    let box = boxes.removeValue(forKey: stem)
    return SampleRow(
      id: stem, source: source, split: Self.split(stem) ?? .all, label: Self.classes[label],
      attributes: manual?.attributes ?? [:], points: isAligned ? nil : manual?.points,
      autoPoints: isAligned ? nil : automatic, box: isAligned ? nil : box)
  }
}
