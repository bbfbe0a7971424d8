import Artifacts
import Networks
import Neural
import Platform
import Tensors
import Testing

@Suite struct TrainingTests {
  /// Losses of `steps` training steps of a small network and its final state.
  static func train(steps: Int, width: Double = 0.25, size: Int = 32) -> ([Double], [[Float]]) {
    var g = SeededGenerator(seed: 1)
    let net = ResNet(.resnet18, width: width, generator: &g)
    let head = Linear("fc", inputs: net.featureCount, outputs: 4, generator: &g)
    let optimiser = SGD(
      net.parameters + head.parameters, learningRate: 0.02, momentum: 0.9, weightDecay: 5e-4)
    let x = random([8, 3, size, size], seed: 2)
    var losses: [Double] = []
    for _ in 0..<steps {
      optimiser.zeroGradients()
      let logits = head.forward(net.forward(x, training: true), training: true)
      let (loss, gradient) = SoftmaxCrossEntropy.loss(logits, labels: (0..<8).map { $0 % 4 })
      _ = net.backward(head.backward(gradient), inputGradient: false)
      optimiser.step()
      losses.append(loss)
    }
    return (losses, (net.state + head.state).map { $0.tensor.values })
  }

  @Test func lossFalls() {
    let (losses, _) = Self.train(steps: 12)
    #expect(losses.allSatisfy { $0.isFinite })
    #expect((losses.last ?? 1) < losses[0] / 4)
  }

  @Test(arguments: KernelTarget.available)
  func sameBitsOnAnyNumberOfThreads(_ target: KernelTarget) {
    target.use {
      var results: [([Double], [[Float]])] = []
      for threads in 1...4 {
        let (run, helped) = ThreadPool.withOwnThreads(threads) { Self.train(steps: 2) }
        #expect((helped > 0) == (threads > 1))
        results.append(run)
      }
      for other in results.dropFirst() {
        #expect(other.0 == results[0].0)
        #expect(other.1 == results[0].1)
      }
    }
  }

  @Test func checkpointsRoundTrip() throws {
    let path = "/tmp/ferry-checkpoint-\(Files.temporaryNumber()).safetensors"
    defer { try? Files.removeTree(path) }
    var g = SeededGenerator(seed: 3)
    let net = ResNet(.resnet18, width: 0.25, prefix: "encoder.", generator: &g)
    let other = ResNet(.resnet18, width: 0.25, generator: &g)
    #expect(net.state[0].tensor.values != other.state[0].tensor.values)
    try Checkpoint.save(net.state, to: path, metadata: ["kind": "test"])
    try Checkpoint.load(path, into: other.state, prefix: "encoder.")
    for (a, b) in zip(net.state, other.state) { #expect(a.tensor.values == b.tensor.values) }
    let wider = ResNet(.resnet18, width: 0.5, generator: &g)
    #expect(throws: Fault.self) {
      try Checkpoint.load(path, into: wider.state, prefix: "encoder.")
    }
    #expect(throws: Fault.self) { try Checkpoint.load(path, into: other.state) }
  }

  @Test func optimisersResumeFromTheirState() {
    func run(_ make: ([Parameter]) -> any Optimiser, resume: Bool) -> [Float] {
      let parameter = Parameter("w", random([50], seed: 4))
      var optimiser = make([parameter])
      for step in 0..<6 {
        if resume, step == 3 {
          let next = make([parameter])
          for (new, old) in zip(next.state, optimiser.state) { new.tensor.copy(from: old.tensor) }
          optimiser = next
        }
        parameter.zeroGradient()
        parameter.addGradient { _, gradient in
          gradient.copy(from: random([50], seed: UInt64(step)))
        }
        optimiser.step()
      }
      return parameter.value.values
    }
    let makers: [([Parameter]) -> any Optimiser] = [
      { SGD($0, learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, nesterov: true) },
      { AdamW($0, learningRate: 0.1) },
    ]
    for make in makers {
      let (resumed, straight) = (run(make, resume: true), run(make, resume: false))
      #expect(resumed == straight)
    }
  }

  @Test func clippingBoundsTheNorm() {
    let parameter = Parameter("w", .zeros([3]))
    parameter.addGradient { _, gradient in
      gradient.copy(from: Tensor([3], values: [3, 0, 4]))
    }
    let optimiser = SGD([parameter], learningRate: 1)
    let loose = optimiser.clipGradients(norm: 10)
    #expect(loose == 5)
    #expect(parameter.gradient.values == [3, 0, 4])
    let tight = optimiser.clipGradients(norm: 1)
    #expect(tight == 5)
    #expect(abs(Elementwise.sumOfSquares(parameter.gradient) - 1) < 1e-5)
  }

  @Test func schedulesFollowTheirFormulas() {
    let recipe = WarmUp(epochs: 1, rate: 1e-4, then: CosineRate(2e-3, period: 50))
    #expect(recipe.rate(at: 0) == 1e-4)
    #expect(abs(recipe.rate(at: 1) - 2e-3) < 1e-12)
    #expect(abs(recipe.rate(at: 26) - 1e-3) < 1e-12)
    #expect(StepRate(1, every: 10, factor: 0.5).rate(at: 25) == 0.25)
    let restarts = WarmRestarts(1, period: 10, multiplier: 2)
    #expect(restarts.rate(at: 0) == 1)
    #expect(restarts.rate(at: 10) == 1)
    #expect(abs(restarts.rate(at: 20) - 0.5) < 1e-12)
    #expect(
      abs(WarmUp(epochs: 4, rate: 0, linear: true, then: ConstantRate(1)).rate(at: 1) - 0.25)
        < 1e-12)
  }

  @Test func crossEntropyGradient() {
    let logits = random([3, 5], seed: 6)
    let (_, gradient) = SoftmaxCrossEntropy.loss(logits, labels: [0, 4, 2], smoothing: 0.1)
    for i in 0..<15 {
      let kept = logits[i]
      func loss(_ value: Float) -> Double {
        logits[i] = value
        return SoftmaxCrossEntropy.loss(logits, labels: [0, 4, 2], smoothing: 0.1).loss
      }
      let slope = (loss(kept + 1e-2) - loss(kept - 1e-2)) / 2e-2
      logits[i] = kept
      #expect(abs(slope - Double(gradient[i])) < 1e-4)
    }
    let extreme = Tensor([1, 3], values: [1000, -1000, 0])
    #expect(SoftmaxCrossEntropy.loss(extreme, labels: [1]).loss == 2000)
  }

  @Test func cosineGradients() {
    let a = random([3, 6], seed: 7)
    let b = random([4, 6], seed: 8)
    let r = random([3, 4], seed: 9)
    func loss() -> Double {
      zip(CosineSimilarity(a, b).similarities.values, r.values).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    let similarity = CosineSimilarity(a, b)
    for (tensor, gradient) in [
      (a, similarity.backwardFirst(r)), (b, similarity.backwardSecond(r)),
    ] {
      for i in 0..<tensor.count {
        let kept = tensor[i]
        tensor[i] = kept + 1e-2
        let above = loss()
        tensor[i] = kept - 1e-2
        let below = loss()
        tensor[i] = kept
        #expect(abs((above - below) / 2e-2 - Double(gradient[i])) < 2e-3)
      }
    }
  }
}
