import Artifacts
import Neural
import Platform
import Tensors
import Testing

/// Optimisers and schedules against PyTorch in double precision; Tests/Golden/optimisation.py makes
/// the file.
@Suite struct OptimisationTests {
  static let steps = 20
  /// Each of twenty steps rounds a weight near 1 by 6e-8, and its velocity as often; PyTorch in single
  /// precision is up to 5e-7 from double.
  static let tolerance = 1e-6
  /// The file holds the rates in single precision.
  static let rateTolerance = 2e-7

  struct Case: CustomTestStringConvertible {
    var name: String
    var make: @Sendable ([Parameter]) -> any Optimiser
    var grouped = false
    var clip: Double?
    var parts = 1
    var average: Double?
    var testDescription: String { name }
  }

  static let momentum: @Sendable ([Parameter]) -> any Optimiser = {
    SGD($0, learningRate: 0.05, momentum: 0.9)
  }

  static let cases = [
    Case(name: "sgd") { SGD($0, learningRate: 0.05) },
    Case(name: "momentum") {
      SGD($0, learningRate: 0.05, momentum: 0.9, weightDecay: 0.01)
    },
    Case(name: "nesterov") {
      SGD($0, learningRate: 0.05, momentum: 0.9, weightDecay: 0.01, nesterov: true)
    },
    Case(name: "adamw") { AdamW($0, learningRate: 0.05, weightDecay: 0.1) },
    Case(
      name: "sgd-groups",
      make: { SGD($0, learningRate: 0.05, momentum: 0.9, weightDecay: 0.01) }, grouped: true),
    Case(
      name: "adamw-groups", make: { AdamW($0, learningRate: 0.05, weightDecay: 0.1) },
      grouped: true),
    Case(name: "clipped", make: momentum, clip: 1.5),
    Case(name: "accumulated", make: momentum, parts: 3),
    Case(name: "averaged", make: momentum, average: 0.9),
  ]

  @Test(arguments: cases)
  func twentyStepsFollowPyTorch(_ test: Case) throws {
    let golden = try SafetensorsFile(GoldenTests.path("optimisation"))
    let pair = [Parameter("weight", Tensor([6, 5])), Parameter("bias", Tensor([7]))]
    for (stream, parameter) in pair.enumerated() {
      GoldenTests.drawn(parameter.value, stream: UInt64(stream), bound: 1)
    }
    if test.grouped {
      pair[1].learningRateFactor = 0.1
      pair[1].decays = false
    }
    let optimiser = test.make(pair)
    let average = test.average.map {
      ExponentialAverage(of: pair.map { NamedTensor($0.name, $0.value) }, decay: $0)
    }
    for step in 0..<Self.steps {
      optimiser.zeroGradients()
      for part in 0..<test.parts { Self.addGradients(pair, step: step, part: part) }
      if test.parts > 1 {
        for parameter in pair {
          Elementwise.multiply(parameter.gradient, by: 1 / Float(test.parts))
        }
      }
      if let clip = test.clip { optimiser.clipGradients(norm: clip) }
      optimiser.step()
      average?.update()
    }
    let final = average?.averages ?? pair.map { NamedTensor($0.name, $0.value) }
    for named in final {
      let entry = try golden.require("\(test.name).\(named.name)", .float32)
      let error = GoldenTests.relativeError(named.tensor.values, try golden.floats(entry))
      #expect(error < Self.tolerance, "\(named.name): \(error)")
    }
  }

  /// The running products have the bits of products made anew at every step, also after a state of more
  /// or of fewer steps is restored.
  @Test func adamWsRunningProductsKeepTheBits() throws {
    let betas = (0.9, 0.999)
    let parameter = Parameter("w", Tensor([33]))
    GoldenTests.drawn(parameter.value, stream: 1, bound: 1)
    let twin = parameter.value.copy()
    let (first, second) = (Tensor.zeros([33]), Tensor.zeros([33]))
    let optimiser = AdamW([parameter], learningRate: 0.05, betas: betas, weightDecay: 0.1)
    let steps = try #require(optimiser.state.first { $0.name == "steps" }?.tensor)
    // At these turns the state is that of another run, with so many steps.
    let jumps = [20: 400, 40: 3]
    for turn in 0..<60 {
      if let jump = jumps[turn] { steps[0] = Float(jump) }
      parameter.zeroGradient()
      parameter.addGradient { _, gradient in
        GoldenTests.drawn(gradient, stream: UInt64(100 + turn), bound: 1)
      }
      var powers = (1.0, 1.0)
      for _ in 0..<Int(steps[0]) + 1 {
        powers.0 *= betas.0
        powers.1 *= betas.1
      }
      Update.adamW(
        twin, gradient: parameter.gradient, first: first, second: second, rate: 0.05, betas: betas,
        epsilon: 1e-8, decay: 0.1, powers: powers)
      optimiser.step()
      #expect(parameter.value.values == twin.values, "turn \(turn)")
    }
  }

  /// g = drawn + w / 2, on top of the parts before.
  private static func addGradients(_ pair: [Parameter], step: Int, part: Int) {
    for (index, parameter) in pair.enumerated() {
      let drawn = Tensor(parameter.value.shape)
      GoldenTests.drawn(drawn, stream: UInt64(100 + 10 * step + 2 * part + index), bound: 1)
      parameter.addGradient { accumulate, gradient in
        for i in 0..<gradient.count {
          let term = drawn[i] + parameter.value[i] / 2
          gradient[i] = accumulate ? gradient[i] + term : term
        }
      }
    }
  }

  static let schedules: [(name: String, schedule: any Schedule)] = {
    let cosine = CosineRate(0.02, period: 20, final: 0.001)
    return [
      ("constant", ConstantRate(0.02)),
      ("linear", LinearRate(0.02, period: 20, final: 0.001)),
      ("cosine", cosine),
      ("step", StepRate(0.02, every: 7, factor: 0.3)),
      ("warm-restarts", WarmRestarts(0.02, period: 5, multiplier: 2, final: 0.001)),
      ("constant-warmup", WarmUp(epochs: 4, rate: 0.001, then: cosine)),
      ("linear-warmup", WarmUp(epochs: 4, rate: 0.001, linear: true, then: cosine)),
      ("one-cycle-10", OneCycleRate(0.02, steps: 10)),
      ("one-cycle-7", OneCycleRate(0.02, steps: 7)),
      ("one-cycle-64", OneCycleRate(0.02, steps: 64)),
      ("one-cycle-wide", OneCycleRate(0.02, steps: 30, rise: 0.4, start: 10, end: 100)),
    ]
  }()

  @Test func schedulesFollowPyTorch() throws {
    let golden = try SafetensorsFile(GoldenTests.path("optimisation"))
    for (name, schedule) in Self.schedules {
      let expected = try golden.floats(golden.require("rates.\(name)", .float32))
      #expect(expected.count >= 5)
      for (time, rate) in expected.enumerated() {
        let own = schedule.rate(at: Double(time))
        #expect(
          abs(own - Double(rate)) <= Self.rateTolerance * max(own, Double(rate)),
          "\(name) at \(time): \(own), \(rate)")
      }
    }
  }
}
