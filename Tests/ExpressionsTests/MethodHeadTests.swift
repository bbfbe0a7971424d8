import Artifacts
import Expressions
import Neural
import Platform
import Tensors
import Testing

/// The methods' heads: gradients of features and weights, and twenty steps beside PyTorch.
@Suite struct MethodHeadTests {
  static let classes = 5

  func tensor(_ shape: [Int], _ generator: inout SeededGenerator) -> Tensor {
    Tensor(shape, values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) })
  }

  func knowledgeHead(
    _ selfContrast: KnowledgeLoss.SelfContrast, textWidth: Int, generator: inout SeededGenerator
  ) -> KnowledgeHead {
    let loss = KnowledgeLoss(selfContrast: selfContrast, temperature: 0.5, neutralClass: 3)
    return KnowledgeHead(
      loss: loss, text: tensor([Self.classes, textWidth], &generator), width: 10, hiddenWidth: 6,
      generator: &generator)
  }

  /// Step of the central differences: single-precision layers round at 6e-8 relative, so that a
  /// loss of about 4 is noisy by 2e-7 or so; over twice this step that is 1e-4.
  static let step: Float = 1e-3
  /// Ten times the noise above.
  static let slopeTolerance = 1e-3

  func checkGradients(_ head: any MethodHead, features: Tensor, targets: Targets) {
    for parameter in head.parameters { parameter.zeroGradient() }
    let learned = head.learn(features, targets)
    let gradients = head.parameters.map { $0.gradient.values }
    var worst = worstSlopeError(features, learned.gradient.values, head, features, targets)
    #expect(worst < Self.slopeTolerance, "features: \(worst)")
    for (parameter, gradient) in zip(head.parameters, gradients) {
      worst = worstSlopeError(parameter.value, gradient, head, features, targets)
      #expect(worst < Self.slopeTolerance, "\(parameter.name): \(worst)")
    }
  }

  func worstSlopeError(
    _ varied: Tensor, _ gradient: [Float], _ head: any MethodHead, _ features: Tensor,
    _ targets: Targets
  ) -> Double {
    var worst = 0.0
    for index in gradient.indices {
      let kept = varied[index]
      varied[index] = kept + Self.step
      let up = head.learn(features, targets).losses.total
      varied[index] = kept - Self.step
      let down = head.learn(features, targets).losses.total
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

  @Test func discreteGradientsMatchFiniteDifferences() {
    var generator = SeededGenerator(seed: 4)
    let head = DiscreteHead(width: 10, classCount: Self.classes, generator: &generator)
    let features = tensor([4, 10], &generator)
    let targets = Targets(labels: [0, 3, 1, 4], classCount: Self.classes)
    checkGradients(head, features: features, targets: targets)
  }

  @Test func theNeutralTransformationHasThePublishedSize() {
    var generator = SeededGenerator(seed: 1)
    let head = KnowledgeHead(
      loss: KnowledgeLoss(neutralClass: 0), text: tensor([7, 512], &generator), width: 512,
      hiddenWidth: 128, generator: &generator)
    #expect(head.parameters.reduce(0) { $0 + $1.value.count } == 131_712)
    #expect(head.constants.map(\.name) == ["method.text"])
  }

  @Test func anAdapterComesWithItsRawEmbeddings() {
    var generator = SeededGenerator(seed: 1)
    let head = knowledgeHead(.paired, textWidth: 7, generator: &generator)
    #expect(head.constants.map(\.name) == ["method.text", "method.text_raw"])
    #expect(head.constants[0].tensor.shape == [Self.classes, 10])
    #expect(head.parameters.first?.name == "method.text_adapter.weight")
  }

  /// Single precision against double over twenty steps at temperature 0.01, which multiplies the
  /// rounding of cosines by 100.
  static let traceTolerance = 1e-4

  @Test(arguments: KnowledgeLoss.SelfContrast.allCases)
  func twentyStepsFollowPyTorch(selfContrast: KnowledgeLoss.SelfContrast) throws {
    let file = try SafetensorsFile(
      Files.join(Files.parent(of: #filePath), "Golden/method_losses.safetensors"))
    func load(_ name: String) throws -> Tensor {
      let entry = try #require(file[name])
      return Tensor(entry.shape, values: try file.floats(entry))
    }
    let labels = file.integers(try #require(file["labels"]))
    let features = try load("v")
    var generator = SeededGenerator(seed: 0)
    let head = KnowledgeHead(
      loss: KnowledgeLoss(selfContrast: selfContrast, neutralClass: 6), text: try load("text"),
      width: features.shape[1], hiddenWidth: 8, generator: &generator)
    let names = ["w1", "b1", "w2", "b2"]
    for (parameter, name) in zip(head.parameters, names) {
      parameter.value.copy(from: try load(name))
    }
    let trace = try load("\(selfContrast.rawValue).trace")
    for step in 0..<trace.shape[0] {
      for parameter in head.parameters { parameter.zeroGradient() }
      let learned = head.learn(features, Targets(labels: labels, classCount: 7))
      let losses = learned.losses
      let terms = [losses.total, losses.similarity, losses.transformation, losses.selfContrast]
      for (column, term) in terms.enumerated() {
        let expected = Double(trace[step * 4 + column])
        let error = abs((term ?? .nan) - expected) / max(abs(expected), 1)
        #expect(error < Self.traceTolerance, "step \(step) column \(column)")
      }
      let varied = [(features, learned.gradient)] + head.parameters.map { ($0.value, $0.gradient) }
      for (name, (value, gradient)) in zip(["v"] + names, varied) {
        if step == 0 {
          let expected = try load("\(selfContrast.rawValue).\(name)")
          let scale = expected.values.reduce(0) { max($0, abs($1)) }
          for (a, b) in zip(expected.values, gradient.values) {
            #expect(abs(a - b) <= Float(Self.traceTolerance) * scale, "gradient of \(name)")
          }
        }
        for index in 0..<value.count { value[index] -= 0.05 * gradient[index] }
      }
    }
  }
}
