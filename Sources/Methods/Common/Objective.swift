import Neural
import Platform
import Tensors

/// The part of a trained model that stands on the encoder and predicts.
public protocol Predictor: AnyObject {
  /// The logits `[N, K]` of the encoder's vectors `[N, d]`; a softmax of them gives probabilities.
  func logits(_ features: Tensor) -> [Double]
}

/// The part of a model that stands on the encoder in training: losses, their gradients, and
/// whatever the method keeps from step to step.
///
/// An objective is made by its `MethodKind`. The trainer calls `evaluate` once for each batch and
/// `endEpoch` after the last batch of an epoch.
public protocol Objective: Predictor {
  /// The trained weights, by names that start with `method.`.
  var parameters: [Parameter] { get }
  /// Tensors besides the parameters that a prediction needs, by names that start with `method.`;
  /// they become part of the model.
  var buffers: [NamedTensor] { get }
  /// Tensors that change in training and that no prediction needs, such as class centres and
  /// thresholds; they are in every checkpoint, so that a resumed run gives the same bits.
  var state: [NamedTensor] { get }
  /// Computes the losses and gradients of a batch; adds to the parameters' gradients.
  func evaluate(_ batch: ObjectiveBatch) -> ObjectiveValue
  /// Ends an epoch: updates the state, and returns the labels to change from the next epoch on.
  ///
  /// - Throws: what the epoch's own functions throw.
  func endEpoch(_ epoch: EpochEnd) throws -> [LabelEdit]
}

extension Objective {
  public var buffers: [NamedTensor] { [] }
  public var state: [NamedTensor] { [] }
  public func endEpoch(_ epoch: EpochEnd) throws -> [LabelEdit] { [] }
}

/// A training batch as an objective sees it.
public struct ObjectiveBatch {
  /// The encoder's vectors `[N, d]`, after dropout.
  public var features: Tensor
  /// The vectors `[N, d]` of each face's second view, where the method's `secondView` asks for one.
  public var secondFeatures: Tensor?
  /// The labels, with the edits of earlier epochs.
  public var targets: Targets
  /// Each face's number among the training faces: the same in every epoch.
  public var rows: [Int]
  /// The epoch, from 0.
  public var epoch: Int
  /// The optimiser steps taken before this batch.
  public var step: Int
  /// The run's seed: draw with `SeededGenerator(seed:, stream, step...)`, never from a state.
  public var seed: UInt64

  public init(
    features: Tensor, secondFeatures: Tensor? = nil, targets: Targets, rows: [Int]? = nil,
    epoch: Int = 0, step: Int = 0, seed: UInt64 = 0
  ) {
    self.features = features
    self.secondFeatures = secondFeatures
    self.targets = targets
    self.rows = rows ?? Array(0..<targets.count)
    self.epoch = epoch
    self.step = step
    self.seed = seed
  }
}

/// The losses and gradients of a batch.
public struct ObjectiveValue {
  /// The weighted sum, which is minimised.
  public var total: Double
  /// The single losses, not weighted, in the order of the method's `terms`; nil where a term's
  /// weight is 0.
  public var terms: [Double?]
  /// The logits `[N, K]` that the method predicts from.
  public var logits: [Double]
  /// The gradient of the total by the encoder's vectors, `[N, d]`.
  public var featureGradient: Tensor
  /// The same by the second view's vectors; nil where nothing flows into them.
  public var secondGradient: Tensor?

  public init(
    total: Double, terms: [Double?] = [], logits: [Double], featureGradient: Tensor,
    secondGradient: Tensor? = nil
  ) {
    self.total = total
    self.terms = terms
    self.logits = logits
    self.featureGradient = featureGradient
    self.secondGradient = secondGradient
  }
}

/// A training label that a method replaces.
public struct LabelEdit: Sendable, Equatable {
  /// The face's number among the training faces.
  public var row: Int
  /// The new class.
  public var label: Int
  /// A word or two for the table of edits: `relabelled`.
  public var reason: String

  public init(row: Int, label: Int, reason: String) {
    self.row = row
    self.label = label
    self.reason = reason
  }
}

/// The end of an epoch, before the epoch is scored on the validation rows.
public struct EpochEnd {
  /// The epoch that ends, from 0.
  public let epoch: Int
  /// The number of training faces.
  public let faceCount: Int
  /// The labels now, with all edits so far.
  public let labels: [Int]
  /// The encoder's vectors `[N, d]` of training faces in test mode, without augmentation.
  public let features: ([Int]) throws -> Tensor

  public init(
    epoch: Int, faceCount: Int, labels: [Int], features: @escaping ([Int]) throws -> Tensor
  ) {
    self.epoch = epoch
    self.faceCount = faceCount
    self.labels = labels
    self.features = features
  }
}
