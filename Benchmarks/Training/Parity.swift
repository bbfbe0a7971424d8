import Artifacts
import Neural
import Platform
import Tensors

/// A network of given weights on given images, for scripts that compare it with its reference.
///
/// The folder has `weights.safetensors` with the network's names and a classifier's `fc`, and
/// `inputs.safetensors` with `images`. `ours.safetensors` receives the features at inference, and
/// after `steps` steps the losses and all weights; sample i has the label i mod 7.
struct Parity {
  let folder: String
  let steps: Int

  func run(_ network: any Layer, _ head: Linear) throws {
    let state = network.state + head.state
    try Checkpoint.load(Files.join(folder, "weights.safetensors"), into: state)
    let inputs = try SafetensorsFile(Files.join(folder, "inputs.safetensors"))
    let entry = try inputs.require("images", .float32)
    let images = Tensor(entry.shape, values: try inputs.floats(entry))
    var out = [NamedTensor("features", network.forward(images, training: false))]
    if steps > 0 {
      let losses = try train(network, head, images)
      out.append(NamedTensor("losses", Tensor([steps], values: losses.map { Float($0) })))
      out += state.map { NamedTensor("final.\($0.name)", $0.tensor) }
    }
    try Checkpoint.save(out, to: Files.join(folder, "ours.safetensors"))
  }

  private func train(_ network: any Layer, _ head: Linear, _ images: Tensor) throws -> [Double] {
    let optimiser = SGD(
      network.parameters + head.parameters, learningRate: 0.005, momentum: 0.9, weightDecay: 5e-4)
    let labels = (0..<images.shape[0]).map { $0 % 7 }
    return (0..<steps).map { _ in
      optimiser.zeroGradients()
      let logits = head.forward(network.forward(images, training: true), training: true)
      let (loss, gradient) = SoftmaxCrossEntropy.loss(logits, labels: labels)
      _ = network.backward(head.backward(gradient), inputGradient: false)
      optimiser.step()
      return loss
    }
  }
}
