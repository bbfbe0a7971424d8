import Artifacts
import Platform
import Samples

/// A features artifact's rows: what a model's encoder sees in faces, mapped to the plane.
public struct FeatureSet: Sendable {
  public static let featuresName = "features.safetensors"

  /// A face's place.
  public struct Row: Sendable, Equatable {
    public var id: String
    public var split: Split
    /// The class name; nil where the face has none.
    public var label: String?
    public var prediction: String
    public var subject: String?
    /// The first two principal components.
    public var principal: [Double]
    /// The t-SNE map; nil where none was made.
    public var neighbour: [Double]?

    public init(
      id: String, split: Split, label: String?, prediction: String, subject: String?,
      principal: [Double], neighbour: [Double]?
    ) {
      self.id = id
      self.split = split
      self.label = label
      self.prediction = prediction
      self.subject = subject
      self.principal = principal
      self.neighbour = neighbour
    }

    public var json: JSONValue {
      var json: [String: JSONValue] = [
        "id": .string(id), "split": .string(split.rawValue),
        "label": label.map { .string($0) } ?? .null, "prediction": .string(prediction),
        "pca": JSONValue(principal),
      ]
      if let subject { json["subject"] = .string(subject) }
      if let neighbour { json["tsne"] = JSONValue(neighbour) }
      return .object(json)
    }

    init(json: JSONValue, at place: Fault.Place) throws {
      let reader = RowReader(json: json, place: place)
      id = try reader.string("id")
      split = try reader.required("split", "a split") { Split(rawValue: $0.string ?? "") }
      label = try reader.optional("label", "a string", \.string)
      prediction = try reader.string("prediction")
      subject = try reader.optional("subject", "a string", \.string)
      let pair = { (value: JSONValue) in
        value.numbers.flatMap { $0.count == 2 && $0.allSatisfy { $0.isFinite } ? $0 : nil }
      }
      principal = try reader.required("pca", "two numbers", pair)
      neighbour = try reader.optional("tsne", "two numbers", pair)
    }

    /// The cells of `map.csv`.
    public var cells: [String] {
      [id, split.rawValue, label ?? "", prediction, subject ?? ""]
        + (principal + (neighbour ?? [])).map(\.description)
    }
  }

  public static let mapColumns = [
    "id", "split", "label", "prediction", "subject", "pca_1", "pca_2",
  ]
  public static let neighbourColumns = ["tsne_1", "tsne_2"]

  public let artifact: Artifact
  public let rows: [Row]
  public let classes: [String]

  /// Reads a features artifact.
  /// - Throws: `Fault` with the place where it is damaged.
  public init(_ artifact: Artifact) throws {
    self.artifact = artifact
    guard let classes = artifact.metadata["classes"]?.strings else {
      throw Fault(
        .badInput, "the features do not name their classes",
        at: .init(artifact.path(Artifact.recordName)), remedy: "make them again with features")
    }
    self.classes = classes
    let index = artifact.path(RowCollection.indexName)
    rows = try RowCollectionReader(artifact.directory).rows.enumerated().map {
      try Row(json: $1, at: .init(index, line: $0 + 1))
    }
  }
}
