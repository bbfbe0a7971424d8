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

  /// The description of the head, for the card.
  let summary: String

  /// - Throws: `Fault` for a method that cannot be exported, or tensors that are missing.
  init(_ source: ExportSource, _ description: ModelDescription) throws {
    let kind = try MethodCatalogue.standard.kind(of: description, at: source.tensors.path)
    guard let export = kind.export else {
      throw Fault(
        .badInput, "models of the method '\(kind.name)' cannot be exported yet",
        at: .init(source.tensors.path))
    }
    let head = try export({ try source.tensor($0) }, description)
    classCount = description.classes.count
    (width, weight, promptsPerClass) = (head.width, head.rows, head.rowsPerClass)
    (bias, summary) = (head.bias, head.summary)
    guard weight.count == classCount * promptsPerClass * width, width > 0,
      bias.map({ $0.count == classCount }) ?? true
    else {
      throw Fault(
        .badInput, "the method's tensors do not fit \(classCount) classes",
        at: .init(source.tensors.path))
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
