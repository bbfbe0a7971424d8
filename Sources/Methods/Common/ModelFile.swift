import Artifacts
import Neural
import Platform
import Samples
import Tensors

/// A model's description: all that is needed to use it anywhere without guessing.
public struct ModelDescription: Sendable, Equatable {
  public var classes: ClassList
  /// The encoder's name in `EncoderCatalogue`.
  public var encoder: String
  /// Factor on the encoder's channels.
  public var width: Double
  /// The method's name, `knowledge-enhanced`.
  public var method: String
  public var temperature: Double
  public var preprocessing: Preprocessing
  /// `validation`, `last` or `test-best`.
  public var selection: String
  /// What chose the epoch: its number and the accuracy there.
  public var selected: JSONValue
  /// The data it was trained on, as the shards describe it: card with terms, protocol.
  public var data: JSONValue
  /// The training stage's parameters.
  public var parameters: JSONValue
  /// The prompts of the class embeddings; null without them.
  public var prompts: JSONValue
  /// The text encoder and its prompt with `[CLS]` in place of the class; null without embeddings.
  public var text: JSONValue = .null
  /// The classes of the rows of `method.text`, where a class has several.
  public var ensemble: PromptGroups?
  /// `random`, or the digest of the model whose weights the training started from.
  public var initial = "random"

  public init(
    classes: ClassList, encoder: String, width: Double, method: String, temperature: Double,
    preprocessing: Preprocessing, selection: String, selected: JSONValue, data: JSONValue,
    parameters: JSONValue, prompts: JSONValue
  ) {
    self.classes = classes
    self.encoder = encoder
    self.width = width
    self.method = method
    self.temperature = temperature
    self.preprocessing = preprocessing
    self.selection = selection
    self.selected = selected
    self.data = data
    self.parameters = parameters
    self.prompts = prompts
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "classes": classes.json, "encoder": .string(encoder), "width": .number(width),
      "method": .string(method), "temperature": .number(temperature),
      "preprocessing": preprocessing.json, "selection": .string(selection),
      "selected": selected, "data": data, "parameters": parameters, "prompts": prompts,
      "text": text, "initial": .string(initial),
    ]
    if let ensemble { members["ensemble"] = ensemble.json }
    return .object(members)
  }

  public init(json: JSONValue, at place: Fault.Place) throws {
    guard let classes = json["classes"], let encoder = json["encoder"]?.string,
      let width = json["width"]?.number, let method = json["method"]?.string
    else {
      throw Fault(
        .badInput, "the model's metadata lack classes, encoder, width or method", at: place)
    }
    self.classes = try ClassList(json: classes, at: place)
    self.encoder = encoder
    self.width = width
    self.method = method
    temperature = json["temperature"]?.number ?? 0.01
    preprocessing = try Preprocessing(json: json["preprocessing"], at: place)
    selection = json["selection"]?.string ?? "unknown"
    selected = json["selected"] ?? .null
    data = json["data"] ?? .null
    parameters = json["parameters"] ?? .null
    prompts = json["prompts"] ?? .null
    text = json["text"] ?? .null
    initial = json["initial"]?.string ?? "unknown"
    ensemble = try json["ensemble"].map {
      try PromptGroups(json: $0, classCount: self.classes.count, at: place)
    }
  }
}

/// The file `model.safetensors` of an artifact of kind `model`.
///
/// Tensors: torchvision's names under `encoder.`, the method's own under `method.`; the metadata
/// `ferry` hold the `ModelDescription`, so that the file alone is enough.
public struct ModelFile: Sendable {
  /// The file's name inside the artifact.
  public static let fileName = "model.safetensors"
  /// The key of the description in the file's metadata.
  static let metadataKey = "ferry"

  public let description: ModelDescription
  public let tensors: SafetensorsFile

  /// Opens a model artifact, or a model's safetensors file.
  ///
  /// - Throws: `Fault` where it is neither, or holds no description.
  public init(_ path: String) throws {
    let file =
      Files.isDirectory(path)
      ? try Artifact.open(path, kind: "model", schema: 1).path(Self.fileName) : path
    tensors = try SafetensorsFile(file)
    guard let text = tensors.metadata[Self.metadataKey] else {
      throw Fault(
        .badInput, "the file does not say which encoder, classes and preprocessing it has",
        at: .init(file), remedy: "give a model that ferry-train or ferry-import made")
    }
    description = try ModelDescription(
      json: try JSONValue.parse(text, file: file), at: .init(file))
  }

  /// Writes tensors and description.
  public static func write(
    _ tensors: [NamedTensor], description: ModelDescription, to path: String
  ) throws {
    try Checkpoint.save(
      tensors, to: path, metadata: [metadataKey: description.json.canonical])
  }

  /// Copies a stored tensor into `target`.
  ///
  /// - Throws: `Fault` where it is missing, has another shape, or holds numbers that are not finite.
  public func load(_ name: String, into target: Tensor) throws {
    try Self.load(name, from: tensors, into: target)
  }

  /// Copies a tensor of any safetensors file into `target`, under the same conditions.
  public static func load(
    _ name: String, from tensors: SafetensorsFile, into target: Tensor
  ) throws {
    guard let entry = tensors[name] else {
      let near = nearestWord(to: name, among: tensors.entries.map(\.name))
      throw Fault(
        .badInput, "the model has no tensor '\(name)'", at: .init(tensors.path),
        remedy: near.map { "it has '\($0)'" })
    }
    guard entry.shape == target.shape else {
      throw Fault(
        .badInput, "the tensor '\(name)' has the shape \(entry.shape), expected \(target.shape)",
        at: .init(tensors.path), remedy: "set encoder and width as the model has them")
    }
    let values = try tensors.floats(entry)
    guard values.allSatisfy({ $0.isFinite }) else {
      throw Fault(
        .badInput, "the tensor '\(name)' holds numbers that are not finite",
        at: .init(tensors.path))
    }
    target.copy(from: Tensor(entry.shape, values: values))
  }
}
