import Artifacts
import Methods
import Neural
import Platform
import Tensors
import Testing

/// The methods' objectives: gradients of features and weights by finite differences.
@Suite struct ObjectiveTests {
  static let classes = 5

  func tensor(_ shape: [Int], _ generator: inout SeededGenerator) -> Tensor {
    Tensor(shape, values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) })
  }

  func knowledgeHead(
    _ selfContrast: KnowledgeLoss.SelfContrast, textWidth: Int, groups: PromptGroups? = nil,
    generator: inout SeededGenerator
  ) -> KnowledgeObjective {
    let loss = KnowledgeLoss(selfContrast: selfContrast, temperature: 0.5, neutralClass: 3)
    let rows = groups?.classes.count ?? Self.classes
    return KnowledgeObjective(
      loss: loss, text: tensor([rows, textWidth], &generator), groups: groups, width: 10,
      hiddenWidth: 6, generator: &generator)
  }

  /// Step of the central differences: single-precision layers round at 6e-8 relative, so that a
  /// loss of about 4 is noisy by 2e-7 or so; over twice this step that is 1e-4.
  static let step: Float = 1e-3
  /// Ten times the noise above.
  static let slopeTolerance = 1e-3

  func checkGradients(_ head: any Objective, features: Tensor, targets: Targets) {
    for parameter in head.parameters { parameter.zeroGradient() }
    let learned = head.evaluate(ObjectiveBatch(features: features, targets: targets))
    let gradients = head.parameters.map { $0.gradient.values }
    var worst = worstSlopeError(features, learned.featureGradient.values, head, features, targets)
    #expect(worst < Self.slopeTolerance, "features: \(worst)")
    for (parameter, gradient) in zip(head.parameters, gradients) {
      let isAdapter = parameter.name.contains("adapter")
      worst = worstSlopeError(parameter.value, gradient, head, features, targets) {
        isAdapter ? $0.terms[0] ?? .nan : $0.total
      }
      #expect(worst < Self.slopeTolerance, "\(parameter.name): \(worst)")
    }
  }

  func worstSlopeError(
    _ varied: Tensor, _ gradient: [Float], _ head: any Objective, _ features: Tensor,
    _ targets: Targets, of loss: (ObjectiveValue) -> Double = { $0.total }
  ) -> Double {
    var worst = 0.0
    for index in gradient.indices {
      let kept = varied[index]
      varied[index] = kept + Self.step
      let up = loss(head.evaluate(ObjectiveBatch(features: features, targets: targets)))
      varied[index] = kept - Self.step
      let down = loss(head.evaluate(ObjectiveBatch(features: features, targets: targets)))
      varied[index] = kept
      let slope = (up - down) / Double(2 * Self.step)
      worst = max(worst, abs(slope - Double(gradient[index])))
    }
    return worst
  }

  @Test(arguments: KnowledgeLoss.SelfContrast.allCases, [10, 7])
  func knowledgeGradientsMatchFiniteDifferences(
    selfContrast: KnowledgeLoss.SelfContrast, textWidth: Int
  ) {
    var generator = SeededGenerator(seed: 4)
    let head = knowledgeHead(selfContrast, textWidth: textWidth, generator: &generator)
    let features = tensor([6, 10], &generator)
    let targets = Targets(labels: [0, 3, 1, 4, 2, 0], classCount: Self.classes, smoothing: 0.1)
    checkGradients(head, features: features, targets: targets)
  }

  @Test(arguments: PromptPooling.allCases, [10, 7])
  func gradientsOfEnsemblesMatchFiniteDifferences(pooling: PromptPooling, textWidth: Int) {
    var generator = SeededGenerator(seed: 9)
    let groups = PromptGroups(pooling, classes: [0, 0, 1, 2, 2, 2, 3, 3, 4])
    let head = knowledgeHead(
      .paired, textWidth: textWidth, groups: groups, generator: &generator)
    let features = tensor([6, 10], &generator)
    let targets = Targets(labels: [0, 3, 1, 4, 2, 0], classCount: Self.classes, smoothing: 0.1)
    checkGradients(head, features: features, targets: targets)
  }

  @Test func discreteGradientsMatchFiniteDifferences() {
    var generator = SeededGenerator(seed: 4)
    let head = DiscreteObjective(width: 10, classCount: Self.classes, generator: &generator)
    let features = tensor([4, 10], &generator)
    let targets = Targets(labels: [0, 3, 1, 4], classCount: Self.classes)
    checkGradients(head, features: features, targets: targets)
  }

  @Test func theNeutralTransformationHasThePublishedSize() {
    var generator = SeededGenerator(seed: 1)
    let head = KnowledgeObjective(
      loss: KnowledgeLoss(neutralClass: 0), text: tensor([7, 512], &generator), width: 512,
      hiddenWidth: 128, generator: &generator)
    #expect(head.parameters.reduce(0) { $0 + $1.value.count } == 131_712)
    #expect(head.buffers.map(\.name) == ["method.text"])
  }

  @Test func anAdapterComesWithItsRawEmbeddings() {
    var generator = SeededGenerator(seed: 1)
    let head = knowledgeHead(.paired, textWidth: 7, generator: &generator)
    #expect(head.buffers.map(\.name) == ["method.text", "method.text_raw"])
    #expect(head.buffers[0].tensor.shape == [Self.classes, 10])
    #expect(head.parameters.first?.name == "method.text_adapter.weight")
  }

  /// Without care the losses are least where all classes' vectors are one.
  @Test(arguments: [(12, 24), (24, 12)])
  func anAdapterKeepsTheClassesApart(widths: (text: Int, visual: Int)) {
    var generator = SeededGenerator(seed: 6)
    let head = KnowledgeObjective(
      loss: KnowledgeLoss(temperature: 0.05, neutralClass: 3),
      text: tensor([Self.classes, widths.text], &generator), width: widths.visual,
      hiddenWidth: 8, generator: &generator)
    func meanCosine() -> Double {
      let rows = RowNormalisation.forward(head.buffers[0].tensor).unit
      let cosines = Matrix.product(rows, rows, transposeB: true).values.map(Double.init)
      let pairs = Double(Self.classes * (Self.classes - 1))
      return (cosines.reduce(0, +) - Double(Self.classes)) / pairs
    }
    let before = meanCosine()
    let features = tensor([20, widths.visual], &generator)
    let targets = Targets(labels: (0..<20).map { $0 % Self.classes }, classCount: Self.classes)
    for _ in 0..<200 {
      for parameter in head.parameters { parameter.zeroGradient() }
      let learned = head.evaluate(ObjectiveBatch(features: features, targets: targets))
      let varied =
        head.parameters.map { ($0.value, $0.gradient) } + [(features, learned.featureGradient)]
      for (value, gradient) in varied {
        for index in 0..<value.count { value[index] -= 0.05 * gradient[index] }
      }
    }
    // Collapsed vectors have a mean cosine near 1.
    #expect(meanCosine() < before + 0.3, "\(before) -> \(meanCosine())")
  }
}
