import Artifacts
import Platform
import Testing
import Weights

/// Files cut at every byte and files with any byte changed: a fault, or numbers; never a crash.
@Suite struct DamageTests {
  static let files = [
    "general.pt", "general-legacy.pt", "general.safetensors", "general.npz", "packed.npz",
    "deflated.pt", "big-endian.npy", "script.pt",
  ]

  /// Opens a file and reads every tensor.
  private func readAll(_ path: String) throws {
    for tensor in try WeightFile.open(path).tensors { _ = try tensor.floats() }
  }

  @Test(arguments: files)
  func cutAtEveryByte(name: String) throws {
    let bytes = try Files.read(golden(name))
    let folder = try TemporaryDirectory()
    let path = folder(name)
    // Every byte of the small ones; libarchive reads the compressed ones tensor by tensor.
    let isPacked = name.hasPrefix("packed") || name.hasPrefix("deflated")
    let step = isPacked ? 29 : bytes.count > 5000 ? 7 : 1
    for length in stride(from: 0, to: bytes.count, by: step) {
      // A new file each time: cutting an old one short makes some file systems wait for the disk.
      try Files.removeTree(path)
      try Files.write(bytes[..<length], to: path)
      do {
        try readAll(path)
        Issue.record("\(name) cut at \(length) was read")
      } catch { if !(error is Fault) { Issue.record(error) } }
    }
  }

  @Test(arguments: files)
  func anyByteChanged(name: String) throws {
    let bytes = try Files.read(golden(name))
    let folder = try TemporaryDirectory()
    let path = folder(name)
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<(name.hasPrefix("general") ? 400 : 60) {
      var changed = bytes
      for _ in 0...generator.below(3) {
        changed[generator.below(bytes.count)] = UInt8(generator.below(256))
      }
      try Files.removeTree(path)
      try Files.write(changed, to: path)
      do { try readAll(path) } catch { if !(error is Fault) { Issue.record(error) } }
    }
  }

  @Test(arguments: [
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", "offsets span 8"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", "lies outside"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "starts at 4"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "data at 8"),
    ("{\"a\":{\"dtype\":\"Q4\",\"shape\":[2],\"data_offsets\":[0,8]}}", "unknown type 'Q4'"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
      "too large to count"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "occurs twice"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "starts at 0"
    ),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "bad shape"),
    ("{\"__metadata__\":{\"a\":1}}", "other than strings"),
  ])
  func safetensorsAttacksAreNamed(header: String, reason: String) throws {
    let folder = try TemporaryDirectory()
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let bytes = length + Array(header.utf8) + [UInt8](repeating: 0, count: 8)
    try Files.write(bytes, to: folder("a.safetensors"))
    let found = try #require(fault { _ = try WeightFile.open(folder("a.safetensors")) })
    #expect(found.message.contains(reason), "\(found)")
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999,), }",
    "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': (1,)", "[]", "",
    "__import__('os')", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
  ])
  func arrayHeadersAreChecked(header: String) throws {
    let folder = try TemporaryDirectory()
    let text = Array(header.utf8)
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + [0, 0, 0, 0]
    try Files.write(bytes, to: folder("a.npy"))
    #expect(throws: Fault.self) { try readAll(folder("a.npy")) }
  }

  @Test func indexesStayInTheirFolder() throws {
    let folder = try TemporaryDirectory()
    for name in ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", ".hidden"] {
      let index: JSONValue = ["weight_map": ["a": .string(name)]]
      try Files.write(index.canonical, to: folder("model.safetensors.index.json"))
      let found = try #require(fault { _ = try WeightFile.open(folder.path) })
      #expect(found.message.contains("names the file"), "\(found)")
      let manifest: JSONValue = [["paths": [.string(name)], "weights": []]]
      try Files.write(manifest.canonical, to: folder("m.json"))
      #expect(throws: Fault.self) { _ = try WeightFile.open(folder("m.json")) }
    }
  }

  @Test func shardThatDiffersFromItsIndexIsNamed() throws {
    let folder = try TemporaryDirectory()
    for name in try Files.list(golden("sharded")) {
      try Files.write(try Files.read(golden("sharded/\(name)")), to: folder(name))
    }
    let second = folder("model-00002-of-00002.safetensors")
    try Files.write(try Files.read(golden("general.safetensors")), to: second)
    let found = try #require(fault { _ = try WeightFile.open(folder.path) })
    #expect(found.message.contains("differs from its index") && found.message.contains("also has"))
    try Files.removeTree(second)
    let missing = try #require(fault { _ = try WeightFile.open(folder.path) })
    #expect(missing.code == .missingInput)
  }
}
