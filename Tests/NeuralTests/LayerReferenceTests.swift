import Glibc
import Neural
import Platform
import Tensors
import Testing

/// Layers that are no `Layer` of their own, as one.
private final class Wrapped: Layer {
  let parameters: [Parameter]
  private let pass: (Tensor, Bool) -> Tensor
  private let back: (Tensor, Bool) -> Tensor?

  init(
    _ parameters: [Parameter], _ pass: @escaping (Tensor, Bool) -> Tensor,
    _ back: @escaping (Tensor, Bool) -> Tensor?
  ) {
    self.parameters = parameters
    self.pass = pass
    self.back = back
  }

  func forward(_ x: Tensor, training: Bool) -> Tensor { pass(x, training) }
  func backward(_ dy: Tensor, inputGradient: Bool) -> Tensor? { back(dy, inputGradient) }
}

/// Each layer beside its equation in double precision, and its gradients beside finite differences, at
/// extents of 1, odd ones and none of sixteen. The table in docs/engine.md lists them.
@Suite struct LayerReferenceTests {
  /// A few hundred terms of float rounding, relative to the greatest value.
  static let tolerance = 2e-6

  private func compare(
    _ layer: any Layer, _ x: Tensor, _ expected: [Double], differences: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let scale = max(expected.map { abs($0) }.max() ?? 0, 1e-3)
    for training in [true, false] {
      let y = layer.forward(x, training: training).converted(to: .plain).values
      #expect(y.count == expected.count, sourceLocation: sourceLocation)
      let error = zip(y, expected).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(error <= Self.tolerance * scale, sourceLocation: sourceLocation)
    }
    guard differences else { return }
    GradientCheck(distance: 4e-3).check(layer, x, sourceLocation: sourceLocation)
  }

  private func source(_ seed: UInt64 = 1) -> ParameterSource {
    ParameterSource(generator: SeededGenerator(seed: seed))
  }

  /// Biases and factors start as 0 and 1, which would hide mistakes.
  private func scatter(_ parameters: [Parameter]) {
    for (index, parameter) in parameters.enumerated() where parameter.value.shape.count == 1 {
      let noise = random(parameter.value.shape, seed: 40 + UInt64(index))
      for i in 0..<noise.count { parameter.value[i] += noise[i] / 2 }
    }
  }

  /// x W' + b with W [outputs, inputs], over rows.
  private static func dense(
    _ x: [Double], _ weight: Tensor, _ bias: Tensor?, transposed: Bool = false
  ) -> [Double] {
    let (outputs, inputs) =
      transposed
      ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
    return stride(from: 0, to: x.count, by: inputs).flatMap { row in
      (0..<outputs).map { output in
        (0..<inputs).reduce(bias.map { Double($0[output]) } ?? 0) { sum, input in
          let place = transposed ? input * outputs + output : output * inputs + input
          return sum + x[row + input] * Double(weight[place])
        }
      }
    }
  }

  private static func doubles(_ x: Tensor) -> [Double] { x.values.map(Double.init) }

  static let extents = [(1, 1, 1), (5, 7, 3), (3, 17, 33), (1, 19, 1)]

  @Test func denseLayers() throws {
    for (rows, inputs, outputs) in Self.extents {
      let x = random([rows, inputs], seed: 2)
      var generator = SeededGenerator(seed: 3)
      let linear = Linear("l", inputs: inputs, outputs: outputs, generator: &generator)
      compare(linear, x, Self.dense(Self.doubles(x), linear.weight.value, linear.bias?.value))
      for transposed in [false, true] {
        let projection = try Projection(
          "w", "b", inputs: inputs, outputs: outputs, transposed: transposed,
          standardDeviation: 0.3,
          from: source())
        scatter(projection.parameters)
        compare(
          Wrapped(
            projection.parameters, { projection.forward($0, training: $1) },
            { projection.backward($0, inputGradient: $1) }), x,
          Self.dense(
            Self.doubles(x), projection.weight.value, projection.bias?.value,
            transposed: transposed))
      }
    }
  }

  private static func activation(_ x: Double, _ kind: Activation) -> Double {
    kind == .gelu ? x * (1 + erf(x / 2.0.squareRoot())) / 2 : x / (1 + exp(-1.702 * x))
  }

