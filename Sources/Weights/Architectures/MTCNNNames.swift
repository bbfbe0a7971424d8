import Artifacts
import Platform

/// MTCNN's three networks: facenet-pytorch's names `pnet.conv1.weight`.
///
/// Three spellings are known: facenet-pytorch's, the files det1 to det3 of facenet
/// (`det2.conv5-1.weights`), and face-api.js's manifest (`rnet/fc2_1/weights`). The last two store
/// kernels as [x, y, in, out] and dense weights as [in, out]: both become [out, in, y, x] by reversing
/// the axes. The first dense layer reads the feature map as [x, y, channel] in all three.
struct MTCNNNames: NameTable {
  var marks: [String] {
    ["pnet.conv1.weight", "pnet/conv1/weights", "det1.conv1.weights", "pnet.conv1.weights"]
  }

  private static let dense: [String: [String: String]] = [
    "rnet": [
      "conv4": "dense4", "conv5-1": "dense5_1", "conv5-2": "dense5_2", "fc1": "dense4",
      "fc2_1": "dense5_1", "fc2_2": "dense5_2",
    ],
    "onet": [
      "conv5": "dense5", "conv6-1": "dense6_1", "conv6-2": "dense6_2", "conv6-3": "dense6_3",
      "fc1": "dense5", "fc2_1": "dense6_1", "fc2_2": "dense6_2", "fc2_3": "dense6_3",
    ],
    "pnet": ["conv4-1": "conv4_1", "conv4-2": "conv4_2"],
  ]

  func place(_ name: String, rank: Int) -> TensorPlace? {
    var parts = name.split(whereSeparator: { $0 == "." || $0 == "/" }).map(String.init)
    guard let network = parts.first.flatMap(Self.network) else { return nil }
    parts.removeFirst()
    if parts.count == 1, parts[0].hasSuffix("_alpha") {
      return .whole("\(network).\(parts[0].dropLast(6)).weight")
    }
    guard parts.count == 2 else { return nil }
    switch parts[1] {
    case "weight": return .whole("\(network).\(parts[0]).weight")
    case "weights":
      return .whole("\(network).\(Self.layer(parts[0], network)).weight", .reversed)
    case "bias", "biases": return .whole("\(network).\(Self.layer(parts[0], network)).bias")
    case "alpha": return .whole("\(network).\(parts[0].lowercased()).weight")
    default: return nil
    }
  }

  private static func network(_ word: String) -> String? {
    [
      "pnet": "pnet", "rnet": "rnet", "onet": "onet", "det1": "pnet", "det2": "rnet",
      "det3": "onet",
    ][
      word]
  }

  private static func layer(_ name: String, _ network: String) -> String {
    dense[network]?[name] ?? name
  }

  func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout {
    var layout = ArchitectureLayout()
    func network(
      _ name: String, kernels: [(Int, Int)], dense: (Int, Int)?, heads: [(String, Int)]
    ) {
      var inputs = 3
      for (index, kernel) in kernels.enumerated() {
        layout.addPair("\(name).conv\(index + 1)", [kernel.0, inputs, kernel.1, kernel.1])
        layout.add("\(name).prelu\(index + 1).weight", [kernel.0])
        inputs = kernel.0
      }
      if let dense {
        let level = kernels.count + 1
        layout.addPair("\(name).dense\(level)", [dense.1, dense.0])
        layout.add("\(name).prelu\(level).weight", [dense.1])
        inputs = dense.1
      }
      for (head, outputs) in heads {
        layout.addPair(
          "\(name).\(head)", dense == nil ? [outputs, inputs, 1, 1] : [outputs, inputs])
      }
    }
    network(
      "pnet", kernels: [(10, 3), (16, 3), (32, 3)], dense: nil,
      heads: [("conv4_1", 2), ("conv4_2", 4)])
    network(
      "rnet", kernels: [(28, 3), (48, 3), (64, 2)], dense: (576, 128),
      heads: [("dense5_1", 2), ("dense5_2", 4)])
    network(
      "onet", kernels: [(32, 3), (64, 3), (64, 3), (128, 2)], dense: (1152, 256),
      heads: [("dense6_1", 2), ("dense6_2", 4), ("dense6_3", 10)])
    layout.configuration = ["networks": ["pnet", "rnet", "onet"]]
    return layout
  }
}
