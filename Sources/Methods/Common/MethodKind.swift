import Artifacts
import Neural
import Platform
import Samples
import Tensors

/// A loss that a method adds up: the status line, history.csv and the curves of the page list
/// the terms of the method that was trained.
public struct LossTerm: Sendable, Equatable {
  /// Lower-case words joined by `_`: `self_contrast`.
  public let name: String
  /// The letter or two in the status line.
  public let symbol: String

  public init(_ name: String, symbol: String) {
    self.name = name
    self.symbol = symbol
  }

  /// The term's column of history.csv.
  public var column: String { "loss_\(name)" }
}

/// A method: all that is its own, in one folder of this room.
///
/// Whatever lists, trains, stores, loads, exports or describes methods asks `MethodCatalogue`, so
/// that a further method is a folder and a line of the catalogue.
public struct MethodKind: Sendable {
  /// The second picture of each training face that a method compares with the first.
  public enum SecondView: Sendable, Equatable {
    case none
    /// The first view, mirrored after its augmentation.
    case mirrored
    /// The face, augmented anew from a random stream of its own.
    case independent
  }

  /// The name in parameters and models: `knowledge-enhanced`.
  public let name: String
  /// The name in reports.
  public let title: String
  /// Half a sentence for the help of ferry-train.
  public let summary: String
  /// The parameters that only this method reads; their defaults stand here and nowhere else.
  public let parameters: [ContractParameter]
  /// The losses in the order of `ObjectiveValue.terms`.
  public let terms: [LossTerm]
  /// True if the method reads class embeddings.
  public let usesEmbeddings: Bool
  public let secondView: SecondView
  /// Makes an objective with fresh weights.
  public let make: @Sendable (MethodSetup, inout SeededGenerator) throws -> any Objective
  /// Makes the predicting part of a stored model, on vectors of the given width d.
  public let load: @Sendable (ModelFile, _ width: Int) throws -> any Predictor
  /// The predicting part as rows of numbers for other programs; nil where it cannot be exported.
  public let export: (@Sendable (StoredTensors, ModelDescription) throws -> ExportedHead)?

  public init(
    _ name: String, title: String, summary: String, parameters: [ContractParameter] = [],
    terms: [LossTerm] = [], usesEmbeddings: Bool = false, secondView: SecondView = .none,
    export: (@Sendable (StoredTensors, ModelDescription) throws -> ExportedHead)? = nil,
    load: @escaping @Sendable (ModelFile, _ width: Int) throws -> any Predictor,
    make: @escaping @Sendable (MethodSetup, inout SeededGenerator) throws -> any Objective
  ) {
    self.name = name
    self.title = title
    self.summary = summary
    self.parameters = parameters
    self.terms = terms
    self.usesEmbeddings = usesEmbeddings
    self.secondView = secondView
    self.export = export
    self.load = load
    self.make = make
  }

  /// The method with values for some of its parameters and the defaults for the others.
  ///
  /// - Throws: `ContractProblems` for names that it does not have and values out of range.
  public func choice(_ given: [String: JSONValue] = [:]) throws -> MethodChoice {
    let contract = Contract(
      name: name, revision: 0, summary: summary, parameters: parameters, outputs: [])
    return MethodChoice(kind: self, values: try contract.resolve(given))
  }
}

/// The data that an objective is made for.
public struct MethodSetup: Sendable {
  /// The values of the method's parameters.
  public var values: MethodValues
  public var classes: ClassList
  public var embeddings: ClassEmbeddings?
  /// d, the width of the encoder's vectors.
  public var width: Int

  public init(
    values: MethodValues, classes: ClassList, embeddings: ClassEmbeddings?, width: Int
  ) {
    self.values = values
    self.classes = classes
    self.embeddings = embeddings
    self.width = width
  }
}

/// The sources of an exported model's tensors, by name.
public typealias StoredTensors = (String) throws -> (shape: [Int], values: [Float])

/// A predictor as other programs hold it: a matrix on the encoder's vectors.
public struct ExportedHead: Sendable {
  /// **Shape**: `[K n, d]`, n rows for each class.
  public var rows: [Float]
  /// d.
  public var width: Int
  /// n: a class's logit is the largest of its rows' logits.
  public var rowsPerClass: Int
  /// `[K]`; nil for cosines, which take vectors of length 1.
  public var bias: [Float]?
  /// The description of the head, for the card of the exported model.
  public var summary: String

  public init(
    rows: [Float], width: Int, rowsPerClass: Int = 1, bias: [Float]? = nil, summary: String
  ) {
    self.rows = rows
    self.width = width
    self.rowsPerClass = rowsPerClass
    self.bias = bias
    self.summary = summary
  }
}
