/// The three losses of knowledge-enhanced expression recognition, with their exact gradients.
///
/// Li et al., *Knowledge-Enhanced FER with Emotional-to-Neutral Transformation*, IEEE TMM 27 (2025),
/// arXiv 2409.08598, equations 4, 5 and 7 to 11. All sums are in double precision.
///
/// Shapes: visual vectors v `[N, d]`, neutral vectors n `[N, d]`, text embeddings t `[K, d]`, or
/// `[P, d]` of P prompts that `PromptGroups` assigns to the classes.
public struct KnowledgeLoss: Sendable, Equatable {
  /// How equation 10 pairs anchors and samples.
  public enum SelfContrast: String, Sendable, CaseIterable {
    /// Sample i with its own v_i and n_i: the text's reading.
    case paired
    /// The mean over all M x M pairs of anchor i and sample j: the published code.
    case allPairs = "all-pairs"
    /// The ablation of Fig. 4: InfoNCE with anchor t_y, positive v and negative n, at the same
    /// temperature as equation 5.
    case infonce
  }

  /// The weights l_s, l_t, l_c of equation 11.
  public struct Weights: Sendable, Equatable {
    public var similarity: Double
    public var transformation: Double
    public var selfContrast: Double

    public init(similarity: Double = 1, transformation: Double = 1, selfContrast: Double = 1) {
      self.similarity = similarity
      self.transformation = transformation
      self.selfContrast = selfContrast
    }

    /// Whether the neutral transformation takes part.
    public var needNeutral: Bool { transformation != 0 || selfContrast != 0 }
  }

  public var weights: Weights
  public var selfContrast: SelfContrast
  /// m of equation 10: there is no hinge, it only keeps the loss from being negative.
  public var margin: Double
  /// tau of equation 5.
  public var temperature: Double
  /// The index of the class neutral; nil where the class list has none.
  public var neutralClass: Int?

  public init(
    weights: Weights = Weights(), selfContrast: SelfContrast = .paired, margin: Double = 2,
    temperature: Double = 0.01, neutralClass: Int?
  ) {
    self.weights = weights
    self.selfContrast = selfContrast
    self.margin = margin
    self.temperature = temperature
    self.neutralClass = neutralClass
  }

  /// The losses of a batch and their gradients.
  public struct Value: Sendable {
    /// The weighted sum (equation 11).
    public var total = 0.0
    /// L_s, not weighted (equation 5).
    public var similarity = 0.0
    /// L_t, not weighted (equation 9); 0 without non-neutral samples.
    public var transformation = 0.0
    /// L_c, not weighted (equation 10); 0 without non-neutral samples.
    public var selfContrast = 0.0
    /// The cosines s_ik (equation 4), `[N, K]`.
    public var cosines: [Double] = []
    /// By v, `[N, d]`.
    public var visualGradient: [Double] = []
    /// By n, `[N, d]`; zeros where no loss uses n.
    public var neutralGradient: [Double] = []
    /// L_s by t, `[P, d]`: for a trained layer in front of the embeddings only.
    ///
    /// L_t and L_c take the text as given. Through a trained layer they would move it instead of the
    /// faces: both are least where all classes' vectors are one and the same.
    public var textGradient: [Double] = []
  }

  /// Returns the losses and gradients of a batch.
  ///
  /// `neutral` may be empty where no weight needs it. A loss with weight 0 is not computed. Where
  /// `groups` says that classes have several prompts, a class's cosine is pooled from theirs, and its
  /// vector in equation 8 is the mean of their directions.
  public func evaluate(
    visual: [Double], neutral: [Double], text: [Double], groups: PromptGroups? = nil, width: Int,
    targets: Targets
  ) -> Value {
    var batch = KnowledgeBatch(
      loss: self, visual: VectorRows(visual, width: width),
      neutral: VectorRows(neutral, width: width),
      text: ClassText(text, width: width, groups: groups), targets: targets)
    if weights.similarity != 0 { batch.addSimilarity() }
    if weights.transformation != 0 { batch.addTransformation() }
    if weights.selfContrast != 0 { batch.addSelfContrast() }
    return batch.finish()
  }
}
