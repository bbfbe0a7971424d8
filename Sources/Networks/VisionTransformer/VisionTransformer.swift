import Artifacts
import Neural
import Platform
import Tensors

/// The image tower of CLIP, a vision transformer (Dosovitskiy et al. 2021), names as OpenAI's.
///
/// Shapes: images [N, 3, H, W], plain, normalised; features [N, outputs]. Sides that are no multiple
/// of the patch lose the rest at the right and the bottom; position embeddings are interpolated to
/// the image's grid.
public final class VisionTransformer: RecomputingNetwork {
  /// The widths of an image tower.
  public struct Configuration: Sendable, Equatable {
    public var patch: Int
    /// The side of the position table, in patches.
    public var grid: Int
    public var shape: TransformerShape
    public var outputs: Int

    public init(patch: Int, grid: Int, shape: TransformerShape, outputs: Int) {
      self.patch = patch
      self.grid = grid
      self.shape = shape
      self.outputs = outputs
    }

    private static func clip(patch: Int, width: Int, layers: Int, outputs: Int) -> Self {
      Configuration(
        patch: patch, grid: 224 / patch,
        shape: TransformerShape(
          width: width, heads: width / 64, layers: layers, activation: .quickGELU),
        outputs: outputs)
    }

    /// CLIP's towers (Radford et al. 2021, table 20) at 224 px.
    public static let b32 = clip(patch: 32, width: 768, layers: 12, outputs: 512)
    public static let b16 = clip(patch: 16, width: 768, layers: 12, outputs: 512)
    public static let l14 = clip(patch: 14, width: 1024, layers: 24, outputs: 768)

    /// The same with heads and outputs multiplied by `width`, at least one head.
    public func scaled(_ width: Double) -> Configuration {
      var copy = self
      copy.shape.heads = max(1, Int((Double(shape.heads) * width).rounded()))
      copy.shape.width = copy.shape.heads * shape.width / shape.heads
      copy.shape.hidden = 4 * copy.shape.width
      copy.outputs = max(1, Int((Double(outputs) * width).rounded()))
      return copy
    }

    /// The configuration that the shapes in a file of weights say.
    ///
    /// - Parameters:
    ///   - prefix: what stands before `conv1.weight`.
    ///   - heads: nil for one head a 64 of the width, as in every published CLIP.
    /// - Throws: `Fault` that names the tensor which is missing or does not fit.
    public init(
      _ weights: SafetensorsFile, prefix: String, activation: Activation = .quickGELU,
      heads: Int? = nil
    ) throws {
      func shape(_ name: String, _ extents: Int) throws -> [Int] {
        let type = weights[prefix + name]?.type ?? .float32
        return try weights.require(
          prefix + name, type, shape: Array(repeating: nil, count: extents)
        ).shape
      }
      let kernel = try shape("conv1.weight", 4)
      let positions = try shape("positional_embedding", 2)[0]
      let side = Int(Double(max(0, positions - 1)).squareRoot().rounded())
      let hidden = try shape("transformer.resblocks.0.mlp.c_fc.weight", 2)[0]
      let layers = TransformerLayers.count(weights, prefix + "transformer.resblocks.")
      guard kernel[2] == kernel[3], kernel[2] > 0, side > 0, side * side + 1 == positions else {
        throw Fault(
          .badInput, "the patches or the position table of '\(prefix)' are not square",
          at: .init(weights.path))
      }
      self.init(
        patch: kernel[2], grid: side,
        shape: try TransformerLayers.shape(
          width: kernel[0], heads: heads, layers: layers, hidden: hidden, activation: activation,
          file: weights.path),
        outputs: try shape("proj", 2)[1])
    }
  }

  public let configuration: Configuration
  /// The length of a feature vector.
  public var featureCount: Int { configuration.outputs }
  private let classToken: Parameter
  private let positions: Parameter
  private let patches: PatchEmbedding
  private let before: LayerNorm
  private let stack: TransformerStack
  private let after: LayerNorm
  private let projection: Projection
  public var recomputesBlocks = false {
    didSet {
      for case let block as PreNormBlock in stack.blocks {
        block.recomputation.isOn = recomputesBlocks
      }
    }
  }
  private var saved: (count: Int, cells: Int, resize: Tensor?)?

