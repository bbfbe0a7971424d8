import Artifacts
import Platform
import Weights

/// Residual networks (He et al. 2016): torchvision's names, without the classifier.
///
/// Also as `torch.nn.Sequential(*children)`, which counts the parts instead of naming them: 0 is the
/// first convolution, 1 its normalisation, 2 and 3 have no weights, 4 to 7 are the stages.
struct ResNetNames: NameTable {
  /// Blocks in each stage.
  let depths: [Int]
  let isBottleneck: Bool

  let colours: String? = "conv1.weight"

  var marks: [String] { ["conv1.weight", "4.0.conv1.weight"] }

  func place(_ name: String, rank: Int) -> TensorPlace? {
    if name.hasSuffix(".num_batches_tracked") { return .unused("a count of training batches") }
    if name == "feature.weight" || name == "feature.bias" {
      return .unused("a layer between the features and the classifier")
    }
    if name == "fc.weight" || name == "fc.bias" { return .unused("the classifier") }
    let parts = name.split(separator: ".", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    let part = Self.counted[parts[0]] ?? String(parts[0])
    guard part == "conv1" || part == "bn1" || part.hasPrefix("layer") else { return nil }
    return .whole("\(part).\(parts[1])")
  }

  private static let counted: [Substring: String] = [
    "0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4",
  ]

  func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout {
    var layout = ArchitectureLayout()
    let stem = shapes["conv1.weight"] ?? [64, 3, 7, 7]
    let base = stem.first ?? 64
    let channels = stem.count == 4 ? stem[1] : 3
    layout.add("conv1.weight", [base, channels, 7, 7])
    layout.addNorm("bn1", base)
    var inputs = base
    for (stage, count) in depths.enumerated() {
      // A network of another width keeps its own stages' channels.
      let own = shapes["layer\(stage + 1).0.conv1.weight"]?.first
      let width = own ?? base << stage
      for block in 0..<count {
        inputs = addBlock(
          "layer\(stage + 1).\(block)", inputs: inputs, width: width,
          stride: stage > 0 && block == 0 ? 2 : 1, &layout)
      }
    }
    layout.configuration = [
      "depths": JSONValue(depths), "block": .string(isBottleneck ? "bottleneck" : "basic"),
      "base_channels": .integer(base), "input_channels": .integer(channels),
      "features": .integer(inputs),
    ]
    return layout
  }

  /// Adds a block's tensors and returns its output channels.
  private func addBlock(
    _ name: String, inputs: Int, width: Int, stride: Int, _ layout: inout ArchitectureLayout
  ) -> Int {
    let outputs = isBottleneck ? width * 4 : width
    let kernels =
      isBottleneck
      ? [(width, inputs, 1), (width, width, 3), (outputs, width, 1)]
      : [(width, inputs, 3), (width, width, 3)]
    for (index, kernel) in kernels.enumerated() {
      layout.add("\(name).conv\(index + 1).weight", [kernel.0, kernel.1, kernel.2, kernel.2])
      layout.addNorm("\(name).bn\(index + 1)", kernel.0)
    }
    if stride != 1 || inputs != outputs {
      layout.add("\(name).downsample.0.weight", [outputs, inputs, 1, 1])
      layout.addNorm("\(name).downsample.1", outputs)
    }
    return outputs
  }
}