  @Test(arguments: [Activation.gelu, .quickGELU])
  func feedForwardParts(activation: Activation) throws {
    for (rows, width, hidden) in [(1, 1, 1), (5, 7, 13), (3, 17, 33)] {
      let part = try FeedForward(
        up: "up", down: "down", width: width, hidden: hidden, activation: activation,
        standardDeviation: (0.4, 0.3), from: source())
      scatter(part.parameters)
      let x = random([rows, width], seed: 4)
      let p = part.parameters
      let inner = Self.dense(Self.doubles(x), p[0].value, p[1].value)
        .map { Self.activation($0, activation) }
      compare(
        Wrapped(
          p, { part.forward($0, adding: nil, training: $1) },
          { part.backward($0, inputGradient: $1) }), x,
        Self.dense(inner, p[2].value, p[3].value))
    }
  }

  struct AttentionCase: CustomTestStringConvertible {
    var width: Int
    var heads: Int
    var lengths: [Int]
    var causal = false
    var packed = true
    var testDescription: String { "\(width)/\(heads) \(lengths) \(causal) \(packed)" }
  }

  static let attentionCases = [
    AttentionCase(width: 1, heads: 1, lengths: [1]),
    AttentionCase(width: 6, heads: 2, lengths: [3, 1, 5]),
    AttentionCase(width: 34, heads: 2, lengths: [17, 2], causal: true),
    AttentionCase(width: 20, heads: 4, lengths: [7], packed: false),
  ]

  @Test(arguments: attentionCases)
  func selfAttention(_ test: AttentionCase) throws {
    let width = test.width
    let part = try SelfAttention(
      test.packed ? .packed(weight: "w", bias: "b") : .separate(["q", "k", "v"]), output: "o",
      width: width, heads: test.heads, causal: test.causal, standardDeviation: (0.4, 0.4),
      from: source())
    scatter(part.parameters)
    let sequences = Sequences(lengths: test.lengths)
    let rows = test.lengths.reduce(0, +)
    let x = random([rows, width], seed: 5)
    let p = part.parameters.map(\.value)
    let inputs = Self.doubles(x)
    var parts: [[Double]] = []
    for index in 0..<3 {
      let (w, b) =
        test.packed
        ? (
          p[0].rows(index * width..<(index + 1) * width),
          p[1].rows(index * width..<(index + 1) * width)
        ) : (p[2 * index], p[2 * index + 1])
      parts.append(Self.dense(inputs, w, b))
    }
    let context = Self.attention(parts, test, sequences)
    // The softmax takes no notice of the keys' bias: its slope is 0, which rounding hides.
    let checked = part.parameters.filter { $0.name != "k.bias" }
    compare(
      Wrapped(
        checked, { part.forward($0, sequences, adding: nil, training: $1) },
        { part.backward($0, inputGradient: $1) }), x,
      Self.dense(context, p[p.count - 2], p[p.count - 1]))
  }

  /// softmax(q k' / sqrt(width of a head)) v of each sequence and head.
  private static func attention(
    _ qkv: [[Double]], _ test: AttentionCase, _ sequences: Sequences
  ) -> [Double] {
    let (width, head) = (test.width, test.width / test.heads)
    var result = [Double](repeating: 0, count: qkv[0].count)
    for index in 0..<sequences.count {
      let own = sequences[index]
      for row in own {
        for first in stride(from: 0, to: width, by: head) {
          let seen = test.causal ? own.lowerBound...row : own.lowerBound...own.upperBound - 1
          let scores = seen.map { other in
            (first..<first + head).reduce(0) {
              $0 + qkv[0][row * width + $1] * qkv[1][other * width + $1]
            } / Double(head).squareRoot()
          }
          let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
          let total = weights.reduce(0, +)
          for column in first..<first + head {
            result[row * width + column] = zip(seen, weights).reduce(0) {
              $0 + $1.1 / total * qkv[2][$1.0 * width + column]
            }
          }
        }
      }
    }
    return result
  }

  @Test func patchEmbeddings() throws {
    for (shape, patch, width) in [
      ([1, 3, 1, 1], 1, 1), ([2, 3, 7, 5], 2, 5), ([1, 3, 9, 10], 3, 17),
    ] {
      let part = try PatchEmbedding("p", width: width, patch: patch, from: source())
      let x = random(shape, seed: 6)
      let (height, columns) = (shape[2] / patch, shape[3] / patch)
      var rows: [Double] = []
      for image in 0..<shape[0] {
        for cell in 0..<height * columns {
          for place in 0..<3 * patch * patch {
            let (channel, y, left) = (
              place / (patch * patch), cell / columns * patch + place / patch % patch,
              cell % columns * patch + place % patch
            )
            rows.append(Double(x[((image * 3 + channel) * shape[2] + y) * shape[3] + left]))
          }
        }
      }
      let weight = part.parameters[0].value.reshaped([width, 3 * patch * patch])
      compare(
        Wrapped(
          part.parameters, { part.forward($0, training: $1).y },
          { part.backward($0, inputGradient: $1) }), x, Self.dense(rows, weight, nil))
    }
  }

