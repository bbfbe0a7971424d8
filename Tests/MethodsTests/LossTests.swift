import Methods
import Platform
import Testing

/// The losses against finite differences and against their edge cases.
@Suite struct MethodLossTests {
  static let width = 9
  static let classes = 5
  static let neutralClass = 3
  /// Step of the central differences.
  static let step = 1e-6
  /// Truncation is step^2/6 times a third derivative of at most about (1/temperature)^3 = 1e3
  /// (the vectors' lengths are near 1), rounding 1e-16 times a loss of about 10 over the step: both
  /// near 1e-9. This allows 100 times that.
  static let tolerance = 1e-7

  struct Batch {
    var visual: [Double]
    var neutral: [Double]
    var text: [Double]
    var targets: Targets
  }

  func batch(labels: [Int], seed: UInt64 = 3, smoothing: Double = 0) -> Batch {
    var generator = SeededGenerator(seed: seed)
    func vectors(_ count: Int) -> [Double] {
      (0..<count * Self.width).map { _ in generator.normal() / 3 }
    }
    return Batch(
      visual: vectors(labels.count), neutral: vectors(labels.count), text: vectors(Self.classes),
      targets: Targets(labels: labels, classCount: Self.classes, smoothing: smoothing))
  }

  func evaluate(_ loss: KnowledgeLoss, _ batch: Batch) -> KnowledgeLoss.Value {
    loss.evaluate(
      visual: batch.visual, neutral: batch.neutral, text: batch.text, width: Self.width,
      targets: batch.targets)
  }

  func worstError(
    _ loss: KnowledgeLoss, _ batch: Batch, _ part: WritableKeyPath<Batch, [Double]>,
    _ gradient: [Double]
  ) -> Double {
    var worst = 0.0
    for index in gradient.indices {
      var (up, down) = (batch, batch)
      up[keyPath: part][index] += Self.step
      down[keyPath: part][index] -= Self.step
      let slope = (evaluate(loss, up).total - evaluate(loss, down).total) / (2 * Self.step)
      worst = max(worst, abs(slope - gradient[index]))
    }
    return worst
  }

  @Test(
    arguments: KnowledgeLoss.SelfContrast.allCases,
    [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.5, 2.0)])
  func gradientsMatchFiniteDifferences(
    selfContrast: KnowledgeLoss.SelfContrast, weights: (Double, Double, Double)
  ) {
    let loss = KnowledgeLoss(
      weights: .init(
        similarity: weights.0, transformation: weights.1, selfContrast: weights.2),
      selfContrast: selfContrast, temperature: 0.1, neutralClass: Self.neutralClass)
    for labels in [[2], [0, 3, 1, 4, 0, 3, 2], [3, 3], [4, 4, 4]] {
      let batch = batch(labels: labels, smoothing: labels.count == 3 ? 0.1 : 0)
      let value = evaluate(loss, batch)
      #expect(worstError(loss, batch, \.visual, value.visualGradient) < Self.tolerance)
      #expect(worstError(loss, batch, \.neutral, value.neutralGradient) < Self.tolerance)
      var similarity = loss
      similarity.weights = .init(
        similarity: weights.0, transformation: 0, selfContrast: 0)
      #expect(worstError(similarity, batch, \.text, value.textGradient) < Self.tolerance)
    }
  }

  @Test(arguments: KnowledgeLoss.SelfContrast.allCases)
  func aBatchOfNeutralFacesGivesNoNaN(selfContrast: KnowledgeLoss.SelfContrast) {
    let loss = KnowledgeLoss(selfContrast: selfContrast, neutralClass: Self.neutralClass)
    let value = evaluate(loss, batch(labels: [3, 3, 3]))
    #expect(value.transformation == 0 && value.selfContrast == 0)
    #expect(value.total == value.similarity && value.total.isFinite)
    #expect(value.neutralGradient.allSatisfy { $0 == 0 })
    #expect(value.visualGradient.allSatisfy { $0.isFinite })
  }

  @Test func theMarginOnlyShiftsTheLoss() {
    let labels = [0, 3, 1]
    let two = KnowledgeLoss(margin: 2, neutralClass: Self.neutralClass)
    let five = KnowledgeLoss(margin: 5, neutralClass: Self.neutralClass)
    let (a, b) = (evaluate(two, batch(labels: labels)), evaluate(five, batch(labels: labels)))
    #expect(abs(b.selfContrast - a.selfContrast - 3) < 1e-12)
    #expect(a.visualGradient == b.visualGradient)
    #expect(a.selfContrast >= 0)
  }

  @Test func pairedAndAllPairsAgreeForOneSample() {
    let batch = batch(labels: [1])
    let paired = evaluate(KnowledgeLoss(neutralClass: Self.neutralClass), batch)
    let all = evaluate(
      KnowledgeLoss(selfContrast: .allPairs, neutralClass: Self.neutralClass), batch)
    #expect(paired.total == all.total && paired.visualGradient == all.visualGradient)
  }

  @Test func zeroVectorsHaveCosineZeroAndFiniteGradients() {
    var batch = batch(labels: [1, 2])
    batch.visual = batch.visual.map { _ in 0 }
    batch.neutral = batch.visual
    let value = evaluate(KnowledgeLoss(neutralClass: Self.neutralClass), batch)
    #expect(value.cosines.allSatisfy { $0 == 0 })
    #expect(value.visualGradient.allSatisfy { $0.isFinite } && value.total.isFinite)
  }

  @Test func crossEntropyMatchesFiniteDifferences() {
    var generator = SeededGenerator(seed: 5)
    let logits = (0..<3 * Self.classes).map { _ in 3 * generator.normal() }
    let soft = (0..<3 * Self.classes).map { _ in generator.unit() }
    for targets in [
      Targets(labels: [0, 4, 2], classCount: Self.classes, smoothing: 0.1),
      Targets(soft: soft, classCount: Self.classes),
    ] {
      let (_, gradient) = LabelCrossEntropy.evaluate(logits: logits, targets: targets)
      for index in logits.indices {
        var (up, down) = (logits, logits)
        up[index] += Self.step
        down[index] -= Self.step
        let slope =
          (LabelCrossEntropy.evaluate(logits: up, targets: targets).loss
            - LabelCrossEntropy.evaluate(logits: down, targets: targets).loss) / (2 * Self.step)
        #expect(abs(slope - gradient[index]) < Self.tolerance)
      }
    }
  }

  @Test func crossEntropySurvivesExtremeLogits() {
    let targets = Targets(labels: [0], classCount: 2)
    let (loss, gradient) = LabelCrossEntropy.evaluate(logits: [-1e4, 1e4], targets: targets)
    #expect(loss == 2e4 && gradient == [-1, 1])
  }

  @Test func softTargetsTakeTheMostProbableLabel() {
    let targets = Targets(soft: [1, 3, 0, 2, 2, 0], classCount: 3, smoothing: 0.3)
    #expect(targets.labels == [1, 0])
    let sum = targets.distribution[0..<3].reduce(0, +)
    #expect(abs(sum - 1) < 1e-12 && abs(targets.distribution[1] - (0.75 * 0.7 + 0.1)) < 1e-12)
  }
}
