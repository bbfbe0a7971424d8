import ONNX
import Platform

/// Residual networks with basic or bottleneck blocks, as torchvision and timm name them.
struct ResNetExport: EncoderExport {
  let classifierName = "fc"

  func build(
    _ source: ExportSource, _ pixels: String, into graph: inout ONNXGraph
  ) throws -> String {
    var builder = Builder(source: source, graph: graph)
    var x = try builder.unit(pixels, "conv1", "bn1", kernel: 7, stride: 2, relu: true)
    x = builder.graph.node(
      "MaxPool", [x],
      [
        "kernel_shape": .integers([3, 3]), "strides": .integers([2, 2]),
        "pads": .integers([1, 1, 1, 1]),
      ])
    for stage in 1...4 {
      var block = 0
      while source.has("encoder.layer\(stage).\(block).conv1.weight") {
        x = try builder.block(
          x, "layer\(stage).\(block)", stride: stage > 1 && block == 0 ? 2 : 1)
        block += 1
      }
    }
    x = builder.graph.node("GlobalAveragePool", [x])
    x = builder.graph.node("Flatten", [x], ["axis": .integer(1)])
    graph = builder.graph
    return x
  }

  private struct Builder {
    let source: ExportSource
    var graph: ONNXGraph

    /// Convolution, normalisation by the stored statistics and, where asked for, max(0, x).
    mutating func unit(
      _ x: String, _ convolution: String, _ norm: String, kernel: Int, stride: Int, relu: Bool
    ) throws -> String {
      let pad = kernel / 2
      var y = graph.node(
        "Conv", [x, try source.weight("\(convolution).weight", into: &graph)],
        [
          "kernel_shape": .integers([kernel, kernel]), "strides": .integers([stride, stride]),
          "pads": .integers([pad, pad, pad, pad]),
        ])
      var inputs = [y]
      for part in ["weight", "bias", "running_mean", "running_var"] {
        inputs.append(try source.weight("\(norm).\(part)", into: &graph))
      }
      y = graph.node("BatchNormalization", inputs, ["epsilon": .float(1e-5)])
      return relu ? graph.node("Relu", [y]) : y
    }

    mutating func block(_ x: String, _ name: String, stride: Int) throws -> String {
      let isBottleneck = source.has("encoder.\(name).conv3.weight")
      var y = try unit(
        x, "\(name).conv1", "\(name).bn1", kernel: isBottleneck ? 1 : 3,
        stride: isBottleneck ? 1 : stride, relu: true)
      y = try unit(
        y, "\(name).conv2", "\(name).bn2", kernel: 3, stride: isBottleneck ? stride : 1,
        relu: isBottleneck)
      if isBottleneck {
        y = try unit(y, "\(name).conv3", "\(name).bn3", kernel: 1, stride: 1, relu: false)
      }
      var around = x
      if source.has("encoder.\(name).downsample.0.weight") {
        around = try unit(
          x, "\(name).downsample.0", "\(name).downsample.1", kernel: 1, stride: stride, relu: false)
      }
      return graph.node("Relu", [graph.node("Add", [y, around])])
    }
  }
}
