import Artifacts
import Platform

/// One aligned face, as `align` writes it into the index of faces.
public struct FaceRow: Sendable, Equatable {
  /// The picture that the face comes from; its `box` is the face's.
  public var sample: SampleRow
  /// The five points that were aligned, in the original picture; nil without alignment.
  public var landmarks: [PicturePoint]?
  /// The detector's score, 0 to 1.
  public var score: Double?
  /// How many faces the detector found.
  public var facesFound: Int?
  /// The name of the action: which face was taken, or what replaced a missing one.
  public var policy: String
  /// The rows of the 2x3 matrix that takes source px to crop px.
  public var transform: [[Double]]?

  public init(
    sample: SampleRow, landmarks: [PicturePoint]? = nil, score: Double? = nil,
    facesFound: Int? = nil, policy: String, transform: [[Double]]? = nil
  ) {
    self.sample = sample
    self.landmarks = landmarks
    self.score = score
    self.facesFound = facesFound
    self.policy = policy
    self.transform = transform
  }

  /// The row as a member of `index.jsonl`: the sample's members and the face's.
  public var json: JSONValue {
    var row = sample.json
    row["policy"] = .string(policy)
    if let landmarks { row["landmarks"] = .array(landmarks.map(\.json)) }
    if let score { row["score"] = .number(score) }
    if let facesFound { row["faces_found"] = .integer(facesFound) }
    if let transform { row["transform"] = .array(transform.map { JSONValue($0) }) }
    return row
  }

  public init(json: JSONValue, at place: Fault.Place? = nil) throws {
    let reader = RowReader(json: json, place: place)
    sample = try SampleRow(json: json, at: place)
    policy = try reader.string("policy")
    landmarks = try reader.optional("landmarks", "pairs of numbers") { PicturePoint.list($0) }
    score = try reader.optional("score", "a number", \.number)
    facesFound = try reader.optional("faces_found", "an integer", \.integer)
    transform = try reader.optional("transform", "two rows of three numbers") { value in
      let rows = value.array?.compactMap(\.numbers)
      return rows?.count == 2 && rows!.allSatisfy { $0.count == 3 } ? rows : nil
    }
  }
}

/// One row of a shards artifact's index, in the order of the columns `image` and `label`.
public struct ShardRow: Sendable, Equatable {
  public var id: String
  /// `train`, `validation`, `test` or `all`.
  public var split: Split
  public var subject: String?
  public var attributes: [String: String]

  public init(id: String, split: Split, subject: String?, attributes: [String: String]) {
    self.id = id
    self.split = split
    self.subject = subject
    self.attributes = attributes
  }

  public var json: JSONValue {
    var row: [String: JSONValue] = ["id": .string(id), "split": .string(split.rawValue)]
    if let subject { row["subject"] = .string(subject) }
    if !attributes.isEmpty { row["attributes"] = .object(attributes.mapValues { .string($0) }) }
    return .object(row)
  }

  public init(json: JSONValue, at place: Fault.Place? = nil) throws {
    let reader = RowReader(json: json, place: place)
    id = try reader.string("id")
    split = try reader.required("split", "a split") { Split(rawValue: $0.string ?? "") }
    subject = try reader.optional("subject", "a string", \.string)
    attributes = try reader.optional("attributes", "a map of strings", \.stringMap) ?? [:]
  }
}
