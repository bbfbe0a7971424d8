import Artifacts
import Networks
import Neural
import Platform
import Tensors
import Testing

/// CLIP's towers and BERT against open_clip and transformers in double precision;
/// Tests/Golden/text_encoders.py makes the files.
@Suite struct TransformerTests {
  /// Rounding of one float pass through two blocks, relative to the largest value; the issue's bound.
  static let passTolerance = 1e-5
  /// Gradients sum over more terms, with differences of near numbers in the norms.
  static let gradientTolerance = 3e-5

  static func golden(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(Files.join(Files.join(Files.parent(of: #filePath), "Golden"), name))
  }

  static func texts(_ file: SafetensorsFile) throws -> [[Int]] {
    let rows = try JSONValue.parse(try #require(file.metadata["texts"])).array
    return try #require(rows).map { try #require($0.array).compactMap(\.integer) }
  }

  static func tensor(_ file: SafetensorsFile, _ name: String) throws -> Tensor {
    let entry = try #require(file[name])
    return Tensor(entry.shape, values: try file.floats(entry))
  }

  static func error(_ a: Tensor, _ b: Tensor) -> Double {
    a.shape == b.shape ? GoldenTests.relativeError(a.values, b.values) : .infinity
  }

  private static func clip(_ activation: Activation, frozen: Bool) throws
    -> (text: TextTransformer, image: VisionTransformer, file: SafetensorsFile)
  {
    let file = try golden("clip.safetensors")
    let text = try TextTransformer.Configuration(
      file, prefix: "", activation: activation, heads: 2)
    let image = try VisionTransformer.Configuration(
      file, prefix: "visual.", activation: activation, heads: 2)
    return (
      try TextTransformer(text, from: ParameterSource(file, frozen: frozen)),
      try VisionTransformer(
        image,
        from: ParameterSource(file, filePrefix: "visual.", prefix: "visual.", frozen: frozen)), file
    )
  }

  @Test(arguments: KernelTarget.available)
  func towersAreOpenCLIPs(_ target: KernelTarget) throws {
    try target.use {
      for (activation, tag) in [(Activation.quickGELU, "quick"), (.gelu, "gelu")] {
        let (text, image, file) = try Self.clip(activation, frozen: true)
        for training in [false, true] {
          let t = text.forward(try Self.texts(file), training: training)
          #expect(Self.error(t, try Self.tensor(file, "\(tag).text")) < Self.passTolerance)
          let i = image.forward(try Self.tensor(file, "images"), training: training)
          #expect(Self.error(i, try Self.tensor(file, "\(tag).image")) < Self.passTolerance)
        }
      }
      let (_, image, file) = try Self.clip(.quickGELU, frozen: true)
      let larger = image.forward(try Self.tensor(file, "larger.images"), training: false)
      #expect(Self.error(larger, try Self.tensor(file, "larger.image")) < Self.passTolerance)
    }
  }

  @Test(arguments: KernelTarget.available)
  func gradientsAreOpenCLIPs(_ target: KernelTarget) throws {
    try target.use {
      let (text, image, file) = try Self.clip(.quickGELU, frozen: false)
      _ = text.forward(try Self.texts(file), training: true)
      _ = image.forward(try Self.tensor(file, "images"), training: true)
      _ = text.backward(try Self.tensor(file, "text.direction"), rowGradient: false)
      let dx = try #require(
        image.backward(try Self.tensor(file, "image.direction"), inputGradient: true))
      #expect(Self.error(dx, try Self.tensor(file, "images.gradient")) < Self.gradientTolerance)
      try compare(text.parameters + image.parameters, file, atLeast: 12)
    }
  }

  private func compare(_ parameters: [Parameter], _ file: SafetensorsFile, atLeast: Int) throws {
    var compared = 0
    for entry in file.entries where entry.name.hasPrefix("gradient.") {
      let parameter = try #require(
        parameters.first { "gradient.\($0.name)" == entry.name }, "\(entry.name)")
      let error = GoldenTests.relativeError(parameter.gradient.values, try file.floats(entry))
      #expect(error < Self.gradientTolerance, "\(entry.name): \(error)")
      compared += 1
    }
    #expect(compared >= atLeast)
  }

  @Test(arguments: KernelTarget.available)
  func bertIsHuggingFaces(_ target: KernelTarget) throws {
    try target.use {
      let file = try Self.golden("bert.safetensors")
      let configuration = try BERT.Configuration(file, prefix: "", heads: 2)
      #expect(configuration.shape.layers == 2 && configuration.hasSegments)
      for (pooling, name) in [(BERT.Pooling.first, "first"), (.mean, "mean")] {
        let bert = try BERT(
          configuration, pooling: pooling, from: ParameterSource(file, frozen: false))
        for training in [false, true] {
          let y = bert.forward(try Self.texts(file), training: training)
          #expect(Self.error(y, try Self.tensor(file, name)) < Self.passTolerance)
        }
        if pooling == .mean {
          bert.backward(try Self.tensor(file, "direction"))
          try compare(bert.parameters, file, atLeast: 8)
        }
      }
    }
  }

  private static func vision(_ seed: UInt64 = 1) throws -> VisionTransformer {
    try VisionTransformer(
      .init(
        patch: 3, grid: 2,
        shape: TransformerShape(width: 20, heads: 2, layers: 2, activation: .gelu), outputs: 7),
      from: ParameterSource(generator: SeededGenerator(seed: seed)))
  }

  @Test func imageTowerDifferences() throws {
    // Odd sizes, a cut-off border and an interpolated grid of 3 x 2.
    GradientCheck(distance: 4e-3).check(try Self.vision(), random([2, 3, 10, 8], seed: 3))
  }

  @Test func normDifferences() throws {
    let source = ParameterSource(generator: SeededGenerator(seed: 1))
    for width in [3, 16, 37] {
      GradientCheck(distance: 4e-3).check(
        try LayerNorm("n", width: width, from: source), random([5, width], seed: 4))
    }
  }

  /// The gradient of token rows, as learnt descriptors need it, through a frozen tower.
  @Test func tokenRowDifferences() throws {
    let (text, _, file) = try Self.clip(.quickGELU, frozen: true)
    let texts = try Self.texts(file)
    let sequences = Sequences(lengths: texts.map(\.count))
    let rows = text.rows(of: texts.flatMap { $0 })
    let y = text.forward(rows: rows, sequences, training: true)
    let r = random(y.shape, seed: 5)
    let gradient = try #require(text.backward(r.copy(), rowGradient: true))
    let direction = random(rows.shape, seed: 6)
    func loss(_ step: Float) -> Double {
      let moved = rows.copy()
      for i in 0..<moved.count { moved.pointer[i] += step * direction.pointer[i] }
      let y = text.forward(rows: moved, sequences, training: false)
      return zip(y.values, r.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let slope = (loss(1e-4) - loss(-1e-4)) / 2e-4
    let expected = zip(gradient.values, direction.values).reduce(0) {
      $0 + Double($1.0) * Double($1.1)
    }
    #expect(abs(slope - expected) < 1e-2 * abs(expected), "\(slope) but \(expected)")
    #expect(text.parameters.allSatisfy { $0.gradient.values.allSatisfy { $0 == 0 } })
  }

  @Test func frozenLayersCostNothing() throws {
    let tower = try Self.vision()
    let x = random([2, 3, 6, 6], seed: 7)
    let whole = try gradients(of: tower, x)
    for parameter in tower.parameters {
      parameter.isTrainable =
        parameter.name.hasPrefix("transformer.resblocks.1") || parameter.name == "proj"
    }
    let part = try gradients(of: tower, x)
    for (parameter, pair) in zip(tower.parameters, zip(whole, part)) {
      #expect(parameter.isTrainable ? pair.0 == pair.1 : pair.1.allSatisfy { $0 == 0 })
    }
  }

  private func gradients(of tower: VisionTransformer, _ x: Tensor) throws -> [[Float]] {
    tower.zeroGradients()
    let y = tower.forward(x, training: true)
    _ = tower.backward(random(y.shape, seed: 8), inputGradient: false)
    return tower.parameters.map(\.gradient.values)
  }

  @Test(arguments: KernelTarget.available)
  func sameBitsOnAnyNumberOfThreads(_ target: KernelTarget) throws {
    try target.use {
      let tower = try VisionTransformer(
        .init(
          patch: 4, grid: 9,
          shape: TransformerShape(width: 96, heads: 3, layers: 2, activation: .quickGELU),
          outputs: 40),
        from: ParameterSource(generator: SeededGenerator(seed: 1)))
      let x = random([4, 3, 36, 36], seed: 9)
      var results: [[[Float]]] = []
      for threads in [1, 2, 4] {
        let (values, helped) = try ThreadPool.withOwnThreads(threads) {
          try gradients(of: tower, x) + [tower.forward(x, training: false).values]
        }
        #expect((helped > 0) == (threads > 1))
        results.append(values)
      }
      #expect(results.allSatisfy { $0 == results[0] })
    }
  }

  @Test func namesAndSizesAreCLIPs() throws {
    let source = ParameterSource(prefix: "encoder.visual.", generator: SeededGenerator(seed: 1))
    let tower = try VisionTransformer(VisionTransformer.Configuration.b32.scaled(0.1), from: source)
    #expect(tower.configuration.shape.width == 64 && tower.featureCount == 51)
    let names = tower.state.map(\.name)
    #expect(Set(names).count == names.count && names.count == 6 + 2 + 12 * 12)
    for name in ["class_embedding", "ln_post.bias", "transformer.resblocks.11.attn.in_proj_bias"] {
      #expect(names.contains("encoder.visual." + name))
    }
    let b16 = VisionTransformer.Configuration.b16
    #expect(b16.patch == 16 && b16.grid == 14 && b16.shape.heads == 12 && b16.outputs == 512)
    let l14 = VisionTransformer.Configuration.l14
    #expect(l14.grid == 16 && l14.shape.layers == 24 && l14.outputs == 768)
  }

  @Test func missingAndMisshapedTensorsAreNamed() throws {
    let file = try Self.golden("bert.safetensors")
    #expect(throws: Fault.self) { try TextTransformer.Configuration(file, prefix: "") }
    var configuration = try BERT.Configuration(file, prefix: "", heads: 2)
    configuration.positions += 1
    do {
      _ = try BERT(configuration, pooling: .first, from: ParameterSource(file))
      Issue.record("a table of another size was accepted")
    } catch let fault as Fault {
      #expect(fault.message.contains("position_embeddings"))
    }
    #expect(throws: Fault.self) { try BERT.Configuration(file, prefix: "", heads: 3) }
  }
}
