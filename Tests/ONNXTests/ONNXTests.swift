import ONNX
import Testing

/// The file's bytes; scripts/check-export holds whole models to `onnx` and `onnxruntime`.
@Suite struct ONNXTests {
  private func file(_ graph: ONNXGraph, metadata: [(key: String, value: String)] = []) -> [UInt8] {
    graph.model(producer: "p", version: "1", description: "d", metadata: metadata)
  }

  /// The fields of a message: number, wire type, and the payload of those with a length.
  private func fields(_ bytes: [UInt8]) -> [(field: Int, number: UInt64, data: [UInt8])] {
    var place = 0
    func varint() -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while place < bytes.count {
        let byte = bytes[place]
        place += 1
        value |= UInt64(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return value
    }
    var found: [(field: Int, number: UInt64, data: [UInt8])] = []
    while place < bytes.count {
      let key = varint()
      switch key & 7 {
      case 0: found.append((Int(key >> 3), varint(), []))
      case 5:
        found.append((Int(key >> 3), 0, Array(bytes[place..<place + 4])))
        place += 4
      default:
        let count = Int(varint())
        found.append((Int(key >> 3), 0, Array(bytes[place..<place + count])))
        place += count
      }
    }
    return found
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func aModelHasVersionsGraphAndMetadata() {
    let model = fields(file(ONNXGraph(name: "g"), metadata: [("classes", "[\"ü\"]")]))
    #expect(model.map(\.field) == [1, 2, 3, 6, 7, 8, 14])
    #expect(model[0].number == 8 && fields(model[5].data)[0].number == 17)
    #expect(fields(model[6].data).map { text($0.data) } == ["classes", "[\"ü\"]"])
  }

  @Test func nodesWeightsAndPortsStandInTheirFields() throws {
    var graph = ONNXGraph(name: "g")
    let x = graph.input("x", [.named("N"), 3])
    let w = graph.weight("w", [2, 3], [1, 2, 3, 4, 5, -6])
    let y = graph.node("Gemm", [x, w], ["transB": .integer(1), "alpha": .float(0.5)])
    graph.output("y", y, [.named("N"), 2])
    let model = fields(file(graph))
    let parts = fields(try #require(model.first { $0.field == 7 }).data)
    #expect(parts.map(\.field) == [1, 1, 2, 5, 11, 12])
    let gemm = fields(parts[0].data)
    #expect(gemm.map(\.field) == [1, 1, 2, 3, 4, 5, 5])
    #expect(gemm.prefix(2).map { text($0.data) } == ["x", "w"] && text(gemm[4].data) == "Gemm")
    let alpha = fields(gemm[6].data)
    #expect(text(alpha[0].data) == "alpha" && alpha[1].data == [0, 0, 0, 0x3F])
    let weight = fields(parts[3].data)
    #expect(weight[0].data == [2, 3] && weight[1].number == 1 && text(weight[2].data) == "w")
    #expect(weight[3].data.count == 24 && weight[3].data.suffix(4) == [0, 0, 0xC0, 0xC0])
  }

  @Test func negativeNumbersTakeTenBytes() throws {
    var graph = ONNXGraph(name: "g")
    _ = graph.node("Softmax", ["x"], ["axis": .integer(-1)])
    let parts = fields(try #require(fields(file(graph)).first { $0.field == 7 }).data)
    let axis = fields(try #require(fields(parts[0].data).first { $0.field == 5 }).data)
    #expect(axis[1].number == UInt64.max)
  }
}