  /// - Throws: `Fault` where the source is a file that lacks a tensor.
  public init(_ configuration: Configuration, from source: ParameterSource) throws {
    self.configuration = configuration
    let (shape, width) = (configuration.shape, configuration.shape.width)
    let standardDeviation = 1 / Double(width).squareRoot()
    classToken = try source.parameter("class_embedding", [width], .normal(standardDeviation))
    positions = try source.parameter(
      "positional_embedding", [configuration.grid * configuration.grid + 1, width],
      .normal(standardDeviation))
    patches = try PatchEmbedding(
      "conv1.weight", width: width, patch: configuration.patch, from: source)
    before = try LayerNorm("ln_pre", width: width, from: source)
    stack = TransformerStack(
      try (0..<shape.layers).map {
        try PreNormBlock("transformer.resblocks.\($0)", shape, causal: false, from: source)
      })
    after = try LayerNorm("ln_post", width: width, from: source)
    projection = try Projection(
      "proj", nil, inputs: width, outputs: configuration.outputs, transposed: true,
      standardDeviation: standardDeviation, from: source)
  }

  public var parameters: [Parameter] {
    [classToken, positions] + patches.parameters + before.parameters + stack.parameters
      + after.parameters + projection.parameters
  }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    let (embedded, grid) = patches.forward(x, training: training)
    let (count, cells, width) = (x.shape[0], grid.rows * grid.columns, configuration.shape.width)
    let resize = PositionTable(side: configuration.grid)
      .matrix(rows: grid.rows, columns: grid.columns)
    let table = positions.value.rows(1..<positions.value.shape[0])
    let places = resize.map { Matrix.product($0, table) } ?? table
    let tokens = Tensor([count * (cells + 1), width])
    for image in 0..<count {
      let first = tokens.pointer + image * (cells + 1) * width
      for i in 0..<width {
        first[i] = classToken.value.pointer[i] + positions.value.pointer[i]
      }
      let own = embedded.rows(image * cells..<(image + 1) * cells)
      Rows.add(nil, places, to: own)
      (first + width).update(from: own.pointer, count: cells * width)
    }
    saved = training ? (count, cells, resize) : nil
    let classRows = (0..<count).map { $0 * (cells + 1) }
    let y = stack.forward(
      before.forward(tokens, training: training), Sequences(count: count, length: cells + 1),
      at: classRows, training: training)
    return projection.forward(after.forward(y, training: training), training: training)
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let saved = saved.take() else { preconditionFailure("backward needs a training forward") }
    let first = [classToken, positions] + patches.parameters
    let goesOn = inputGradient || first.contains(where: \.isTrainable)
    let inner = goesOn || before.parameters.contains(where: \.isTrainable)
    guard let pooled = projection.backward(dy, inputGradient: true),
      let pooledRows = after.backward(pooled, inputGradient: true),
      let normed = stack.backward(pooledRows, inputGradient: inner), inner,
      let tokens = before.backward(normed, inputGradient: goesOn)
    else { return nil }
    return embeddingGradients(tokens, saved.count, saved.cells, saved.resize, inputGradient)
  }

  private func embeddingGradients(
    _ tokens: Tensor, _ count: Int, _ cells: Int, _ resize: Tensor?, _ inputGradient: Bool
  ) -> Tensor? {
    let width = configuration.shape.width
    let embedded = Tensor([count * cells, width])
    let (classSum, placeSum) = (Tensor.zeros([1, width]), Tensor.zeros([cells, width]))
    for image in 0..<count {
      let own = tokens.rows(image * (cells + 1)..<(image + 1) * (cells + 1))
      Elementwise.add(own.rows(0..<1), to: classSum)
      let rest = own.rows(1..<cells + 1)
      Elementwise.add(rest, to: placeSum)
      embedded.rows(image * cells..<(image + 1) * cells).copy(from: rest)
    }
    classToken.addGradient { classSum.pointer[$0] }
    let places = resize.map { Matrix.product($0, transposeA: true, placeSum) } ?? placeSum
    positions.addGradient { $0 < width ? classSum.pointer[$0] : places.pointer[$0 - width] }
    return patches.backward(embedded, inputGradient: inputGradient)
  }
}
