import ONNX
import Platform

/// Swin Transformers, as timm names them; the face network has two dense layers more at its end.
struct SwinExport: EncoderExport {
  let classifierName: String
  private let isFace: Bool

  init(isFace: Bool) {
    self.isFace = isFace
    classifierName = isFace ? "output" : "head.fc"
  }

  func build(
    _ source: ExportSource, _ pixels: String, into graph: inout ONNXGraph
  ) throws -> String {
    let (kernel, values) = try source.tensor("encoder.patch_embed.proj.weight")
    let side = source.imageSize
    guard kernel.count == 4, kernel[2] > 0, side % kernel[2] == 0 else {
      throw Fault(
        .badInput, "pictures of \(side) px do not divide into the network's patches",
        at: .init(source.tensors.path))
    }
    var builder = Builder(source: source, graph: graph)
    var x = try builder.patches(pixels, kernel, values)
    var (grid, width) = (side / kernel[2], kernel[0])
    var stage = 0
    while source.has("encoder.layers.\(stage).blocks.0.norm1.weight") {
      if stage > 0 {
        x = try builder.merge(x, "layers.\(stage).downsample", grid: grid, width: width)
        (grid, width) = (grid / 2, 2 * width)
      }
      var block = 0
      while source.has("encoder.layers.\(stage).blocks.\(block).norm1.weight") {
        x = try builder.block(
          x, "layers.\(stage).blocks.\(block)", grid: grid, width: width, isOdd: block % 2 == 1)
        block += 1
      }
      stage += 1
    }
    x = try builder.norm(x, "norm")
    x = builder.graph.node(
      "ReduceMean", [x], ["axes": .integers([1, 2]), "keepdims": .integer(0)])
    if isFace { x = try builder.faceFeatures(x) }
    graph = builder.graph
    return x
  }

  /// Tokens are `[N, grid, grid, width]`.
  private struct Builder: TokenOperators {
    let source: ExportSource
    var graph: ONNXGraph
    let prefix = ""

    init(source: ExportSource, graph: ONNXGraph) {
      self.source = source
      self.graph = graph
    }

    mutating func patches(
      _ pixels: String, _ kernel: [Int], _ values: [Float]
    ) throws -> String {
      let weight = graph.weight("patch_embed.proj.weight", kernel, values)
      let bias = try source.weight("patch_embed.proj.bias", into: &graph)
      let size = [kernel[2], kernel[3]]
      let cells = graph.node(
        "Conv", [pixels, weight, bias],
        ["kernel_shape": .integers(size), "strides": .integers(size)])
      return try norm(transpose(cells, [0, 2, 3, 1]), "patch_embed.norm")
    }

    /// Four neighbours, down first and then to the right, become one token.
    mutating func merge(_ x: String, _ name: String, grid: Int, width: Int) throws -> String {
      let half = grid / 2
      let pairs = reshape(x, [-1, half, 2, half, 2, width])
      let joined = reshape(transpose(pairs, [0, 1, 3, 4, 2, 5]), [-1, half, half, 4 * width])
      return try dense(try norm(joined, "\(name).norm"), "\(name).reduction.weight", nil)
    }

    mutating func block(
      _ x: String, _ name: String, grid: Int, width: Int, isOdd: Bool
    ) throws -> String {
      let (rows, table) = try source.tensor("encoder.\(name).attn.relative_position_bias_table")
      let side = (Int(Double(rows[0]).squareRoot()) + 1) / 2
      let windows = SwinWindows(
        grid: grid, side: side, shift: isOdd && grid > side ? side / 2 : 0, heads: rows[1])
      var y = try norm(x, "\(name).norm1")
      y = roll(y, by: windows.shift, grid)
      let (count, tokens) = (grid / side, side * side)
      y = transpose(reshape(y, [-1, count, side, count, side, width]), [0, 1, 3, 2, 4, 5])
      y = try attention(reshape(y, [-1, tokens, width]), name, windows, table, width: width)
      y = transpose(reshape(y, [-1, count, count, side, side, width]), [0, 1, 3, 2, 4, 5])
      y = roll(reshape(y, [-1, grid, grid, width]), by: (grid - windows.shift) % grid, grid)
      let middle = graph.node("Add", [x, y])
      y = try norm(middle, "\(name).norm2")
      y = gelu(try dense(y, "\(name).mlp.fc1.weight", "\(name).mlp.fc1.bias"), name)
      y = try dense(y, "\(name).mlp.fc2.weight", "\(name).mlp.fc2.bias")
      return graph.node("Add", [middle, y])
    }

