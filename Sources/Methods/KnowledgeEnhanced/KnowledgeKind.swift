import Artifacts
import Neural
import Platform
import Samples
import Tensors

extension KnowledgeObjective {
  /// The knowledge-enhanced method as the catalogue lists it; defaults are the published recipe.
  public static let kind = MethodKind(
    "knowledge-enhanced", title: "Knowledge-enhanced",
    summary: "similarity, transformation and self-contrast losses on class embeddings",
    parameters: [
      ContractParameter(
        "weights", .map, default: ["similarity": 1.0, "transformation": 1.0, "self_contrast": 1.0],
        help: "Weights of the three losses (equation 11); one left out is 1, one of 0 is switched "
          + "off."),
      ContractParameter(
        "self_contrast", .choice(KnowledgeLoss.SelfContrast.allCases.map(\.rawValue)),
        default: "paired",
        help:
          "paired: the text's reading of equation 10; all-pairs: the published code's; infonce: "
          + "the ablation."),
      ContractParameter(
        "temperature", .number, default: 0.01, minimum: 1e-4, maximum: 100,
        help: "Divides the cosines before the softmax."),
      ContractParameter(
        "margin", .number, default: 2.0, minimum: 0,
        help: "m of equation 10; it shifts the loss."),
      ContractParameter(
        "hidden_width", .integer, default: 128, minimum: 1, maximum: 65536,
        help: "Inner width of the neutral transformation (equation 6)."),
    ],
    terms: [
      LossTerm("similarity", symbol: "s"), LossTerm("transformation", symbol: "t"),
      LossTerm("self_contrast", symbol: "c"),
    ],
    usesEmbeddings: true, export: exportedHead, load: stored, make: fresh)

  @Sendable private static func fresh(
    _ setup: MethodSetup, _ generator: inout SeededGenerator
  ) throws -> any Objective {
    let weights = try KnowledgeLoss.Weights(setup.values.map("weights"))
    guard let embeddings = setup.embeddings else {
      throw Fault(
        .usage, "the method \(kind.name) needs class embeddings",
        remedy: "add --in embeddings=DIR (ferry-embed makes one), or set method=discrete")
    }
    let neutral = setup.classes.index(of: Expression.neutral.name)
    if neutral == nil, weights.needNeutral {
      throw Fault(
        .badInput, "the data have no class neutral, which two of the method's losses refer to",
        remedy: "set 'weights={transformation: 0, self_contrast: 0}'")
    }
    guard
      let selfContrast = KnowledgeLoss.SelfContrast(rawValue: setup.values.string("self_contrast"))
    else { preconditionFailure("the contract allows a reading that the loss does not know") }
    let loss = KnowledgeLoss(
      weights: weights, selfContrast: selfContrast, margin: setup.values.number("margin"),
      temperature: setup.values.number("temperature"), neutralClass: neutral)
    let rows = embeddings.ensemble?.each.values ?? embeddings.values
    return KnowledgeObjective(
      loss: loss, text: Tensor([rows.count / embeddings.width, embeddings.width], values: rows),
      groups: embeddings.ensemble?.groups, width: setup.width,
      hiddenWidth: setup.values.integer("hidden_width"), generator: &generator)
  }

  @Sendable private static func stored(
    _ file: ModelFile, _ width: Int
  ) throws -> any Predictor {
    let description = file.description
    let text = Tensor(
      [description.ensemble?.classes.count ?? description.classes.count, width])
    try file.load("method.text", into: text)
    return CosinePredictor(
      text: text, groups: description.ensemble, temperature: description.temperature)
  }
}

extension KnowledgeLoss.Weights {
  private static let names = ["similarity", "transformation", "self_contrast"]

  /// Reads the parameter `weights`; one left out is 1.
  ///
  /// - Throws: `Fault` for other names, for values below 0, and where all are 0.
  init(_ given: [String: JSONValue]) throws {
    for name in given.keys.sorted() where !Self.names.contains(name) {
      throw Fault(
        .usage, "'weights' has no '\(name)'",
        remedy: nearestWord(to: name, among: Self.names).map { "did you mean '\($0)'?" }
          ?? "it takes \(Self.names.joined(separator: ", "))")
    }
    let numbers = try Self.names.map { name -> Double in
      guard let value = given[name] else { return 1 }
      guard let number = value.number, number >= 0 else {
        throw Fault(
          .usage, "weights.\(name) is \(value.canonical)", remedy: "it takes a number from 0 on")
      }
      return number
    }
    guard numbers.contains(where: { $0 > 0 }) else {
      throw Fault(.usage, "all three weights are 0", remedy: "leave one loss on")
    }
    self.init(similarity: numbers[0], transformation: numbers[1], selfContrast: numbers[2])
  }
}
