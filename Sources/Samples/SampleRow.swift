import Artifacts
import Platform

/// A point in a picture.
///
/// Units: px of the original picture, origin at its top-left corner, pixel centres at integer + 0.5.
public struct PicturePoint: Sendable, Equatable {
  public var x: Double
  public var y: Double

  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }

  var json: JSONValue { JSONValue([x, y]) }

  static func list(_ json: JSONValue) -> [PicturePoint]? {
    guard let pairs = json.array else { return nil }
    let points = pairs.compactMap { pair -> PicturePoint? in
      guard let numbers = pair.numbers, numbers.count == 2 else { return nil }
      return PicturePoint(numbers[0], numbers[1])
    }
    return points.count == pairs.count ? points : nil
  }
}

/// One labelled picture of a dataset, as `ingest` writes it into the index of samples.
public struct SampleRow: Sendable, Equatable {
  /// Unique in the dataset, stable between packagings: `train_00001`.
  public var id: String
  /// The path inside the archive.
  public var source: String
  public var split: Split
  /// The class name; nil where a picture has votes without a winner, or no label.
  public var label: String?
  /// Votes or probabilities, one a class of the artifact's class list.
  public var votes: [Double]?
  public var subject: String?
  /// Named facts about the picture or the person: `gender`, `race`, `age`, `fold`.
  public var attributes: [String: String]
  /// The dataset's own landmarks: five (left eye, right eye, nose tip, left and right mouth corner,
  /// left as seen in the picture) or 68.
  public var points: [PicturePoint]?
  /// RAF-DB's 37 points found by a program, in the owners' order.
  public var autoPoints: [PicturePoint]?
  /// The face's box: x0, y0, x1, y1.
  public var box: [Double]?

  public init(
    id: String, source: String, split: Split, label: String?, votes: [Double]? = nil,
    subject: String? = nil, attributes: [String: String] = [:], points: [PicturePoint]? = nil,
    autoPoints: [PicturePoint]? = nil, box: [Double]? = nil
  ) {
    self.id = id
    self.source = source
    self.split = split
    self.label = label
    self.votes = votes
    self.subject = subject
    self.attributes = attributes
    self.points = points
    self.autoPoints = autoPoints
    self.box = box
  }

  /// The row as a member of `index.jsonl`; what is nil or empty is left out, but for `label`.
  public var json: JSONValue {
    var row: [String: JSONValue] = [
      "id": .string(id), "source": .string(source), "split": .string(split.rawValue),
      "label": label.map { .string($0) } ?? .null,
    ]
    if let votes { row["votes"] = JSONValue(votes) }
    if let subject { row["subject"] = .string(subject) }
    if !attributes.isEmpty { row["attributes"] = .object(attributes.mapValues { .string($0) }) }
    if let points { row["points"] = .array(points.map(\.json)) }
    if let autoPoints { row["auto_points"] = .array(autoPoints.map(\.json)) }
    if let box { row["box"] = JSONValue(box) }
    return .object(row)
  }

  /// The row as a line of `index.jsonl`, which `json` makes too, for tens of thousands of rows.
  package var line: RowLine {
    var line = RowLine()
    if !attributes.isEmpty {
      line.add("attributes", .object(attributes.mapValues { .string($0) }))
    }
    if let autoPoints { line.add("auto_points", .array(autoPoints.map(\.json))) }
    if let box { line.add("box", JSONValue(box)) }
    line.add("id", id)
    if let label { line.add("label", label) } else { line.add("label", .null) }
    if let points { line.add("points", .array(points.map(\.json))) }
    line.add("source", source)
    line.add("split", split.rawValue)
    if let subject { line.add("subject", subject) }
    if let votes { line.add("votes", JSONValue(votes)) }
    line.seal()
    return line
  }

  /// Reads a row of an index.
  ///
  /// - Throws: `Fault` that names the member that is missing or of another type.
  public init(json: JSONValue, at place: Fault.Place? = nil) throws {
    let reader = RowReader(json: json, place: place)
    id = try reader.string("id")
    source = try reader.string("source")
    let word = try reader.string("split")
    guard let split = Split(rawValue: word) else {
      throw Fault(.badInput, "'\(word)' is not a split", at: place)
    }
    self.split = split
    label = try reader.optional("label", "a string", \.string)
    votes = try reader.optional("votes", "numbers", \.numbers)
    subject = try reader.optional("subject", "a string", \.string)
    attributes = try reader.optional("attributes", "a map of strings", \.stringMap) ?? [:]
    points = try reader.optional("points", "pairs of numbers") { PicturePoint.list($0) }
    autoPoints = try reader.optional("auto_points", "pairs of numbers") { PicturePoint.list($0) }
    box = try reader.optional("box", "four numbers") { $0.numbers?.count == 4 ? $0.numbers : nil }
  }
}

/// Reads members of a row and names those that do not fit.
public struct RowReader {
  let json: JSONValue
  let place: Fault.Place?

  /// A reader of a row's object; `place` is the row's, for messages.
  public init(json: JSONValue, place: Fault.Place?) {
    self.json = json
    self.place = place
  }

  /// The text under a key that must be there.
  public func string(_ key: String) throws -> String {
    guard let value = try optional(key, "a string", \.string) else { throw missing(key) }
    return value
  }

  /// What `read` makes of the value under a key that must be there; `kind` names it in messages.
  public func required<T>(_ key: String, _ kind: String, _ read: (JSONValue) -> T?) throws -> T {
    guard let value = try optional(key, kind, read) else { throw missing(key) }
    return value
  }

  /// What `read` makes of the value under a key; nil where there is none.
  public func optional<T>(_ key: String, _ kind: String, _ read: (JSONValue) -> T?) throws -> T? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let result = read(value) else {
      throw Fault(.badInput, "the row's '\(key)' is \(value.kindName), not \(kind)", at: place)
    }
    return result
  }

  private func missing(_ key: String) -> Fault {
    Fault(.badInput, "the row has no '\(key)'", at: place, remedy: "make the artifact again")
  }
}

extension JSONValue {
  /// A map whose values are all strings.
  public var stringMap: [String: String]? {
    guard let object else { return nil }
    let strings = object.compactMapValues(\.string)
    return strings.count == object.count ? strings : nil
  }
}
