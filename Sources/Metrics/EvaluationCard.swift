import Artifacts
import Samples

/// The facts about a model that a reader of its results must know.
public struct ModelCard: Sendable, Equatable {
  /// The method's name in the catalogue.
  public var method: String
  /// The name that reports use for the method.
  public var methodTitle: String
  /// The encoder's name in the catalogue.
  public var encoder: String
  /// The name that reports use for the encoder.
  public var encoderTitle: String
  public var seed: Int?
  /// Everything else that tells models apart, such as width, image size, epochs, loss weights.
  public var details: [String: JSONValue]

  /// A title that is nil is the name itself.
  public init(
    method: String, methodTitle: String? = nil, encoder: String, encoderTitle: String? = nil,
    seed: Int? = nil, details: [String: JSONValue] = [:]
  ) {
    self.method = method
    self.methodTitle = methodTitle ?? method
    self.encoder = encoder
    self.encoderTitle = encoderTitle ?? encoder
    self.seed = seed
    self.details = details
  }

  public var json: JSONValue {
    [
      "method": .string(method), "method_title": .string(methodTitle),
      "encoder": .string(encoder), "encoder_title": .string(encoderTitle),
      "seed": seed.map { .integer($0) } ?? .null, "details": .object(details),
    ]
  }

  public init?(json: JSONValue?) {
    guard let json, let method = json["method"]?.string, let encoder = json["encoder"]?.string
    else { return nil }
    self.init(
      method: method, methodTitle: json["method_title"]?.string, encoder: encoder,
      encoderTitle: json["encoder_title"]?.string, seed: json["seed"]?.integer,
      details: json["details"]?.object ?? [:])
  }
}

/// An evaluation's description: the `metadata` of its artifact.
public struct EvaluationCard: Sendable, Equatable {
  public var model: ModelCard
  public var trainedOn: DatasetCard
  public var testedOn: DatasetCard
  /// Whether the test images come from another dataset than the training images.
  public var isCrossDataset: Bool
  /// The content of the test protocol, in a sentence.
  public var protocolSummary: String
  /// The deviations of the data from the counts that the protocol states.
  public var deviations: [String]

  public init(
    model: ModelCard, trainedOn: DatasetCard, testedOn: DatasetCard, isCrossDataset: Bool,
    protocolSummary: String = "", deviations: [String] = []
  ) {
    self.model = model
    self.trainedOn = trainedOn
    self.testedOn = testedOn
    self.isCrossDataset = isCrossDataset
    self.protocolSummary = protocolSummary
    self.deviations = deviations
  }

  public var json: JSONValue {
    [
      "model": model.json, "trained_on": trainedOn.json, "tested_on": testedOn.json,
      "cross_dataset": .bool(isCrossDataset), "protocol_summary": .string(protocolSummary),
      "deviations": JSONValue(deviations),
    ]
  }

  public init?(json: JSONValue) {
    guard let model = ModelCard(json: json["model"]), let trainedOn = json["trained_on"],
      let testedOn = json["tested_on"], let isCrossDataset = json["cross_dataset"]?.bool
    else { return nil }
    self.init(
      model: model, trainedOn: DatasetCard(json: trainedOn), testedOn: DatasetCard(json: testedOn),
      isCrossDataset: isCrossDataset,
      protocolSummary: json["protocol_summary"]?.string ?? "",
      deviations: json["deviations"]?.strings ?? [])
  }
}
