import Artifacts

/// How pictures were prepared for published weights.
public struct PublishedInput: Sendable, Equatable {
  /// Whether the first channel is blue.
  public let isBlueFirst: Bool
  /// Subtracted from values 0 ... 1, a channel, in the weights' own order.
  public let mean: [Double]
  /// Divided by after that.
  public let standardDeviation: [Double]

  package init(isBlueFirst: Bool, mean: [Double], standardDeviation: [Double]) {
    self.isBlueFirst = isBlueFirst
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The input normalisation of an imported model: mean and standard deviation of red, green, blue.
  ///
  /// The channels of weights that saw blue first are turned at import, so that readers of the model
  /// need to know red, green, blue only.
  public var json: JSONValue {
    [
      "mean": JSONValue(isBlueFirst ? mean.reversed() : mean),
      "std": JSONValue(isBlueFirst ? standardDeviation.reversed() : standardDeviation),
    ]
  }
}
