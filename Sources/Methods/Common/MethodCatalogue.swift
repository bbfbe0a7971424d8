import Neural
import Platform
import Samples
import Tensors

/// The methods that models are trained with, by name.
public enum MethodCatalogue {
  /// Makes a method's head with fresh weights.
  ///
  /// - Throws: `Fault` where the method lacks embeddings or the class neutral.
  public static func make(
    _ options: MethodOptions, classes: ClassList, embeddings: ClassEmbeddings?, width: Int,
    generator: inout SeededGenerator
  ) throws -> any MethodHead {
    switch options.name {
    case .discrete:
      return DiscreteHead(width: width, classCount: classes.count, generator: &generator)
    case .knowledgeEnhanced:
      guard let embeddings else {
        throw Fault(
          .usage, "the method knowledge-enhanced needs class embeddings",
          remedy: "add --in embeddings=DIR (ferry-embed makes one), or set method=discrete")
      }
      let neutral = classes.index(of: Expression.neutral.name)
      if neutral == nil, options.weights.needNeutral {
        throw Fault(
          .badInput, "the data have no class neutral, which two of the method's losses refer to",
          remedy: "set 'weights={transformation: 0, self_contrast: 0}'")
      }
      let loss = KnowledgeLoss(
        weights: options.weights, selfContrast: options.selfContrast, margin: options.margin,
        temperature: options.temperature, neutralClass: neutral)
      let rows = embeddings.ensemble?.each.values ?? embeddings.values
      return KnowledgeHead(
        loss: loss,
        text: Tensor([rows.count / embeddings.width, embeddings.width], values: rows),
        groups: embeddings.ensemble?.groups, width: width, hiddenWidth: options.hiddenWidth,
        generator: &generator)
    }
  }

  /// Makes the part of a stored model's head that predicts.
  ///
  /// - Throws: `Fault` for a method that this program does not know, or tensors that are missing.
  static func predictor(_ file: ModelFile, width: Int) throws -> any MethodHead {
    let description = file.description
    let classCount = description.classes.count
    var generator = SeededGenerator(seed: 0)
    switch MethodOptions.Name(rawValue: description.method) {
    case .discrete:
      let head = DiscreteHead(width: width, classCount: classCount, generator: &generator)
      for parameter in head.parameters { try file.load(parameter.name, into: parameter.value) }
      return head
    case .knowledgeEnhanced:
      let text = Tensor([description.ensemble?.classes.count ?? classCount, width])
      try file.load("method.text", into: text)
      let loss = KnowledgeLoss(
        weights: .init(transformation: 0, selfContrast: 0),
        temperature: description.temperature, neutralClass: nil)
      return KnowledgeHead(
        loss: loss, text: text, groups: description.ensemble, width: width, hiddenWidth: 1,
        generator: &generator)
    case nil:
      throw Fault(
        .badInput, "the model was trained with the method '\(description.method)'",
        at: .init(file.tensors.path),
        remedy: "this Ferry knows "
          + MethodOptions.Name.allCases.map(\.rawValue).joined(separator: ", "))
    }
  }
}
