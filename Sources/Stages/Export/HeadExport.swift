import Expressions
import ONNX
import Platform

/// What turns features into logits: a dense layer, or cosines with the class embeddings.
struct HeadExport {
  /// d.
  let width: Int
  private let classCount: Int
  /// **Shape**: [K, d]; for cosines the embeddings' directions over the temperature.
  private let weight: [Float]
  /// Nil for cosines, which take features of length 1.
  private let bias: [Float]?

  /// Shorter features count as of this length.
  private static let smallestLength: Float = 1e-8

  /// - Throws: `Fault` for a method that is not known here, or tensors that are missing.
  init(_ source: ExportSource) throws {
    classCount = source.description.classes.count
    switch MethodOptions.Name(rawValue: source.description.method) {
    case .discrete:
      let (shape, values) = try source.tensor("method.classifier.weight")
      width = shape.last ?? 0
      weight = values
      bias = try source.tensor("method.classifier.bias").values
    case .knowledgeEnhanced:
      let (shape, values) = try source.tensor("method.text")
      let width = shape.last ?? 0
      let temperature = source.description.temperature
      weight = stride(from: 0, to: values.count, by: max(1, width)).flatMap { start in
        let row = values[start..<start + width].map(Double.init)
        let length = max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), Double(Self.smallestLength))
        return row.map { Float($0 / length / temperature) }
      }
      self.width = width
      bias = nil
    default:
      throw Fault(
        .badInput, "models of the method '\(source.description.method)' cannot be exported yet",
        at: .init(source.file.tensors.path))
    }
    guard weight.count == classCount * width, width > 0,
      bias.map({ $0.count == classCount }) ?? true
    else {
      throw Fault(
        .badInput, "the method's tensors do not fit \(classCount) classes",
        at: .init(source.file.tensors.path))
    }
  }

  /// Adds the operators from features to logits; returns the logits' name.
  func build(_ features: String, into graph: inout ONNXGraph) -> String {
    let weights = graph.weight("classifier.weight", [classCount, width], weight)
    if let bias {
      let biases = graph.weight("classifier.bias", [classCount], bias)
      return graph.node("Gemm", [features, weights, biases], ["transB": .integer(1)])
    }
    let length = graph.node(
      "ReduceL2", [features], ["axes": .integers([1]), "keepdims": .integer(1)])
    let least = graph.weight("classifier.smallest_length", [1], [Self.smallestLength])
    let directions = graph.node("Div", [features, graph.node("Max", [length, least])])
    return graph.node("Gemm", [directions, weights], ["transB": .integer(1)])
  }

  /// The classifier as the ecosystem's networks hold it, with the encoder's projection folded in.
  func tensors(
    _ encoder: any EncoderExport, _ source: ExportSource
  ) throws -> [(name: String, shape: [Int], values: [Float])] {
    var (rows, width) = (weight, width)
    if let name = encoder.foldsProjection {
      let (shape, projection) = try source.tensor(name)
      guard shape.count == 2, shape[1] == width else {
        throw Fault(
          .badInput, "the tensor '\(name)' does not fit features of \(width)",
          at: .init(source.file.tensors.path))
      }
      rows = (0..<classCount).flatMap { row in
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
      ("\(encoder.classifierName).weight", [classCount, width], rows),
      (
        "\(encoder.classifierName).bias", [classCount],
        bias ?? [Float](repeating: 0, count: classCount)
      ),
    ]
  }
}
