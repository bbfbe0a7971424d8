import Archives
import Artifacts
import Platform
import Samples

extension DatasetDefinition {
  /// Pictures and a table: path, label and, where known, subject, split and points.
  static let imageTable = DatasetDefinition(
    card: .imageTable, protocols: ["image-table"],
    takes: ["classes", "columns", "table", "holdout"]
  ) { options, _ in
    try ImageTableParser(options)
  }
}

/// Reads a CSV (or TSV) table whose rows name pictures of the same source.
final class ImageTableParser: DatasetParser {
  /// The largest table.
  private static let tableLimit = 32 << 20

  private let classes: ClassList?
  private let columns: TableColumns
  private let holdout: Holdout?
  private let table: String?
  private var tables: [String] = []
  private var content: (path: String, bytes: [UInt8])?
  private var images: [String] = []
  private var rejects: [Reject] = []
  /// Pictures that a row names, of whatever class.
  private var mentioned: Set<String> = []
  /// Labels that were not asked for.
  private var dropped: Set<String> = []

  init(_ options: IngestOptions) throws {
    classes = try options.classes.map { try ClassList(words: $0, at: .init("classes")) }
    columns = options.columns ?? TableColumns()
    holdout = options.holdout
    table = options.table
    if holdout != nil, options.columns?.split != nil {
      throw Fault(
        .usage, "holdout and a column of splits exclude each other", remedy: "leave one out")
    }
  }

  func visit(_ entry: ArchiveEntry) throws {
    if SourcePath.isImage(entry.path) { images.append(entry.path) }
    let isTable = ["csv", "tsv"].contains(SourcePath.fileExtension(entry.path))
    guard isTable || entry.path == table else { return }
    tables.append(entry.path)
    if table.map({ $0 == entry.path }) ?? (content == nil) {
      content = (entry.path, try entry.read(limit: Self.tableLimit))
    }
  }

  private func chosenTable() throws -> (path: String, bytes: [UInt8]) {
    if let table, content == nil {
      let near = nearestWord(to: table, among: tables).map { "did you mean '\($0)'?" }
      throw Fault(
        .badInput, "the source has no table '\(table)'",
        remedy: near ?? "its tables are \(tables.joined(separator: ", "))")
    }
    guard let content else {
      throw Fault(
        .badInput, "the source has no table",
        remedy: "put a CSV with the columns path and label beside the pictures")
    }
    if table == nil, tables.count > 1 {
      throw Fault(
        .badInput, "the source has several tables: \(tables.joined(separator: ", "))",
        remedy: "choose one with table: \(tables[0])")
    }
    return content
  }

  func plan() throws -> IngestPlan {
    let (path, bytes) = try chosenTable()
    try EntryLines.check(bytes, file: path)
    let lines = try CSV.rows(
      bytes, file: path, separator: SourcePath.fileExtension(path) == "tsv" ? "\t" : ",")
    guard let header = lines.first else {
      throw Fault(.badInput, "the table is empty", at: .init(path, line: 1))
    }
    let indexes = try columns.indexes(in: header.cells, at: .init(path, line: header.line))
    let lookup = PictureLookup(images, beside: path)
    var rows: [SampleRow] = []
    var used: [String: Int] = [:]
    for line in lines.dropFirst() where line.cells != [""] {
      let place = Fault.Place(path, line: line.line)
      guard line.cells.count == header.cells.count else {
        throw Fault(
          .badInput, "the row has \(line.cells.count) cells, the header \(header.cells.count)",
          at: place)
      }
      guard let row = try row(line.cells, indexes, lookup, place) else { continue }
      if let first = used[row.source] {
        rejects.append(
          Reject(.duplicateRow, place.description, "the picture is also on line \(first)"))
      } else {
        used[row.source] = line.line
        rows.append(row)
      }
    }
    return try finish(rows, unlabelled: images.filter { !mentioned.contains($0) }, table: path)
  }

  private func finish(
    _ rows: [SampleRow], unlabelled: [String], table: String
  ) throws -> IngestPlan {
    var rows = rows
    rejects += unlabelled.map { Reject(.imageWithoutLabel, $0, "no row of \(table) names it") }
    let labels = Set(rows.compactMap(\.label))
    if let empty = classes?.names.first(where: { !labels.contains($0) }) {
      let others = dropped.sorted()
      let near = nearestWord(to: empty, among: others).map { "did you mean '\($0)'?" }
      throw Fault(
        .badInput, "the class '\(empty)' has no pictures", at: .init(table),
        remedy: near ?? "the table's other labels are \(others.joined(separator: ", "))")
    }
    guard !rows.isEmpty else {
      let missing = rejects.first { $0.kind == .labelWithoutImage }?.reason
      let picture = images.first.map { "its first picture is \($0)" }
      throw Fault(
        .badInput, "no row names a picture of the source", at: .init(table),
        remedy: picture ?? "put the pictures beside the table", cause: missing)
    }
    if let holdout { try holdout.apply(to: &rows) }
    let scheme = DatasetProtocol(
      name: "image-table",
      summary: holdout?.summary ?? "splits as the table states them",
      classes: try classes ?? ClassList.inCanonicalOrder(labels))
    return IngestPlan(scheme, rows: rows, rejects: rejects)
  }

