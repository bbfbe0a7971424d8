/// A property of a node.
public enum ONNXAttribute: Sendable, Equatable {
  case integer(Int)
  case float(Float)
  case integers([Int])
  case string(String)
}

/// A dimension of an input or output: a number, or a name for one that may change.
public enum ONNXDimension: Sendable, Equatable, ExpressibleByIntegerLiteral {
  case size(Int)
  case named(String)

  public init(integerLiteral value: Int) { self = .size(value) }
}

/// A computation as a list of operators over named tensors, in single precision.
///
/// Names of values are given by the graph; the weights keep theirs, so that a model is read by
/// people too.
public struct ONNXGraph: Sendable {
  private struct Node: Sendable {
    var operation: String
    var inputs: [String]
    var output: String
    var attributes: [(name: String, value: ONNXAttribute)]
  }

  private struct Weight: Sendable {
    var name: String
    var shape: [Int]
    var type: Int
    var data: [UInt8]
  }

  private struct Port: Sendable {
    var name: String
    var shape: [ONNXDimension]
  }

  private let name: String
  private var nodes: [Node] = []
  private var weights: [Weight] = []
  private var inputs: [Port] = []
  private var outputs: [Port] = []

  public init(name: String) { self.name = name }

  /// Declares an input and returns its name.
  public mutating func input(_ name: String, _ shape: [ONNXDimension]) -> String {
    inputs.append(Port(name: name, shape: shape))
    return name
  }

  /// Declares an output; the value is given this name.
  public mutating func output(_ name: String, _ value: String, _ shape: [ONNXDimension]) {
    nodes.append(Node(operation: "Identity", inputs: [value], output: name, attributes: []))
    outputs.append(Port(name: name, shape: shape))
  }

  /// Stores a tensor of floats and returns its name.
  public mutating func weight(_ name: String, _ shape: [Int], _ values: [Float]) -> String {
    precondition(values.count == shape.reduce(1, *))
    var data: [UInt8] = []
    data.reserveCapacity(4 * values.count)
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data += $0 } }
    weights.append(Weight(name: name, shape: shape, type: ElementCode.float, data: data))
    return name
  }

  /// Stores a list of whole numbers, such as a shape, and returns its name.
  public mutating func weight(_ name: String, integers: [Int]) -> String {
    var data: [UInt8] = []
    for value in integers { withUnsafeBytes(of: Int64(value).littleEndian) { data += $0 } }
    weights.append(
      Weight(name: name, shape: [integers.count], type: ElementCode.int64, data: data))
    return name
  }

  /// Adds an operator with one output and returns that value's name.
  public mutating func node(
    _ operation: String, _ inputs: [String],
    _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
  ) -> String {
    let output = "\(operation)_\(nodes.count)"
    nodes.append(
      Node(
        operation: operation, inputs: inputs, output: output,
        attributes: attributes.map { ($0.key, $0.value) }))
    return output
  }

  /// TensorProto.DataType.
  private enum ElementCode {
    static let float = 1
    static let int64 = 7
  }
}

extension ONNXGraph {
  /// The version of the file's format, and of the operators' definitions.
  private static let formatVersion = 8
  public static let operatorVersion = 17

  /// The whole file.
  ///
  /// - Parameter metadata: what readers find beside the graph, in order.
  public func model(
    producer: String, version: String, description: String, metadata: [(key: String, value: String)]
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.integer(1, Self.formatVersion)
    writer.string(2, producer)
    writer.string(3, version)
    writer.string(6, description)
    writer.message(7, write)
    writer.message(8) { $0.integer(2, Self.operatorVersion) }
    for (key, value) in metadata {
      writer.message(14) {
        $0.string(1, key)
        $0.string(2, value)
      }
    }
    return writer.bytes
  }

  private func write(_ writer: inout ProtobufWriter) {
    for node in nodes { writer.message(1) { Self.write(node, &$0) } }
    writer.string(2, name)
    for weight in weights {
      writer.message(5) {
        $0.packed(1, weight.shape)
        $0.integer(2, weight.type)
        $0.string(8, weight.name)
        $0.data(9, weight.data)
      }
    }
    for port in inputs { writer.message(11) { Self.write(port, &$0) } }
    for port in outputs { writer.message(12) { Self.write(port, &$0) } }
  }

  private static func write(_ node: Node, _ writer: inout ProtobufWriter) {
    for input in node.inputs { writer.string(1, input) }
    writer.string(2, node.output)
    writer.string(3, node.output)
    writer.string(4, node.operation)
    for (name, value) in node.attributes {
      writer.message(5) {
        $0.string(1, name)
        write(value, &$0)
      }
    }
  }

  private static func write(_ attribute: ONNXAttribute, _ writer: inout ProtobufWriter) {
    switch attribute {
    case .float(let value):
      writer.float(2, value)
      writer.integer(20, 1)
    case .integer(let value):
      writer.integer(3, value)
      writer.integer(20, 2)
    case .string(let value):
      writer.string(4, value)
      writer.integer(20, 3)
    case .integers(let values):
      writer.packed(8, values)
      writer.integer(20, 7)
    }
  }

  private static func write(_ port: Port, _ writer: inout ProtobufWriter) {
    writer.string(1, port.name)
    writer.message(2) { type in
      type.message(1) { tensor in
        tensor.integer(1, ElementCode.float)
        tensor.message(2) { shape in
          for dimension in port.shape {
            shape.message(1) {
              switch dimension {
              case .size(let size): $0.integer(1, size)
              case .named(let name): $0.string(2, name)
              }
            }
          }
        }
      }
    }
  }
}
