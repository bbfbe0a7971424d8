import Artifacts
import Methods
import Neural
import Platform
import Tensors

/// A network of given weights on given images, for scripts that compare it with its reference.
///
/// The folder has `weights.safetensors` with the network's names, and `inputs.safetensors` with `images`.
/// `ours.safetensors` receives the features at inference. With `steps`, text embeddings `text` of seven
/// classes and the neutral transformation's weights, the network is trained by the knowledge-enhanced
/// losses, on batches in turn; losses and all weights are written. Sample i of a batch has the label
/// i mod 7, and the last class is neutral.
struct Parity {
  let folder: String
  let steps: Int
  let batch: Int
  let rate: Double
  let temperature: Double

  func run(_ network: any Layer) throws {
    let weights = Files.join(folder, "weights.safetensors")
    let inputs = try SafetensorsFile(Files.join(folder, "inputs.safetensors"))
    let images = try tensor("images", inputs)
    guard steps > 0 else {
      try Checkpoint.load(weights, into: network.state)
      let features = network.forward(images, training: false)
      return try save([NamedTensor("features", features)])
    }
    var generator = SeededGenerator(seed: 1)
    let text = try tensor("text", inputs)
    let loss = KnowledgeLoss(temperature: temperature, neutralClass: text.shape[0] - 1)
    let head = KnowledgeObjective(
      loss: loss, text: text, width: text.shape[1], hiddenWidth: 128, generator: &generator)
    let state = network.state + head.parameters.map { NamedTensor($0.name, $0.value) }
    try Checkpoint.load(weights, into: state)
    let losses = train(network, head, images, classCount: text.shape[0])
    try save(
      [NamedTensor("losses", Tensor([steps], values: losses.map { Float($0) }))]
        + state.map { NamedTensor("final.\($0.name)", $0.tensor) })
  }

  private func tensor(_ name: String, _ file: SafetensorsFile) throws -> Tensor {
    let entry = try file.require(name, .float32)
    return Tensor(entry.shape, values: try file.floats(entry))
  }

  private func save(_ tensors: [NamedTensor]) throws {
    try Checkpoint.save(tensors, to: Files.join(folder, "ours.safetensors"))
  }

  private func train(
    _ network: any Layer, _ head: KnowledgeObjective, _ images: Tensor, classCount: Int
  ) -> [Double] {
    let optimiser = SGD(
      network.parameters + head.parameters, learningRate: rate, momentum: 0.9, weightDecay: 5e-4)
    let labels = (0..<batch).map { $0 % classCount }
    let (pixels, batches) = (images.count / images.shape[0], images.shape[0] / batch)
    return (0..<steps).map { step in
      let input = Tensor([batch] + images.shape.dropFirst())
      let first = step % batches * batch * pixels
      for index in 0..<input.count { input.pointer[index] = images.pointer[first + index] }
      optimiser.zeroGradients()
      let features = network.forward(input, training: true)
      let result = head.evaluate(
        ObjectiveBatch(
          features: features, targets: Targets(labels: labels, classCount: classCount)))
      _ = network.backward(result.featureGradient, inputGradient: false)
      optimiser.step()
      return result.total
    }
  }
}