  private func row(
    _ cells: [String], _ indexes: TableColumns.Indexes, _ lookup: PictureLookup,
    _ place: Fault.Place
  ) throws -> SampleRow? {
    let word = cells[indexes.label]
    let source = try lookup.find(cells[indexes.path], at: place)
    if let source { mentioned.insert(source) }
    guard let label = classes.map({ list in list.index(ofWord: word).map { list[$0] } }) ?? word
    else {
      dropped.insert(word)
      rejects.append(Reject(.unlistedClass, place.description, "'\(word)' is not asked for"))
      return nil
    }
    if label.isEmpty { throw Fault(.badInput, "the label is empty", at: place) }
    guard let source else {
      rejects.append(
        Reject(
          .labelWithoutImage, place.description, "'\(cells[indexes.path])' is not in the source"))
      return nil
    }
    var attributes: [String: String] = [:]
    for (name, index) in indexes.attributes { attributes[name] = cells[index] }
    return SampleRow(
      id: SourcePath.withoutExtension(cells[indexes.path]), source: source,
      split: try split(indexes.split.map { cells[$0] }, place), label: label,
      subject: indexes.subject.map { cells[$0] }.flatMap { $0.isEmpty ? nil : $0 },
      attributes: attributes, points: try points(indexes.points.map { cells[$0] }, place))
  }

  private func split(_ word: String?, _ place: Fault.Place) throws -> Split {
    guard let word, !word.isEmpty else { return .all }
    if let split = Split(word: word) { return split }
    throw Fault(
      .badInput, "'\(word)' is not a split", at: place,
      remedy: "splits are train, validation and test")
  }

  /// Points are taken as they are: px, pixel centres at integer + 0.5.
  private func points(_ cells: [String], _ place: Fault.Place) throws -> [PicturePoint]? {
    let words = cells.flatMap { $0.split(whereSeparator: { " ;,\t[]()".contains($0) }) }
    if words.isEmpty { return nil }
    let numbers = try words.map { word in
      guard let number = Double(word), number.isFinite else {
        throw Fault(.badInput, "the point '\(word)' is not a number", at: place)
      }
      return number
    }
    guard numbers.count == 10 || numbers.count == 136 else {
      throw Fault(
        .badInput, "the row has \(numbers.count) coordinates", at: place,
        remedy: "give five points (10 numbers) or 68 (136)")
    }
    return stride(from: 0, to: numbers.count, by: 2).map {
      PicturePoint(numbers[$0], numbers[$0 + 1])
    }
  }
}

/// Finds the picture that a table's cell means.
struct PictureLookup {
  private let known: Set<String>
  private let byName: [Substring: [String]]
  private let folder: String

  /// `table` is the path of the table: cells may be relative to its folder.
  init(_ images: [String], beside table: String) {
    known = Set(images)
    byName = Dictionary(grouping: images, by: { SourcePath.name($0) })
    let name = SourcePath.name(table)
    folder = String(table.dropLast(name.count))
  }

  /// The path inside the source: the cell's own, or relative to the table, or the only one that ends
  /// with it.
  ///
  /// - Throws: `Fault` where several pictures fit equally well.
  func find(_ cell: String, at place: Fault.Place) throws -> String? {
    if let found = try find(exactly: cell, at: place) { return found }
    guard cell.utf8.contains(UInt8(ascii: "\\")) else { return nil }
    // A table that was written under Windows.
    return try find(exactly: String(cell.map { $0 == "\\" ? "/" : $0 }), at: place)
  }

  private func find(exactly cell: String, at place: Fault.Place) throws -> String? {
    let wanted = cell.hasPrefix("./") ? String(cell.dropFirst(2)) : cell
    if known.contains(wanted) { return wanted }
    if known.contains(folder + wanted) { return folder + wanted }
    let ends = (byName[SourcePath.name(wanted)] ?? []).filter { $0.hasSuffix("/" + wanted) }
    guard ends.count > 1 else { return ends.first }
    throw Fault(
      .badInput, "'\(cell)' may be \(ends[0]) or \(ends[1])", at: place,
      remedy: "write the whole path inside the source")
  }
}
