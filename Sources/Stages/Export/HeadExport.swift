import Methods
import Networks
import ONNX
import Platform

/// What turns features into logits: a dense layer, or cosines with the class embeddings.
struct HeadExport {
  /// d.
  let width: Int
  let classCount: Int
  /// **Shape**: [K, d]; for cosines the embeddings' directions over the temperature. Where a class
  /// scores by its nearest prompt, [K n, d].
  private let weight: [Float]
  /// n, the prompts a class, where the largest of their logits is the class's.
  let promptsPerClass: Int
  /// Nil for cosines, which take features of length 1.
  private let bias: [Float]?

  /// Shorter features count as of this length.
  private static let smallestLength: Float = 1e-8

  /// - Throws: `Fault` for a method that is not known here, or tensors that are missing.
  init(_ source: ExportSource, _ description: ModelDescription) throws {
    classCount = description.classes.count
    switch MethodOptions.Name(rawValue: description.method) {
    case .discrete:
      let (shape, values) = try source.tensor("method.classifier.weight")
      width = shape.last ?? 0
      weight = values
      promptsPerClass = 1
      bias = try source.tensor("method.classifier.bias").values
    case .knowledgeEnhanced:
      let (shape, values) = try source.tensor("method.text")
      let width = shape.last ?? 0
      let temperature = description.temperature
      let rows = stride(from: 0, to: values.count, by: max(1, width)).map { start in
        let row = values[start..<start + width].map(Double.init)
        let length = max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), Double(Self.smallestLength))
        return row.map { $0 / length / temperature }
      }
      let pooled = Self.pooled(rows, description.ensemble)
      promptsPerClass = max(1, pooled.count / max(1, classCount))
      weight = pooled.flatMap { $0.map { Float($0) } }
      self.width = width
      bias = nil
    default:
      throw Fault(
        .badInput, "models of the method '\(description.method)' cannot be exported yet",
        at: .init(source.tensors.path))
    }
    guard weight.count == classCount * promptsPerClass * width, width > 0,
      bias.map({ $0.count == classCount }) ?? true
    else {
      throw Fault(
        .badInput, "the method's tensors do not fit \(classCount) classes",
        at: .init(source.tensors.path))
    }
  }

  /// One row a class where the mean of the prompts' logits counts, which is linear; as many rows for
  /// every class, the last one repeated, where the largest does.
  private static func pooled(_ rows: [[Double]], _ groups: PromptGroups?) -> [[Double]] {
    guard let groups, groups.classes.count == rows.count else { return rows }
    let classes = 0...(groups.classes.max() ?? 0)
    let members = classes.map { label in
      rows.indices.filter { groups.classes[$0] == label }.map { rows[$0] }
    }
    switch groups.pooling {
    case .logits:
      return members.map { own in
        own[0].indices.map { column in
          own.reduce(0) { $0 + $1[column] } / Double(own.count)
        }
      }
    case .nearest:
      let most = members.map(\.count).max() ?? 1
      return members.flatMap { own in
        (0..<most).map { own[min($0, own.count - 1)] }
      }
    }
  }

  /// Adds the operators from features to logits; returns the logits' name.
  func build(_ features: String, into graph: inout ONNXGraph) -> String {
    let weights = graph.weight(
      "classifier.weight", [classCount * promptsPerClass, width], weight)
    if let bias {
      let biases = graph.weight("classifier.bias", [classCount], bias)
      return graph.node("Gemm", [features, weights, biases], ["transB": .integer(1)])
    }
    let length = graph.node(
      "ReduceL2", [features], ["axes": .integers([1]), "keepdims": .integer(1)])
    let least = graph.weight("classifier.smallest_length", [1], [Self.smallestLength])
    let directions = graph.node("Div", [features, graph.node("Max", [length, least])])
    let logits = graph.node("Gemm", [directions, weights], ["transB": .integer(1)])
    guard promptsPerClass > 1 else { return logits }
    let shape = graph.weight(
      "classifier.prompts", integers: [-1, classCount, promptsPerClass])
    return graph.node(
      "ReduceMax", [graph.node("Reshape", [logits, shape])],
      ["axes": .integers([2]), "keepdims": .integer(0)])
  }

  /// The classifier as the ecosystem's networks hold it, with the encoder's projection folded in.
  func tensors(
    _ encoder: any EncoderExport, _ source: ExportSource
  ) throws -> [(name: String, shape: [Int], values: [Float])] {
    let rowCount = classCount * promptsPerClass
    var (rows, width) = (weight, width)
    if let name = encoder.foldsProjection {
      let (shape, projection) = try source.tensor(name)
      guard shape.count == 2, shape[1] == width else {
        throw Fault(
          .badInput, "the tensor '\(name)' does not fit features of \(width)",
          at: .init(source.tensors.path))
      }
      rows = (0..<rowCount).flatMap { row in
        (0..<shape[0]).map { column in
          Float(
            (0..<shape[1]).reduce(0.0) {
              $0 + Double(weight[row * shape[1] + $1]) * Double(projection[column * shape[1] + $1])
            })
        }
      }
      width = shape[0]
    }
    return [
      ("\(encoder.classifierName).weight", [rowCount, width], rows),
      (
        "\(encoder.classifierName).bias", [rowCount],
        bias ?? [Float](repeating: 0, count: rowCount)
      ),
    ]
  }
}
