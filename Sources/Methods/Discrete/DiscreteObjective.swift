import Neural
import Platform
import Tensors

/// The discrete-label baseline: one dense layer and cross-entropy (equation 2).
public final class DiscreteObjective: Objective {
  public static let kind = MethodKind(
    "discrete", title: "Discrete labels",
    summary: "cross-entropy on class indices, the baseline",
    export: { tensors, _ in
      let (shape, rows) = try tensors("method.classifier.weight")
      return ExportedHead(
        rows: rows, width: shape.last ?? 0, bias: try tensors("method.classifier.bias").values,
        summary: "a dense layer")
    },
    load: { file, width in
      var generator = SeededGenerator(seed: 0)
      let objective = DiscreteObjective(
        width: width, classCount: file.description.classes.count, generator: &generator)
      for parameter in objective.parameters {
        try file.load(parameter.name, into: parameter.value)
      }
      return objective
    },
    make: { setup, generator in
      DiscreteObjective(
        width: setup.width, classCount: setup.classes.count, generator: &generator)
    })

  private let classifier: Linear

  /// A dense layer from vectors of `width` numbers to the classes.
  public init(width: Int, classCount: Int, generator: inout SeededGenerator) {
    classifier = Linear(
      "method.classifier", inputs: width, outputs: classCount, generator: &generator)
  }

  public var parameters: [Parameter] { classifier.parameters }

  public func evaluate(_ batch: ObjectiveBatch) -> ObjectiveValue {
    let output = classifier.forward(batch.features, training: true)
    let logits = output.values.map(Double.init)
    let (loss, gradient) = LabelCrossEntropy.evaluate(logits: logits, targets: batch.targets)
    let back = classifier.backward(Tensor(output.shape, values: gradient.map { Float($0) }))
    return ObjectiveValue(total: loss, logits: logits, featureGradient: back)
  }

  public func logits(_ features: Tensor) -> [Double] {
    classifier.forward(features, training: false).values.map(Double.init)
  }
}
