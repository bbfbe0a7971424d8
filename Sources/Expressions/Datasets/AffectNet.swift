import Archives
import Artifacts
import Platform

extension DatasetDefinition {
  /// AffectNet as released in 2017: folders of pictures and two lists.
  static let affectnet = DatasetDefinition(
    card: .affectnet, protocols: ["affectnet-7", "affectnet-8"]
  ) { _, name in
    AffectNetParser(AffectNetScheme(classes: name == "affectnet-7" ? .seven : .eight))
  }
}

/// What both releases of AffectNet share: label map, protocols and landmarks.
struct AffectNetScheme {
  var classes: ClassList

  /// AffectNet label 0 to 7 -> expression.
  static let labels: [Expression] = [
    .neutral, .happiness, .sadness, .surprise, .fear, .disgust, .anger, .contempt,
  ]
  /// What the labels after those mean.
  static let others = ["none", "uncertain", "not a face"]

  /// The label's class name, or why the row is left out.
  func label(_ number: Int, at place: Fault.Place) throws -> (name: String?, reject: Reject?) {
    if Self.labels.indices.contains(number) {
      let name = Self.labels[number].name
      if classes.index(of: name) != nil { return (name, nil) }
      return (nil, Reject(.unlistedClass, place.description, "'\(name)' is not in this protocol"))
    }
    let other = number - Self.labels.count
    guard Self.others.indices.contains(other) else {
      throw Fault(
        .badInput, "'\(number)' is not a class of AffectNet", at: place,
        remedy: "labels are 0 to 10")
    }
    return (nil, Reject(.withoutLabel, place.description, "labelled '\(Self.others[other])'"))
  }

  /// The owners' validation set is what everyone tests on: no test set was ever released.
  func scheme(release: Int) -> DatasetProtocol {
    let test = classes.count == 7 ? 3500 : (release == 2021 ? 3999 : 4000)
    return DatasetProtocol(
      name: "affectnet-\(classes.count)",
      summary: "AffectNet, \(classes.count) classes, the owners' validation set tests",
      classes: classes,
      expectedTotals: [.train: classes.count == 7 ? 283_901 : 287_651, .test: test],
      knownTotals: classes.count == 7
        ? [:]
        : [
          .train: [287_568: "the older lists"],
          .test: [3999: "the release of 2021", 4000: "the release of 2017"],
        ])
  }

  /// Five points of 68: eye centres, nose tip, mouth corners. The whole 68 of 290,000 pictures would
  /// not fit the memory that a dataset may take.
  static func five(_ numbers: [Double]) -> [PicturePoint]? {
    guard numbers.count == 136 else { return nil }
    func point(_ index: Int) -> PicturePoint {
      PicturePoint(numbers[2 * index], numbers[2 * index + 1])
    }
    func mean(_ range: ClosedRange<Int>) -> PicturePoint {
      let points = range.map(point)
      let count = Double(points.count)
      return PicturePoint(
        points.map(\.x).reduce(0, +) / count, points.map(\.y).reduce(0, +) / count)
    }
    return [mean(36...41), mean(42...47), point(30), point(48), point(54)]
  }
}

/// Reads `training.csv` and `validation.csv` and the names of the pictures.
final class AffectNetParser: DatasetParser {
  static let header = [
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
  ]

  private let scheme: AffectNetScheme
  /// The last two components of a picture's path -> the path.
  private var images: [String: String] = [:]
  private var rows: [SampleRow] = []
  private var places: [Fault.Place] = []
  private var lists: [String] = []
  private var rejects: [Reject] = []

  init(_ scheme: AffectNetScheme) { self.scheme = scheme }

  func visit(_ entry: ArchiveEntry) throws {
    if SourcePath.isImage(entry.path) {
      images[Self.key(entry.path)] = entry.path
      return
    }
    switch SourcePath.name(entry.path).lowercased() {
    case "training.csv": try read(entry, .train)
    case "validation.csv": try read(entry, .test)
    default: break
    }
  }