  @Test func rowNormalisation() throws {
    for shape in [[1, 1], [5, 3], [2, 17], [1, 33]] {
      let layer = try LayerNorm("n", width: shape[1], from: source())
      scatter(layer.parameters)
      let x = random(shape, seed: 7)
      let expected = stride(from: 0, to: x.count, by: shape[1]).flatMap { first -> [Double] in
        let row = (0..<shape[1]).map { Double(x[first + $0]) }
        let mean = row.reduce(0, +) / Double(row.count)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
        return row.indices.map {
          (row[$0] - mean) / (variance + 1e-5).squareRoot() * Double(layer.weight.value[$0])
            + Double(layer.bias.value[$0])
        }
      }
      compare(layer, x, expected)
    }
  }

  @Test func convolutionsAndPooling() {
    var generator = SeededGenerator(seed: 8)
    for (inputs, outputs, kernel, stride, size) in [
      (1, 1, 1, 1, 1), (3, 5, 7, 2, 9), (17, 6, 1, 2, 5), (2, 33, 3, 2, 8),
    ] {
      let layer = Conv2d(
        "c", inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2,
        bias: true, generator: &generator)
      let x = random([2, inputs, size, size], seed: 9)
      compare(layer, x, Self.convolved(x, layer, stride: stride))
    }
    for shape in [[1, 1, 1, 1], [2, 19, 3, 5], [1, 16, 7, 2]] {
      let x = random(shape, seed: 10)
      let pixels = shape[2] * shape[3]
      let means = Swift.stride(from: 0, to: x.count, by: pixels).map { first in
        (0..<pixels).reduce(0) { $0 + Double(x[first + $1]) } / Double(pixels)
      }
      compare(GlobalAveragePool(), x, means)
      compare(ReLU(), x, Self.doubles(x).map { max(0, $0) }, differences: false)
    }
  }

  private static func convolved(_ x: Tensor, _ layer: Conv2d, stride: Int) -> [Double] {
    let w = layer.weight.value
    let (kernel, size, inputs) = (w.shape[2], x.shape[2], w.shape[1])
    let side = (size + 2 * (kernel / 2) - kernel) / stride + 1
    var result: [Double] = []
    for image in 0..<x.shape[0] {
      for k in 0..<w.shape[0] {
        for place in 0..<side * side {
          var sum = layer.bias.map { Double($0.value[k]) } ?? 0
          for tap in 0..<inputs * kernel * kernel {
            let (c, r, s) = (tap / (kernel * kernel), tap / kernel % kernel, tap % kernel)
            let y = place / side * stride + r - kernel / 2
            let left = place % side * stride + s - kernel / 2
            guard (0..<size).contains(y), (0..<size).contains(left) else { continue }
            sum +=
              Double(x[((image * inputs + c) * size + y) * size + left])
              * Double(w[k * inputs * kernel * kernel + tap])
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  @Test func batchNormalisation() {
    for shape in [[5, 3, 1, 1], [2, 17, 5, 3], [1, 1, 3, 1]] {
      let layer = BatchNorm2d("b", channels: shape[1])
      scatter(layer.parameters)
      let x = random(shape, seed: 11)
      let pixels = shape[2] * shape[3]
      var expected = Self.doubles(x)
      for channel in 0..<shape[1] {
        let own = expected.indices.filter { $0 / pixels % shape[1] == channel }
        let mean = own.reduce(0) { $0 + Double(x[$1]) } / Double(own.count)
        let variance =
          own.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / Double(own.count)
        for i in own {
          expected[i] =
            (Double(x[i]) - mean) / (variance + BatchNorm2d.epsilon).squareRoot()
            * Double(layer.weight.value[channel]) + Double(layer.bias.value[channel])
        }
      }
      let y = layer.forward(x, training: true).converted(to: .plain)
      let scale = expected.map { abs($0) }.max() ?? 1
      for (own, value) in zip(y.values, expected) {
        #expect(abs(Double(own) - value) <= Self.tolerance * scale)
      }
    }
  }
}
