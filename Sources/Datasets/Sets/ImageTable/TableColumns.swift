import Artifacts
import Platform

/// Which columns of a table say what; the parameter `columns`.
public struct TableColumns: Sendable, Equatable {
  public var path: String?
  public var label: String?
  public var subject: String?
  public var split: String?
  /// One column of ten or 136 numbers, or ten columns x, y, x, y, ...
  public var points: [String] = []
  /// Columns that are kept as attributes.
  public var attributes: [String] = []

  public init() {}

  /// Reads the parameter `columns`.
  public init(_ map: [String: JSONValue]) throws {
    try ParameterMap.check(
      map, "columns", keys: ["path", "label", "subject", "split", "points", "attributes"])
    path = try ParameterMap.string(map, "path", "columns")
    label = try ParameterMap.string(map, "label", "columns")
    subject = try ParameterMap.string(map, "subject", "columns")
    split = try ParameterMap.string(map, "split", "columns")
    points = try Self.names(map, "points")
    attributes = try Self.names(map, "attributes")
  }

  private static func names(_ map: [String: JSONValue], _ key: String) throws -> [String] {
    guard let value = map[key], !value.isNull else { return [] }
    if let name = value.string { return [name] }
    guard let names = value.strings else {
      throw Fault(.usage, "'columns.\(key)' is \(value.kindName), not names of columns")
    }
    return names
  }

  /// The column of each fact in a table's rows.
  struct Indexes {
    var path: Int
    var label: Int
    var subject: Int?
    var split: Int?
    var points: [Int]
    var attributes: [(name: String, index: Int)]
  }

  /// Finds the columns in a header; `subject` and `split` are used where they exist under their own
  /// names.
  ///
  /// - Throws: `Fault` that names the nearest column.
  func indexes(in header: [String], at place: Fault.Place) throws -> Indexes {
    func require(_ name: String, _ use: String) throws -> Int {
      if let index = header.firstIndex(of: name) { return index }
      let near = nearestWord(to: name, among: header).map { "did you mean '\($0)'? " } ?? ""
      throw Fault(
        .badInput, "the table has no column '\(name)'", at: place,
        remedy: "\(near)its columns are \(header.joined(separator: ", ")); set columns.\(use)")
    }
    return Indexes(
      path: try require(path ?? "path", "path"), label: try require(label ?? "label", "label"),
      subject: try subject.map { try require($0, "subject") } ?? header.firstIndex(of: "subject"),
      split: try split.map { try require($0, "split") } ?? header.firstIndex(of: "split"),
      points: try points.map { try require($0, "points") },
      attributes: try attributes.map { ($0, try require($0, "attributes")) })
  }
}
