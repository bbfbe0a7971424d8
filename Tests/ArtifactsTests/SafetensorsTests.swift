import Artifacts
import Platform
import Testing

@Suite struct SafetensorsTests {
  static func file(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
    let size = length ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: size.littleEndian) { Array($0) } + Array(header.utf8) + data
  }

  @Test func roundTrips() throws {
    let folder = try TemporaryDirectory()
    let writer = try SafetensorsWriter(
      folder("a"), tensors: [("x", .float32, [2, 3]), ("n", .int64, [2]), ("u", .uint8, [0])],
      metadata: ["note": "é"])
    try writer.append([1, 2, 3, 4, 5, -6.5] as [Float])
    try writer.append([7, -8] as [Int])
    try writer.finish()
    let file = try SafetensorsFile(folder("a"))
    #expect(file.metadata == ["note": "é"])
    #expect(
      try file.floats(file.require("x", .float32, shape: [2, nil])) == [1, 2, 3, 4, 5, -6.5])
    #expect(file.integers(try file.require("n", .int64)) == [7, -8])
    #expect(file["u"]?.count == 0)
    #expect(throws: Fault.self) { try file.require("x", .float32, shape: [3, 2]) }
    #expect {
      try file.require("xx", .float32)
    } throws: { ($0 as? Fault)?.remedy?.contains("'x'") == true }
  }

  @Test(arguments: [
    "short", "header longer than the file", "header over the limit", "not an object",
    "overlap", "gap", "beyond the end", "data after the last tensor", "size lie",
    "negative extent", "overflowing shape", "unknown type", "extra member", "duplicate name",
    "metadata with numbers", "backwards offsets",
  ])
  func attacksAreNamed(_ attack: String) throws {
    func tensor(_ name: String, _ start: Int, _ end: Int, shape: String = "[1]") -> String {
      "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(start),\(end)]}"
    }
    let four = [UInt8](repeating: 0, count: 4)
    let bytes: [UInt8] =
      switch attack {
      case "short": [1, 2, 3]
      case "header longer than the file": Self.file("{}", length: 100)
      case "header over the limit": Self.file("{}", length: 1 << 40)
      case "not an object": Self.file("[]")
      case "overlap": Self.file("{\(tensor("a", 0, 4)),\(tensor("b", 0, 4))}", data: four)
      case "gap":
        Self.file("{\(tensor("a", 0, 4)),\(tensor("b", 8, 12))}", data: four + four + four)
      case "beyond the end": Self.file("{\(tensor("a", 0, 4))}")
      case "data after the last tensor": Self.file("{\(tensor("a", 0, 4))}", data: four + four)
      case "size lie": Self.file("{\(tensor("a", 0, 4, shape: "[2]"))}", data: four)
      case "negative extent": Self.file("{\(tensor("a", 0, 4, shape: "[-1]"))}", data: four)
      case "overflowing shape":
        Self.file("{\(tensor("a", 0, 4, shape: "[4611686018427387904,4]"))}", data: four)
      case "unknown type":
        Self.file("{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}", data: four)
      case "extra member":
        Self.file(
          "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", data: four)
      case "duplicate name": Self.file("{\(tensor("a", 0, 4)),\(tensor("a", 0, 4))}", data: four)
      case "metadata with numbers": Self.file("{\"__metadata__\":{\"a\":1}}")
      default: Self.file("{\(tensor("a", 4, 0))}", data: four)
      }
    let folder = try TemporaryDirectory()
    try Files.write(bytes, to: folder("a"))
    #expect(throws: Fault.self) { try SafetensorsFile(folder("a")) }
  }

  @Test func everyCutIsRefused() throws {
    let folder = try TemporaryDirectory()
    let writer = try SafetensorsWriter(folder("a"), tensors: [("x", .float32, [3])])
    try writer.append([1, 2, 3] as [Float])
    try writer.finish()
    let bytes = try Files.read(folder("a"))
    for length in 0..<bytes.count {
      try Files.write(bytes.prefix(length), to: folder("cut"))
      #expect(throws: Fault.self) { try SafetensorsFile(folder("cut")) }
    }
  }

  @Test func halfPrecisionWidensExactly() {
    #expect(widenHalf(0x3C00) == 1)
    #expect(widenHalf(0xC000) == -2)
    #expect(widenHalf(0x0001) == 0x1p-24)
    #expect(widenHalf(0x7BFF) == 65504)
    #expect(widenHalf(0x7C00) == .infinity)
    #expect(widenHalf(0x7E00).isNaN)
  }
}
