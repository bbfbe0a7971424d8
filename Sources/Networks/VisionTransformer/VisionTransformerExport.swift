import ONNX
import Platform

/// CLIP's image towers: OpenAI's names inside, timm's outside.
struct VisionTransformerExport: EncoderExport {
  let classifierName = "head"
  /// timm's networks end in one dense layer, which takes the tower's projection in too.
  let foldsProjection: String? = "encoder.visual.proj"

  private static let headWidth = 64

  func ecosystemName(_ name: String) -> String {
    let parts: [(String, String)] = [
      ("transformer.resblocks.", "blocks."), ("attn.in_proj_", "attn.qkv."),
      ("attn.out_proj.", "attn.proj."), ("ln_1.", "norm1."), ("ln_2.", "norm2."),
      ("mlp.c_fc.", "mlp.fc1."), ("mlp.c_proj.", "mlp.fc2."), ("ln_pre.", "norm_pre."),
      ("ln_post.", "norm."), ("class_embedding", "cls_token"),
      ("positional_embedding", "pos_embed"),
    ]
    let bare = name.replacing("visual.", with: "", maxReplacements: 1)
    if bare == "conv1.weight" { return "patch_embed.proj.weight" }
    return parts.reduce(bare) { $0.replacing($1.0, with: $1.1) }
  }

  func ecosystemShape(_ name: String, _ shape: [Int]) -> [Int] {
    switch name {
    case "visual.class_embedding": [1, 1] + shape
    case "visual.positional_embedding": [1] + shape
    default: shape
    }
  }

  func build(
    _ source: ExportSource, _ pixels: String, into graph: inout ONNXGraph
  ) throws -> String {
    let (kernel, patches) = try source.tensor("encoder.visual.conv1.weight")
    let (places, positions) = try source.tensor("encoder.visual.positional_embedding")
    let side = source.imageSize
    guard kernel.count == 4, places.count == 2, kernel[0] % Self.headWidth == 0,
      (side / kernel[2]) * (side / kernel[2]) + 1 == places[0]
    else {
      throw Fault(
        .badInput, "a vision transformer is exported at the size of its position table only",
        at: .init(source.tensors.path),
        remedy: "train it at that size: 224 px for the published ones")
    }
    let (width, tokens) = (kernel[0], places[0])
    var builder = Builder(source: source, graph: graph, width: width, tokens: tokens)
    var x = builder.patches(pixels, kernel, patches)
    x = try builder.positioned(x, positions)
    x = try builder.norm(x, "ln_pre")
    var block = 0
    while source.has("encoder.visual.transformer.resblocks.\(block).ln_1.weight") {
      x = try builder.block(x, "transformer.resblocks.\(block)")
      block += 1
    }
    x = builder.classToken(x)
    x = try builder.norm(x, "ln_post")
    let (shape, projection) = try source.tensor("encoder.visual.proj")
    x = builder.graph.node("MatMul", [x, builder.graph.weight("proj", shape, projection)])
    graph = builder.graph
    return x
  }

  private struct Builder: TokenOperators {
    let source: ExportSource
    var graph: ONNXGraph
    let width: Int
    let tokens: Int
    let prefix = "visual."
    private var heads: Int { width / headWidth }

    init(source: ExportSource, graph: ONNXGraph, width: Int, tokens: Int) {
      self.source = source
      self.graph = graph
      self.width = width
      self.tokens = tokens
    }

    /// Pixels to patches `[N, P, w]`.
    mutating func patches(_ pixels: String, _ kernel: [Int], _ values: [Float]) -> String {
      let cells = graph.node(
        "Conv", [pixels, graph.weight("conv1.weight", kernel, values)],
        [
          "kernel_shape": .integers([kernel[2], kernel[3]]),
          "strides": .integers([kernel[2], kernel[3]]),
        ])
      let flat = reshape(cells, [0, width, tokens - 1])
      return graph.node("Transpose", [flat], ["perm": .integers([0, 2, 1])])
    }

    /// A zero token goes before the patches; the table adds the class token there.
    mutating func positioned(_ x: String, _ positions: [Float]) throws -> String {
      var table = positions
      let token = try source.tensor("encoder.visual.class_embedding").values
      for index in token.indices { table[index] += token[index] }
      let pads = graph.weight("class_token.pads", integers: [0, 1, 0, 0, 0, 0])
      let padded = graph.node("Pad", [x, pads])
      return graph.node(
        "Add", [padded, graph.weight("positional_embedding", [1, tokens, width], table)])
    }

    mutating func block(_ x: String, _ name: String) throws -> String {
      let normed = try norm(x, "\(name).ln_1")
      let attended = try dense(
        try attention(normed, name), "\(name).attn.out_proj.weight", "\(name).attn.out_proj.bias")
      let middle = graph.node("Add", [x, attended])
      var y = try norm(middle, "\(name).ln_2")
      y = try dense(y, "\(name).mlp.c_fc.weight", "\(name).mlp.c_fc.bias")
      let factor = graph.weight("\(name).gelu", [1], [1.702])
      let gate = graph.node("Sigmoid", [graph.node("Mul", [y, factor])])
      y = graph.node("Mul", [y, gate])
      y = try dense(y, "\(name).mlp.c_proj.weight", "\(name).mlp.c_proj.bias")
      return graph.node("Add", [middle, y])
    }

    private mutating func attention(_ x: String, _ name: String) throws -> String {
      let turns = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]]
      var parts: [String] = []
      for third in 0..<3 {
        let part = try dense(
          x, "\(name).attn.in_proj_weight", "\(name).attn.in_proj_bias", third: third)
        parts.append(
          graph.node(
            "Transpose", [reshape(part, [0, tokens, heads, headWidth])],
            ["perm": .integers(turns[third])]))
      }
      let scale = graph.weight("\(name).scale", [1], [1 / Float(headWidth).squareRoot()])
      let scores = graph.node("Mul", [graph.node("MatMul", [parts[0], parts[1]]), scale])
      let weights = graph.node("Softmax", [scores], ["axis": .integer(-1)])
      let mixed = graph.node(
        "Transpose", [graph.node("MatMul", [weights, parts[2]])],
        ["perm": .integers([0, 2, 1, 3])])
      return reshape(mixed, [0, tokens, width])
    }

    /// The first token of each picture, `[N, w]`.
    mutating func classToken(_ x: String) -> String {
      let parts = [("starts", 0), ("ends", 1), ("axes", 1)].map {
        graph.weight("class_token.\($0.0)", integers: [$0.1])
      }
      return reshape(graph.node("Slice", [x] + parts), [-1, width])
    }
  }
}