    /// Moves rows and columns up and left by `shift`, those that fall off to the other side.
    private mutating func roll(_ x: String, by shift: Int, _ grid: Int) -> String {
      guard shift > 0 else { return x }
      var x = x
      for axis in [1, 2] {
        let parts = [(shift, grid), (0, shift)].enumerated().map { index, range in
          let limits = [range.0, range.1, axis].enumerated().map {
            graph.weight("roll.\(axis).\(index).\($0.offset).\(x)", integers: [$0.element])
          }
          return graph.node("Slice", [x] + limits)
        }
        x = graph.node("Concat", parts, ["axis": .integer(axis)])
      }
      return x
    }

    private mutating func attention(
      _ x: String, _ name: String, _ windows: SwinWindows, _ table: [Float], width: Int
    ) throws -> String {
      let (heads, tokens) = (windows.heads, windows.side * windows.side)
      let headWidth = width / heads
      let turns = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]]
      var parts: [String] = []
      for third in 0..<3 {
        let part = try dense(
          x, "\(name).attn.qkv.weight", "\(name).attn.qkv.bias", third: third)
        parts.append(transpose(reshape(part, [-1, tokens, heads, headWidth]), turns[third]))
      }
      let scale = graph.weight("\(name).scale", [1], [1 / Float(headWidth).squareRoot()])
      var scores = graph.node("Mul", [graph.node("MatMul", [parts[0], parts[1]]), scale])
      scores = graph.node(
        "Add",
        [scores, graph.weight("\(name).bias", [1, heads, tokens, tokens], windows.spread(table))])
      if windows.shift > 0 {
        let count = windows.count * windows.count
        let mask = graph.weight("\(name).mask", [1, count, 1, tokens, tokens], windows.mask)
        let apart = graph.node("Add", [reshape(scores, [-1, count, heads, tokens, tokens]), mask])
        scores = reshape(apart, [-1, heads, tokens, tokens])
      }
      let weights = graph.node("Softmax", [scores], ["axis": .integer(-1)])
      let mixed = transpose(graph.node("MatMul", [weights, parts[2]]), [0, 2, 1, 3])
      return try dense(
        reshape(mixed, [-1, tokens, width]), "\(name).attn.proj.weight", "\(name).attn.proj.bias")
    }

    /// x (1 + erf(x / sqrt 2)) / 2.
    private mutating func gelu(_ x: String, _ name: String) -> String {
      let root = graph.weight("\(name).gelu.root", [1], [Float(0.5).squareRoot()])
      let one = graph.weight("\(name).gelu.one", [1], [1])
      let half = graph.weight("\(name).gelu.half", [1], [0.5])
      let gate = graph.node(
        "Add", [graph.node("Erf", [graph.node("Mul", [x, root])]), one])
      return graph.node("Mul", [graph.node("Mul", [x, half]), gate])
    }

    /// Two dense layers without bias, each with a normalisation by stored statistics.
    mutating func faceFeatures(_ x: String) throws -> String {
      var x = x
      for layer in [0, 2] {
        var inputs = [try dense(x, "feature.\(layer).weight", nil)]
        for part in ["weight", "bias", "running_mean", "running_var"] {
          inputs.append(try source.weight("feature.\(layer + 1).\(part)", into: &graph))
        }
        x = graph.node("BatchNormalization", inputs, ["epsilon": .float(2e-5)])
      }
      return x
    }
  }
}

/// How a grid of tokens is cut into windows, and what the windows add to the scores.
private struct SwinWindows {
  let grid: Int
  /// Tokens along a window's side.
  let side: Int
  let shift: Int
  let heads: Int

  /// Windows along the grid's side.
  var count: Int { grid / side }

  /// The table of relative positions spread over pairs of tokens: `[heads, tokens, tokens]`.
  func spread(_ table: [Float]) -> [Float] {
    let (tokens, span) = (0..<side * side, 2 * side - 1)
    var values: [Float] = []
    for head in 0..<heads {
      for i in tokens {
        for j in tokens {
          let row = (i / side - j / side + side - 1) * span + i % side - j % side + side - 1
          values.append(table[row * heads + head])
        }
      }
    }
    return values
  }

  /// Far below every score: such a pair gets no weight.
  private static let apart: Float = -1e4

  /// `[windows, tokens, tokens]`: keeps tokens apart that only the shift made neighbours.
  var mask: [Float] {
    func band(_ place: Int) -> Int { place < grid - side ? 0 : place < grid - shift ? 1 : 2 }
    var values: [Float] = []
    for window in 0..<count * count {
      let regions = (0..<side * side).map { token in
        3 * band(window / count * side + token / side) + band(window % count * side + token % side)
      }
      for i in regions {
        for j in regions { values.append(i == j ? 0 : Self.apart) }
      }
    }
    return values
  }
}
