import Neural
import Platform
import Tensors

/// The losses of one batch; a term that the method does not have, or whose weight is 0, is nil.
public struct MethodLosses: Sendable, Equatable {
  /// What is minimised.
  public var total: Double
  /// L_s (equation 5).
  public var similarity: Double?
  /// L_t (equation 9).
  public var transformation: Double?
  /// L_c (equation 10).
  public var selfContrast: Double?

  public init(
    total: Double, similarity: Double? = nil, transformation: Double? = nil,
    selfContrast: Double? = nil
  ) {
    self.total = total
    self.similarity = similarity
    self.transformation = transformation
    self.selfContrast = selfContrast
  }

  /// The name of a term that is not finite, the innermost first; nil where all are.
  public var broken: String? {
    let terms: [(String, Double?)] = [
      ("loss_similarity", similarity), ("loss_transformation", transformation),
      ("loss_self_contrast", selfContrast), ("loss", total),
    ]
    return terms.first { $0.1.map { !$0.isFinite } ?? false }?.0
  }
}

/// What a batch taught.
public struct MethodStep {
  public var losses: MethodLosses
  /// The logits `[N, K]` that the method predicts from.
  public var logits: [Double]
  /// By the encoder's vectors, `[N, d]`.
  public var gradient: Tensor
}

/// What stands on the visual encoder: it turns vectors v `[N, d]` into losses and predictions.
///
/// Deeper methods are further types of this protocol and a line in `MethodCatalogue`.
public protocol MethodHead: AnyObject {
  /// The trained weights, by names that start with `method.`.
  var parameters: [Parameter] { get }
  /// Tensors besides the parameters that a prediction needs, by names that start with `method.`.
  var constants: [NamedTensor] { get }
  /// Computes losses and gradients of a batch; adds to the parameters' gradients.
  func learn(_ features: Tensor, _ targets: Targets) -> MethodStep
  /// The logits `[N, K]`; a softmax of them gives the probabilities.
  func logits(_ features: Tensor) -> [Double]
}
