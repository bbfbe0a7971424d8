import Archives
import Artifacts
import Platform
import Samples

extension DatasetDefinition {
  /// AffectNet as released in 2017: folders of pictures and two lists.
  static let affectnet = DatasetDefinition(
    card: .affectnet, protocols: ["affectnet-7", "affectnet-8"]
  ) { _, name in
    AffectNetParser(AffectNetScheme(classes: name == "affectnet-7" ? .seven : .eight))
  }
}

/// The common parts of both releases of AffectNet: label map, protocols and landmarks.
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
final class AffectNetParser: OnePassParser {
  static let header = [
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
  ]

  private static let longestPath = 512

  private let scheme: AffectNetScheme
  /// The last two components of a picture's path -> the path.
  private var images: [String: String] = [:]
  private var rows: [SampleRow] = []
  private var places: [Fault.Place] = []
  /// The first row of each picture that has a label, and whether it was handed over.
  private var first: [String: Int] = [:]
  private var isGiven: [Bool] = []
  private var hasGiven = false
  /// Pictures of which the lists say that they show no expression, or one of another protocol.
  private var unlabelled: Set<String> = []
  private var splits: Set<Split> = []
  private var rejects: [Reject] = []

  init(_ scheme: AffectNetScheme) { self.scheme = scheme }

  /// Both lists must come first, as a picture of the second would else be one without a label.
  func take(_ entry: ArchiveEntry, _ emit: Emit) throws {
    guard SourcePath.isImage(entry.path) else {
      // A list that comes now may speak of what was handed over.
      if hasGiven, Self.split(ofList: entry.path) != nil { throw OutOfOrder() }
      return try visit(entry)
    }
    guard splits == [.train, .test] else { throw OutOfOrder() }
    guard let key = noteImage(entry.path), let index = first[key] else { return }
    var row = rows[index]
    row.source = entry.path
    // Only its key is looked at again.
    rows[index] = SampleRow(id: "", source: key, split: row.split, label: nil)
    isGiven[index] = true
    hasGiven = true
    try emit(row) { try entry.read() }
  }

  func visit(_ entry: ArchiveEntry) throws {
    if SourcePath.isImage(entry.path) {
      _ = noteImage(entry.path)
    } else if let split = Self.split(ofList: entry.path) {
      guard splits.insert(split).inserted else {
        throw Fault(
          .badInput, "a second list of the same name", at: .init(entry.path), remedy: "keep one")
      }
      try read(entry, split)
    }
  }

  private static func split(ofList path: String) -> Split? {
    switch SourcePath.name(path).lowercased() {
    case "training.csv": .train
    case "validation.csv": .test
    default: nil
    }
  }

  /// The key of a picture that is met for the first time.
  private func noteImage(_ path: String) -> String? {
    let key = Self.key(path)
    if let first = images[key] {
      rejects.append(Reject(.duplicateRow, path, "the same picture is also at \(first)"))
      return nil
    }
    images[key] = path
    return key
  }

  private static func key(_ path: String) -> String {
    path.split(separator: "/").suffix(2).joined(separator: "/")
  }

  /// Some copies of a list have no header: the columns stand in the same order.
  private func read(_ entry: ArchiveEntry, _ split: Split) throws {
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
    guard cells[0].count <= Self.longestPath else {
      throw Fault(
        .badInput, "the path is longer than \(Self.longestPath) bytes", at: place,
        remedy: "a path reads '12/0a1b.jpg'")
    }
    let word = EntryLines.text(cells[6])
    guard let number = Int(word) else {
      throw Fault(.badInput, "'\(word)' is not a class of AffectNet", at: place)
    }
    let (label, reject) = try scheme.label(number, at: place)
    if let reject { rejects.append(reject) }
    let key = Self.key(EntryLines.text(cells[0]))
    guard let label else {
      unlabelled.insert(key)
      return
    }
    if first[key] == nil { first[key] = rows.count }
    rows.append(
      SampleRow(
        id: SourcePath.withoutExtension(key), source: key, split: split,
        label: label, attributes: Self.attributes(cells), points: Self.points(cells[5]),
        box: Self.box(cells)))
    places.append(place)
    isGiven.append(false)
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
    for (name, index) in [("valence", 7), ("arousal", 8)] where cells[index].count <= 32 {
      let word = EntryLines.text(cells[index])
      if let number = Double(word), number >= -1 { attributes[name] = word }
    }
    return attributes
  }

  func plan() throws -> IngestPlan {
    guard !splits.isEmpty else {
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
    for (index, place) in places.enumerated() {
      let key = rows[index].source
      if let earlier = first[key], earlier != index {
        rejects.append(
          Reject(.duplicateRow, place.description, "\(key) is also at \(places[earlier])"))
      } else if images[key] == nil {
        rejects.append(
          Reject(.labelWithoutImage, place.description, "\(key) is not in the source"))
      } else if !isGiven[index] {
        rows[index].source = images[key] ?? key
        kept.append(rows[index])
      }
    }
    let unlisted = images.filter { first[$0.key] == nil && !unlabelled.contains($0.key) }
    for path in unlisted.values.sorted() {
      rejects.append(Reject(.imageWithoutLabel, path, "no list names it"))
    }
    return IngestPlan(scheme.scheme(release: 2017), rows: kept, rejects: rejects)
  }
}
