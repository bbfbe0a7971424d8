import Archives
import Artifacts
import Platform
import Samples

/// The options for reading a dataset.
public struct IngestOptions: Sendable, Equatable {
  public var dataset: String
  public var protocolName: String?
  public var fold: Int?
  public var rule: String?
  public var classes: [String]?
  public var columns: TableColumns?
  public var table: String?
  public var pattern: String?
  public var holdout: Holdout?
  /// Frames taken of each clip of a video set.
  public var frames: Int?
  public var acceptTerms = false
  public var acceptCounts = false
  public var reject = Reject.Policy.drop

  public init(dataset: String) {
    self.dataset = dataset
  }

  /// The parameters that were set, of those that only some datasets take.
  var given: [String] {
    let values: [(String, Any?)] = [
      ("fold", fold), ("rule", rule), ("classes", classes), ("columns", columns),
      ("table", table), ("pattern", pattern), ("holdout", holdout), ("frames", frames),
    ]
    return values.filter { $0.1 != nil }.map(\.0)
  }
}

/// A parser's findings in a source: the rows to take and those left out.
public struct IngestPlan {
  /// The protocol, with the counts it states.
  public var scheme: DatasetProtocol
  /// Each row's `source` is the path of its picture.
  public var rows: [SampleRow]
  public var rejects: [Reject]
  /// The rule that made labels of votes.
  public var rule: String?
  /// The clips of a video set, whose frames are the rows.
  var clips: [ClipPlan]?
  /// Gives the pictures of rows that are not files of their own (a table of pixels): reads the entry
  /// whose path some rows' `source` starts with, and hands over each row's index and bytes.
  var expand: ((ArchiveEntry, (Int, [UInt8]) throws -> Void) throws -> Void)?
  /// The entries that `expand` reads.
  var expandable: Set<String> = []
  /// Makes a picture file of the bytes that `expand` handed over; called in parallel, with the row's
  /// source for messages.
  var convert: (@Sendable ([UInt8], String) throws -> [UInt8])?

  init(_ scheme: DatasetProtocol, rows: [SampleRow], rejects: [Reject]) {
    self.scheme = scheme
    self.rows = rows
    self.rejects = rejects
  }
}

extension IngestPlan {
  /// The plan of a source that is files in memory.
  package static func of(
    _ files: [(path: String, bytes: [UInt8])], _ options: IngestOptions
  ) throws -> IngestPlan {
    let parser = try DatasetDefinition.named(options.dataset).parser(options)
    for file in files { try parser.visit(ArchiveEntry(path: file.path, bytes: file.bytes)) }
    return try parser.plan()
  }
}

/// Understands one dataset's own distribution format.
///
/// A parser sees every entry of the source once, reads those that hold annotations, and notes the
/// paths of pictures without reading them; then it plans which pictures are samples. Where the row of
/// a picture is known at once, it is an `OnePassParser`.
public protocol DatasetParser: AnyObject {
  func visit(_ entry: ArchiveEntry) throws
  func plan() throws -> IngestPlan
}

/// A dataset that Ferry reads: its card, its protocols and its parser.
public struct DatasetDefinition: Sendable {
  public var card: DatasetCard
  /// The names of its protocols; the first is the default.
  public var protocols: [String]
  /// The parameters that mean something for this dataset, of those that do not for every one.
  public var takes: Set<String>
  private let make: @Sendable (IngestOptions, String) throws -> any DatasetParser

  /// - Parameter make: makes a parser from the options and the protocol's name.
  init(
    card: DatasetCard, protocols: [String], takes: Set<String> = [],
    make: @escaping @Sendable (IngestOptions, String) throws -> any DatasetParser
  ) {
    self.card = card
    self.protocols = protocols
    self.takes = takes
    self.make = make
  }

  /// Makes a parser for one pass over a source.
  ///
  /// - Throws: `Fault` for an unknown protocol and for parameters that mean nothing here.
  func parser(_ options: IngestOptions) throws -> any DatasetParser {
    for name in options.given.sorted() where !takes.contains(name) {
      throw Fault(
        .usage, "the dataset \(card.name) takes no '\(name)'",
        remedy: takes.isEmpty
          ? "leave it out" : "besides dataset and protocol it takes \(takes.sorted())")
    }
    return try make(options, try protocolName(options))
  }

  /// All datasets, by the names that manifests use.
  public static let all: [DatasetDefinition] = [
    .rafdb, .affectnet, .affectnet2021, .fer2013, .ferplus, .ckplus, .caerS, .dfew, .ferv39k, .mafw,
    .afew, .imageFolder, .imageTable, .webDataset,
  ]

  public static var names: [String] { all.map(\.card.name) }

  /// Finds a dataset by name.
  ///
  /// - Throws: `Fault` that names the nearest valid word.
  public static func named(_ name: String) throws -> DatasetDefinition {
    if let found = all.first(where: { $0.card.name == name }) { return found }
    let near = nearestWord(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw Fault(
      .usage, "there is no dataset '\(name)'",
      remedy: "\(near)the datasets are \(names.joined(separator: ", "))")
  }

  /// The protocol asked for, or the default.
  private func protocolName(_ options: IngestOptions) throws -> String {
    guard let asked = options.protocolName else { return protocols[0] }
    if protocols.contains(asked) { return asked }
    let near = nearestWord(to: asked, among: protocols).map { "did you mean '\($0)'? " } ?? ""
    throw Fault(
      .usage, "the dataset \(card.name) has no protocol '\(asked)'",
      remedy: "\(near)it has \(protocols.joined(separator: ", "))")
  }
}

/// Reads small maps of parameters and names keys that do not belong.
enum ParameterMap {
  static func check(_ map: [String: JSONValue], _ name: String, keys: [String]) throws {
    for key in map.keys.sorted() where !keys.contains(key) {
      let near = nearestWord(to: key, among: keys).map { "did you mean '\($0)'? " } ?? ""
      throw Fault(
        .usage, "'\(name)' has no member '\(key)'",
        remedy: "\(near)it takes \(keys.joined(separator: ", "))")
    }
  }

  static func string(_ map: [String: JSONValue], _ key: String, _ name: String) throws -> String? {
    guard let value = map[key], !value.isNull else { return nil }
    guard let text = value.string else {
      throw Fault(.usage, "'\(name).\(key)' is \(value.kindName), not a string")
    }
    return text
  }
}
