import Artifacts
import Methods
import Neural
import Platform
import Tensors
import Testing

/// Every option of the losses beside PyTorch: twenty steps of gradient descent on vectors and
/// weights, and the first step's gradients (Tests/Golden/method_losses.py).
@Suite struct MethodGoldenTests {
  static let file = Result {
    try SafetensorsFile(
      Files.join(Files.parent(of: #filePath), "Golden/method_losses.safetensors"))
  }
  /// Single precision against double at temperature 0.01, which multiplies the rounding of cosines
  /// (6e-8) by 100; twenty steps may add up.
  static let tolerance = 1e-4

  static func cases() throws -> [String: JSONValue] {
    let text = try #require(try file.get().metadata["cases"])
    return try #require(try JSONValue.parse(text).object)
  }

  func load(_ name: String) throws -> Tensor {
    let file = try Self.file.get()
    let entry = try #require(file[name], "\(name)")
    return Tensor(entry.shape, values: try file.floats(entry))
  }

  func targets(_ option: JSONValue) throws -> Targets {
    let smoothing = try #require(option["smoothing"]?.number)
    if option["soft"]?.bool == true {
      return Targets(
        soft: try load("soft").values.map(Double.init), classCount: 7, smoothing: smoothing)
    }
    let file = try Self.file.get()
    return Targets(
      labels: file.integers(try #require(file["labels"])), classCount: 7, smoothing: smoothing)
  }

  /// The head with the script's weights, and the script's names of them in order.
  func head(_ option: JSONValue, width: Int) throws -> (any Objective, [String]) {
    var generator = SeededGenerator(seed: 0)
    if option["discrete"]?.bool == true {
      return (DiscreteObjective(width: width, classCount: 7, generator: &generator), ["w", "b"])
    }
    let weights = try #require(option["weights"]?.numbers)
    let contrast = try #require(
      KnowledgeLoss.SelfContrast(rawValue: option["contrast"]?.string ?? ""))
    let loss = KnowledgeLoss(
      weights: .init(
        similarity: weights[0], transformation: weights[1], selfContrast: weights[2]),
      selfContrast: contrast, margin: try #require(option["margin"]?.number),
      temperature: try #require(option["temperature"]?.number), neutralClass: 6)
    let hasAdapter = option["adapter"]?.bool == true
    let head = KnowledgeObjective(
      loss: loss, text: try load(hasAdapter ? "narrow" : "text"), width: width, hiddenWidth: 8,
      generator: &generator)
    return (
      head,
      (hasAdapter ? ["aw", "ab"] : []) + (loss.weights.needNeutral ? ["w1", "b1", "w2", "b2"] : [])
    )
  }

  @Test func everyOptionIsHere() throws {
    let cases = try Self.cases()
    #expect(cases.count == 15)
    for contrast in KnowledgeLoss.SelfContrast.allCases {
      #expect(cases.values.contains { $0["contrast"]?.string == contrast.rawValue })
    }
  }

  @Test(arguments: try cases().keys.sorted())
  func twentyStepsFollowPyTorch(name: String) throws {
    let option = try #require(try Self.cases()[name])
    let features = try load("v")
    let (head, names) = try head(option, width: features.shape[1])
    #expect(head.parameters.count == names.count)
    for (parameter, name) in zip(head.parameters, names) {
      parameter.value.copy(from: try load(name))
    }
    let targets = try targets(option)
    let trace = try load("\(name).trace")
    for step in 0..<trace.shape[0] {
      for parameter in head.parameters { parameter.zeroGradient() }
      let learned = head.evaluate(ObjectiveBatch(features: features, targets: targets))
      check(learned, trace, step: step)
      let varied =
        [(features, learned.featureGradient)] + head.parameters.map { ($0.value, $0.gradient) }
      for (part, (value, gradient)) in zip(["v"] + names, varied) {
        if step == 0 { check(gradient, try load("\(name).\(part)"), part) }
        for index in 0..<value.count { value[index] -= 0.05 * gradient[index] }
      }
    }
  }

  /// The terms that are switched off are not computed here, and have no weight there.
  func check(_ value: ObjectiveValue, _ trace: Tensor, step: Int) {
    let terms = [value.total] + value.terms
    let columns = trace.shape[1]
    for (column, term) in terms.prefix(columns).enumerated() {
      guard let term else { continue }
      let expected = Double(trace[step * columns + column])
      #expect(
        abs(term - expected) / max(abs(expected), 1) < Self.tolerance,
        "step \(step) column \(column): \(term), not \(expected)")
    }
  }

  func check(_ gradient: Tensor, _ expected: Tensor, _ part: String) {
    let scale = expected.values.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(expected.values, gradient.values) {
      #expect(abs(a - b) <= Float(Self.tolerance) * scale, "gradient of \(part)")
    }
  }
}
