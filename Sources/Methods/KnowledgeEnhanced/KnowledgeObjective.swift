import Neural
import Platform
import Tensors

/// The knowledge-enhanced method on top of an encoder: text embeddings, the neutral transformation
/// and, where widths differ, a trained layer that takes the embeddings to the encoder's width.
///
/// That layer learns from the similarity loss alone: to the other losses the text is given.
///
/// Li et al. 2025 (arXiv 2409.08598), equations 3 to 11.
public final class KnowledgeObjective: Objective {
  private let loss: KnowledgeLoss
  private let width: Int
  /// The raw embeddings as given, `[K, e]` or, of several prompts a class, `[P, e]`.
  private let raw: Tensor
  private let groups: PromptGroups?
  /// e to d; nil where e is d.
  private let adapter: Linear?
  private let neutral: NeutralTransformation?

  /// - Parameters:
  ///   - text: raw embeddings `[K, e]` in the order of the classes; `[P, e]` with groups.
  ///   - groups: the classes of the embeddings, where a class has several.
  ///   - width: d, the encoder's width.
  ///   - hiddenWidth: the inner width of the neutral transformation.
  public init(
    loss: KnowledgeLoss, text: Tensor, groups: PromptGroups? = nil, width: Int, hiddenWidth: Int,
    generator: inout SeededGenerator
  ) {
    self.loss = loss
    self.width = width
    raw = text
    self.groups = groups
    adapter =
      text.shape[1] == width
      ? nil : Self.adapter(from: text.shape[1], to: width, generator: &generator)
    neutral =
      loss.weights.needNeutral
      ? NeutralTransformation(width: width, hiddenWidth: hiddenWidth, generator: &generator) : nil
  }

  /// The adapter's factor on the learning rate where the options name none: K vectors learn faster
  /// than an encoder, and at its rate lie in one direction after a few epochs (docs/method.md).
  public static let adapterLearningRateFactor = 0.02

  /// A layer that starts as a projection which keeps the angles between the classes; a bias would
  /// bring all of them nearer to each other.
  private static func adapter(
    from inputs: Int, to outputs: Int, generator: inout SeededGenerator
  ) -> Linear {
    let layer = Linear(
      "method.text_adapter", inputs: inputs, outputs: outputs, generator: &generator)
    layer.weight.value.copy(
      from: Initialisation.orthogonal(rows: outputs, columns: inputs, &generator))
    layer.bias?.value.fill(0)
    for parameter in layer.parameters { parameter.learningRateFactor = adapterLearningRateFactor }
    return layer
  }

  public var parameters: [Parameter] {
    (adapter?.parameters ?? []) + (neutral?.parameters ?? [])
  }

  public var buffers: [NamedTensor] {
    [NamedTensor("method.text", adaptedText(training: false))]
      + (adapter == nil ? [] : [NamedTensor("method.text_raw", raw)])
  }

  private func adaptedText(training: Bool) -> Tensor {
    adapter?.forward(raw, training: training) ?? raw
  }

  public func evaluate(_ batch: ObjectiveBatch) -> ObjectiveValue {
    let features = batch.features
    let text = adaptedText(training: true)
    let neutralVectors = neutral?.forward(features)
    let value = loss.evaluate(
      visual: features.values.map(Double.init),
      neutral: neutralVectors?.values.map(Double.init) ?? [],
      text: text.values.map(Double.init), groups: groups, width: width, targets: batch.targets)
    let gradient = Tensor(features.shape, values: value.visualGradient.map { Float($0) })
    if let neutral {
      let back = neutral.backward(
        Tensor(features.shape, values: value.neutralGradient.map { Float($0) }))
      Elementwise.add(back, to: gradient)
    }
    if let adapter {
      _ = adapter.backward(
        Tensor(text.shape, values: value.textGradient.map { Float($0) }), inputGradient: false)
    }
    let weights = loss.weights
    return ObjectiveValue(
      total: value.total,
      terms: [
        weights.similarity == 0 ? nil : value.similarity,
        weights.transformation == 0 ? nil : value.transformation,
        weights.selfContrast == 0 ? nil : value.selfContrast,
      ],
      logits: value.cosines.map { $0 / loss.temperature }, featureGradient: gradient)
  }

  public func logits(_ features: Tensor) -> [Double] {
    CosineScores.logits(
      features, text: adaptedText(training: false), groups: groups,
      temperature: loss.temperature)
  }
}

/// The neutral transformation (equation 6): n = W2 relu(W1 v + b1) + b2.
final class NeutralTransformation {
  private let first: Linear
  private let second: Linear
  private var hidden: Tensor?

  init(width: Int, hiddenWidth: Int, generator: inout SeededGenerator) {
    first = Linear(
      "method.neutral.0", inputs: width, outputs: hiddenWidth, generator: &generator)
    second = Linear(
      "method.neutral.2", inputs: hiddenWidth, outputs: width, generator: &generator)
  }

  var parameters: [Parameter] { first.parameters + second.parameters }

  func forward(_ features: Tensor) -> Tensor {
    let hidden = Elementwise.relu(first.forward(features, training: true))
    self.hidden = hidden
    return second.forward(hidden, training: true)
  }

  /// Adds to the weights' gradients and returns that by the vectors.
  func backward(_ gradient: Tensor) -> Tensor {
    guard let hidden else { preconditionFailure("forward comes before backward") }
    return first.backward(
      Elementwise.reluBackward(second.backward(gradient), output: hidden))
  }
}

/// The predicting part of a stored model: cosines with class embeddings (equation 4).
final class CosinePredictor: Predictor {
  private let text: Tensor
  private let groups: PromptGroups?
  private let temperature: Double

  /// - Parameter text: embeddings `[K, d]`; `[P, d]` with groups.
  init(text: Tensor, groups: PromptGroups?, temperature: Double) {
    self.text = text
    self.groups = groups
    self.temperature = temperature
  }

  func logits(_ features: Tensor) -> [Double] {
    CosineScores.logits(features, text: text, groups: groups, temperature: temperature)
  }
}

/// Predictions from cosines (equation 4).
enum CosineScores {
  /// cos(v_i, t_k) / temperature, `[N, K]`; of several prompts a class, pooled.
  static func logits(
    _ features: Tensor, text: Tensor, groups: PromptGroups?, temperature: Double
  ) -> [Double] {
    let visual = VectorRows(features.values.map(Double.init), width: features.shape[1])
    let text = ClassText(text.values.map(Double.init), width: text.shape[1], groups: groups)
    return text.pooled(visual.cosines(text.rows)).map { $0 / temperature }
  }
}
