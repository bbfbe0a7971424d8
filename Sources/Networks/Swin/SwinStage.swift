import Neural
import Platform
import Tensors

/// Square patches through one linear map and a normalisation: images [N, 3, S, S] to rows.
final class SwinEmbedding {
  private let patches: PatchEmbedding
  private let bias: Parameter
  private let norm: LayerNorm

  init(_ shape: SwinShape, from source: ParameterSource) throws {
    patches = try PatchEmbedding(
      "patch_embed.proj.weight", width: shape.width, patch: shape.patch,
      standardDeviation: SwinTransformer.freshDeviation, from: source)
    bias = try source.parameter("patch_embed.proj.bias", [shape.width], .zeros)
    norm = try LayerNorm("patch_embed.norm", width: shape.width, from: source)
  }

  var parameters: [Parameter] { patches.parameters + [bias] + norm.parameters }
  var isTrainable: Bool { parameters.contains(where: \.isTrainable) }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    let (y, _) = patches.forward(x, training: training)
    Rows.add(bias.value, to: y)
    return norm.forward(y, training: training)
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let dy = norm.backward(dy, inputGradient: true) else { return nil }
    bias.addGradient { Rows.sum(dy, accumulate: $0, into: $1) }
    return patches.backward(dy, inputGradient: inputGradient)
  }
}

/// Joins four tokens to one of twice the width (Liu et al. 2021, section 3.1).
final class PatchMerging {
  private let norm: LayerNorm
  private let reduction: Projection
  private let grid: Int

  /// - Parameters:
  ///   - width: of the tokens that come in.
  ///   - grid: tokens along the side of their grid.
  init(_ name: String, width: Int, grid: Int, from source: ParameterSource) throws {
    norm = try LayerNorm("\(name).norm", width: 4 * width, from: source)
    reduction = try Projection(
      "\(name).reduction.weight", nil, inputs: 4 * width, outputs: 2 * width,
      standardDeviation: SwinTransformer.freshDeviation, from: source)
    self.grid = grid
  }

  var parameters: [Parameter] { norm.parameters + reduction.parameters }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    let merged = TokenGrid.merge(x, height: grid, width: grid)
    return reduction.forward(norm.forward(merged, training: training), training: training)
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let inner = reduction.backward(dy, inputGradient: true),
      let merged = norm.backward(inner, inputGradient: inputGradient)
    else { return nil }
    return TokenGrid.split(merged, height: grid, width: grid)
  }
}

/// The blocks that work on one grid, behind the merging of the stage before.
final class SwinStage {
  private let merging: PatchMerging?
  let blocks: [SwinBlock]
  private let depths: [(name: String, depth: StochasticDepth)]

  init(_ stage: Int, _ shape: SwinShape, rates: [Double], from source: ParameterSource) throws {
    let (grid, side, width) = (shape.grid(stage), shape.side(stage), shape.width << stage)
    merging =
      stage == 0
      ? nil
      : try PatchMerging(
        "layers.\(stage).downsample", width: width / 2, grid: shape.grid(stage - 1), from: source)
    var depths: [(String, StochasticDepth)] = []
    blocks = try rates.enumerated().map { index, rate in
      let seed = UInt64(stage * 1000 + index * 2)
      let pair = (
        StochasticDepth(rate: rate, seed: seed), StochasticDepth(rate: rate, seed: seed + 1)
      )
      let name = "layers.\(stage).blocks.\(index)"
      depths += [("\(name).drop_path1", pair.0), ("\(name).drop_path2", pair.1)]
      let shift = index % 2 == 1 && grid > side ? side / 2 : 0
      return try SwinBlock(
        name, width: width, heads: shape.heads[stage],
        attention: WindowAttention(height: grid, width: grid, side: side, shift: shift),
        depth: pair, from: source)
    }
    self.depths = depths.map { (source.prefix + $0.0, $0.1) }
  }

  var parameters: [Parameter] { (merging?.parameters ?? []) + blocks.flatMap(\.parameters) }

  var buffers: [NamedTensor] {
    depths.compactMap { name, depth in depth.passes.map { NamedTensor("\(name).passes", $0) } }
  }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    blocks.reduce(merging?.forward(x, training: training) ?? x) {
      $1.forward($0, training: training)
    }
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    var gradient = dy
    for (index, block) in blocks.enumerated().reversed() {
      let isNeeded = inputGradient || index > 0 || merging != nil
      guard let next = block.backward(gradient, inputGradient: isNeeded) else { return nil }
      gradient = next
    }
    guard let merging else { return gradient }
    return merging.backward(gradient, inputGradient: inputGradient)
  }
}

/// The end of the face network: two linear maps without bias, each with a batch normalisation.
final class FaceFeatures {
  static let epsilon = 2e-5
  private let maps: [Projection]
  private let norms: [BatchNorm2d]

  init(inputs: Int, outputs: Int, prefix: String, from source: ParameterSource) throws {
    let widths = [inputs, outputs]
    maps = try widths.enumerated().map { index, width in
      try Projection(
        "feature.\(2 * index).weight", nil, inputs: inputs, outputs: width,
        standardDeviation: SwinTransformer.freshDeviation, from: source)
    }
    norms = widths.enumerated().map { index, width in
      BatchNorm2d("\(prefix)feature.\(2 * index + 1)", channels: width, epsilon: Self.epsilon)
    }
  }

  var parameters: [Parameter] {
    zip(maps, norms).flatMap { $0.parameters + $1.parameters }
  }
  var buffers: [NamedTensor] { norms.flatMap(\.buffers) }

  func forward(_ x: Tensor, training: Bool) -> Tensor {
    zip(maps, norms).reduce(x) { x, pair in
      let y = pair.0.forward(x, training: training)
      let normed = pair.1.forward(y.reshaped(y.shape + [1, 1]), training: training)
      return normed.converted(to: .plain).reshaped(y.shape)
    }
  }

  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    var gradient = dy
    for (index, (map, norm)) in zip(maps, norms).enumerated().reversed() {
      let dz = norm.backward(gradient.reshaped(gradient.shape + [1, 1])).converted(to: .plain)
      guard
        let next = map.backward(
          dz.reshaped(gradient.shape), inputGradient: inputGradient || index > 0)
      else { return nil }
      gradient = next
    }
    return gradient
  }
}
