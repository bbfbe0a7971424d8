import ONNX
import Platform

/// The operators that transformers of every family are made of.
protocol TokenOperators {
  var source: ExportSource { get }
  var graph: ONNXGraph { get set }
  /// What stands between `encoder.` and the names that the operators are given.
  var prefix: String { get }
}

extension TokenOperators {
  /// Normalises the last dimension.
  mutating func norm(_ x: String, _ name: String) throws -> String {
    graph.node(
      "LayerNormalization",
      [
        x, try source.weight("\(prefix)\(name).weight", into: &graph),
        try source.weight("\(prefix)\(name).bias", into: &graph),
      ], ["axis": .integer(-1), "epsilon": .float(1e-5)])
  }

  /// x W' + b for one third of the rows, or all of them; without b where none is named.
  mutating func dense(
    _ x: String, _ weight: String, _ bias: String?, third: Int? = nil
  ) throws -> String {
    let (shape, values) = try source.tensor("encoder.\(prefix)\(weight)")
    let rows = third.map { $0 * shape[0] / 3..<($0 + 1) * shape[0] / 3 } ?? 0..<shape[0]
    let suffix = third.map { ".\($0)" } ?? ""
    var transposed = [Float](repeating: 0, count: rows.count * shape[1])
    for row in rows {
      for column in 0..<shape[1] {
        transposed[column * rows.count + row - rows.lowerBound] = values[row * shape[1] + column]
      }
    }
    let product = graph.node(
      "MatMul", [x, graph.weight(weight + suffix, [shape[1], rows.count], transposed)])
    guard let bias else { return product }
    let biases = try source.tensor("encoder.\(prefix)\(bias)").values
    return graph.node(
      "Add", [product, graph.weight(bias + suffix, [rows.count], Array(biases[rows]))])
  }

  mutating func reshape(_ x: String, _ shape: [Int]) -> String {
    graph.node("Reshape", [x, graph.weight("shape.\(x)", integers: shape)])
  }

  mutating func transpose(_ x: String, _ order: [Int]) -> String {
    graph.node("Transpose", [x], ["perm": .integers(order)])
  }
}
