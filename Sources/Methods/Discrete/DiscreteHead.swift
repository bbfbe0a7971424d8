import Neural
import Platform
import Tensors

/// The discrete-label baseline: one dense layer and cross-entropy (equation 2).
public final class DiscreteHead: MethodHead {
  private let classifier: Linear

  /// A dense layer from vectors of `width` numbers to the classes.
  public init(width: Int, classCount: Int, generator: inout SeededGenerator) {
    classifier = Linear(
      "method.classifier", inputs: width, outputs: classCount, generator: &generator)
  }

  public var parameters: [Parameter] { classifier.parameters }
  public var constants: [NamedTensor] { [] }

  public func learn(_ features: Tensor, _ targets: Targets) -> MethodStep {
    let output = classifier.forward(features, training: true)
    let logits = output.values.map(Double.init)
    let (loss, gradient) = LabelCrossEntropy.evaluate(logits: logits, targets: targets)
    let back = classifier.backward(Tensor(output.shape, values: gradient.map { Float($0) }))
    return MethodStep(losses: MethodLosses(total: loss), logits: logits, gradient: back)
  }

  public func logits(_ features: Tensor) -> [Double] {
    classifier.forward(features, training: false).values.map(Double.init)
  }
}
