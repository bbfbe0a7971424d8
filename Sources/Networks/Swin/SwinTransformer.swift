import Neural
import Platform
import Tensors

/// The sizes of a Swin Transformer.
public struct SwinShape: Sendable, Equatable {
  /// Pixels along an image's side.
  public var imageSize: Int
  /// Pixels along a patch's side.
  public var patch: Int
  /// Channels of the first stage; each further stage has twice as many.
  public var width: Int
  /// Blocks of each stage.
  public var depths: [Int]
  /// Heads of each stage.
  public var heads: [Int]
  /// Tokens along a window's side; a grid that is no larger is one window.
  public var window = 7
  /// The last block's rate of stochastic depth; earlier blocks have linearly less.
  public var dropPath = 0.0
  /// The length of the features of a face network's end (METHODS: Linear, BN, Linear, BN), or nil
  /// for the pooled tokens themselves.
  public var faceFeatures: Int?

  public init(imageSize: Int, patch: Int, width: Int, depths: [Int], heads: [Int]) {
    self.imageSize = imageSize
    self.patch = patch
    self.width = width
    self.depths = depths
    self.heads = heads
  }

  /// Swin-T (Liu et al. 2021, section 3.3).
  public static func tiny(imageSize: Int = 224) -> SwinShape {
    SwinShape(
      imageSize: imageSize, patch: 4, width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24])
  }

  /// The variant used for faces: patches of 2, features of 512.
  public static func face(imageSize: Int = 112) -> SwinShape {
    var shape = SwinShape(
      imageSize: imageSize, patch: 2, width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24])
    shape.faceFeatures = 512
    return shape
  }

  /// Tokens along the grid's side in a stage.
  func grid(_ stage: Int) -> Int { (imageSize / patch) >> stage }
  func side(_ stage: Int) -> Int { min(window, grid(stage)) }

  /// - Throws: `Fault` that says which size does not fit.
  func check() throws {
    guard width > 0, patch > 0, depths.count == heads.count, !depths.isEmpty,
      depths.allSatisfy({ $0 > 0 }), window > 0, window * window <= WindowAttention.greatestWindow
    else { throw Fault(.badInput, "a Swin Transformer of \(self) has no sizes that fit together") }
    for (stage, heads) in heads.enumerated() where heads < 1 || (width << stage) % heads != 0 {
      throw Fault(
        .badInput,
        "\(heads) heads do not share the \(width << stage) channels of stage \(stage + 1)")
    }
    let fits = depths.indices.allSatisfy { stage in
      grid(stage) > 0 && (imageSize % (patch << stage) == 0) && grid(stage) % side(stage) == 0
    }
    guard fits else {
      let step = patch * (window << (depths.count - 1))
      throw Fault(
        .badInput,
        "pictures of \(imageSize) pixels do not divide into patches of \(patch) and windows of "
          + "\(window) in \(depths.count) stages",
        remedy: "choose a multiple of \(step), such as image_size: \(step)")
    }
  }
}

/// A Swin Transformer without its classifier (Liu et al. 2021), names as timm's.
///
/// Shapes: images [N, 3, S, S], plain; features [N, featureCount].
public final class SwinTransformer: RecomputingNetwork {
  static let freshDeviation = 0.02

  public let shape: SwinShape
  /// The length of a feature vector.
  public let featureCount: Int
  private let embedding: SwinEmbedding
  private let stages: [SwinStage]
  private let norm: LayerNorm
  private let end: FaceFeatures?

  /// A network with fresh weights.
  /// - Parameter prefix: put before every name, as in `encoder.`.
  /// - Throws: `Fault` where the sizes do not fit together.
  public init(_ shape: SwinShape, prefix: String = "", generator: inout SeededGenerator) throws {
    try shape.check()
    self.shape = shape
    let source = ParameterSource(prefix: prefix, generator: generator)
    embedding = try SwinEmbedding(shape, from: source)
    let total = max(1, shape.depths.reduce(0, +) - 1)
    var before = 0
    stages = try shape.depths.indices.map { stage in
      let rates = (before..<before + shape.depths[stage]).map {
        shape.dropPath * Double($0) / Double(total)
      }
      before += shape.depths[stage]
      return try SwinStage(stage, shape, rates: rates, from: source)
    }
    let width = shape.width << (shape.depths.count - 1)
    norm = try LayerNorm("norm", width: width, from: source)
    end = try shape.faceFeatures.map {
      try FaceFeatures(inputs: width, outputs: $0, prefix: prefix, from: source)
    }
    featureCount = shape.faceFeatures ?? width
    generator = source.generator
  }

  public var parameters: [Parameter] {
    embedding.parameters + stages.flatMap(\.parameters) + norm.parameters + (end?.parameters ?? [])
  }

  public var recomputesBlocks = false {
    didSet {
      for block in stages.flatMap(\.blocks) { block.recomputation.isOn = recomputesBlocks }
    }
  }

  /// Running statistics, and how often stochastic depth has drawn.
  public var buffers: [NamedTensor] { (end?.buffers ?? []) + stages.flatMap(\.buffers) }

  public func forward(_ x: Tensor, training: Bool) -> Tensor {
    precondition(x.shape[2] == shape.imageSize && x.shape[3] == shape.imageSize, "the image's size")
    let tokens = stages.reduce(embedding.forward(x, training: training)) {
      $1.forward($0, training: training)
    }
    let pooled = TokenGrid.mean(norm.forward(tokens, training: training), images: x.shape[0])
    return end?.forward(pooled, training: training) ?? pooled
  }

  public func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? {
    guard let pooled = end == nil ? dy : end?.backward(dy, inputGradient: true) else { return nil }
    let grid = shape.grid(shape.depths.count - 1)
    guard
      var gradient = norm.backward(
        TokenGrid.meanBackward(pooled, rows: grid * grid), inputGradient: true)
    else { return nil }
    for (index, stage) in stages.enumerated().reversed() {
      let isNeeded =
        inputGradient || embedding.isTrainable
        || stages[..<index].contains { $0.parameters.contains(where: \.isTrainable) }
      guard let next = stage.backward(gradient, inputGradient: isNeeded) else { return nil }
      gradient = next
    }
    return embedding.backward(gradient, inputGradient: inputGradient)
  }
}