  private static func key(_ path: String) -> String {
    path.split(separator: "/").suffix(2).joined(separator: "/")
  }

  /// Some copies of a list have no header: the columns stand in the same order.
  private func read(_ entry: ArchiveEntry, _ split: Split) throws {
    lists.append(entry.path)
    try EntryLines.forEach(entry) { line, bytes in
      let place = Fault.Place(entry.path, line: line)
      let cells = EntryLines.cells(bytes)
      if bytes.isEmpty || (line == 1 && EntryLines.text(cells[0]) == Self.header[0]) { return }
      guard cells.count == Self.header.count else {
        throw Fault(
          .badInput, "the row has \(cells.count) cells instead of \(Self.header.count)", at: place,
          remedy: "they are \(Self.header.joined(separator: ","))")
      }
      try note(cells, split, place)
    }
  }

  private func note(
    _ cells: [UnsafeRawBufferPointer], _ split: Split, _ place: Fault.Place
  ) throws {
    let word = EntryLines.text(cells[6])
    guard let number = Int(word) else {
      throw Fault(.badInput, "'\(word)' is not a class of AffectNet", at: place)
    }
    let (label, reject) = try scheme.label(number, at: place)
    if let reject { rejects.append(reject) }
    guard let label else { return }
    let path = EntryLines.text(cells[0])
    rows.append(
      SampleRow(
        id: SourcePath.withoutExtension(Self.key(path)), source: Self.key(path), split: split,
        label: label, attributes: Self.attributes(cells), points: Self.points(cells[5]),
        box: Self.box(cells)))
    places.append(place)
  }

  /// A box of `NULL` or of negative width says nothing.
  private static func box(_ cells: [UnsafeRawBufferPointer]) -> [Double]? {
    let numbers = cells[1...4].compactMap { Double(EntryLines.text($0)) }
    guard numbers.count == 4, numbers[2] > 0, numbers[3] > 0 else { return nil }
    return [numbers[0], numbers[1], numbers[0] + numbers[2], numbers[1] + numbers[3]]
  }

  private static func points(_ cell: UnsafeRawBufferPointer) -> [PicturePoint]? {
    let numbers = cell.split(separator: UInt8(ascii: ";")).compactMap {
      Double(String(decoding: $0, as: UTF8.self))
    }
    return AffectNetScheme.five(numbers)
  }

  /// -2 marks pictures whose valence and arousal were not annotated.
  private static func attributes(_ cells: [UnsafeRawBufferPointer]) -> [String: String] {
    var attributes: [String: String] = [:]
    for (name, index) in [("valence", 7), ("arousal", 8)] {
      let word = EntryLines.text(cells[index])
      if let number = Double(word), number >= -1 { attributes[name] = word }
    }
    return attributes
  }

  func plan() throws -> IngestPlan {
    guard !lists.isEmpty else {
      throw Fault(
        .badInput, "the source has no lists of AffectNet",
        remedy: "they are training.csv and validation.csv")
    }
    guard !images.isEmpty else {
      throw Fault(
        .badInput, "the source has no pictures of AffectNet",
        remedy: "they are in Manually_Annotated_Images/<folder>/")
    }
    var kept: [SampleRow] = []
    var lines: [String: Fault.Place] = [:]
    for (row, place) in zip(rows, places) {
      if let first = lines[row.source] {
        rejects.append(
          Reject(.duplicateRow, place.description, "\(row.source) is also at \(first)"))
      } else if let path = images[row.source] {
        lines[row.source] = place
        var row = row
        row.source = path
        kept.append(row)
      } else {
        rejects.append(
          Reject(.labelWithoutImage, place.description, "\(row.source) is not in the source"))
      }
    }
    return IngestPlan(scheme.scheme(release: 2017), rows: kept, rejects: rejects)
  }
}
