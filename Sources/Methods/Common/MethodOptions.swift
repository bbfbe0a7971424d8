/// What a method needs besides the data.
public struct MethodOptions: Sendable {
  public enum Name: String, Sendable, CaseIterable {
    /// Softmax and cross-entropy on class indices: the baseline (equation 2).
    case discrete
    /// Equations 4 to 11.
    case knowledgeEnhanced = "knowledge-enhanced"
  }

  public var name: Name
  public var weights = KnowledgeLoss.Weights()
  public var selfContrast = KnowledgeLoss.SelfContrast.paired
  public var temperature = 0.01
  public var margin = 2.0
  /// The inner width of the neutral transformation (equation 6).
  public var hiddenWidth = 128

  public init(name: Name) { self.name = name }
}
