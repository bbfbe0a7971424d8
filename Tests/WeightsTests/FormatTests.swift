import Artifacts
import Platform
import Testing
import Weights

/// Every form gives what the library that wrote it had in memory (Tests/Golden/weights.py).
@Suite struct FormatTests {
  static func expected() throws -> [String: JSONValue] {
    try JSONValue.read(golden("expected.json")).object ?? [:]
  }

  /// Values are exact in every type: they are compared as bits.
  static func check(_ path: String, lacking: Set<String> = []) throws {
    let file = try WeightFile.open(path)
    let expected = try expected()
    #expect(Set(file.tensors.map(\.name)) == Set(expected.keys).subtracting(lacking))
    for tensor in file.tensors {
      let want = try #require(expected[tensor.name])
      #expect(tensor.shape == want["shape"]?.array?.compactMap(\.integer), "\(tensor.name)")
      let values = want["values"]?.numbers?.map { Float($0) }
      #expect(try tensor.floats() == values, "\(tensor.name)")
      #expect(try tensor.withFloats { Array($0) } == values, "\(tensor.name)")
    }
  }

  @Test(arguments: [
    "general.pt", "general-legacy.pt", "general.safetensors", "deflated.pt",
  ])
  func torchAndSafetensors(name: String) throws { try Self.check(golden(name)) }

  /// NumPy has no bfloat16.
  @Test(arguments: ["general.npz", "packed.npz"])
  func numpyArchives(name: String) throws { try Self.check(golden(name), lacking: ["brain"]) }

  @Test func formatsAreNamed() throws {
    let formats: [String: WeightFormat] = [
      "general.pt": .torchArchive, "general-legacy.pt": .torchLegacy, "script.pt": .torchScript,
      "general.safetensors": .safetensors, "general.npz": .numpyArchive, "big-endian.npy": .numpy,
      "sharded/model.safetensors.index.json": .shards,
    ]
    for (name, format) in formats {
      #expect(try WeightFile.open(golden(name)).format == format, "\(name)")
    }
  }

  @Test func bigEndianArrayIsTurned() throws {
    let file = try WeightFile.open(golden("big-endian.npy"))
    let want = try Self.expected()["matrix"]?["values"]?.numbers?.map { Float($0) }
    #expect(file.tensors.map(\.name) == ["big-endian"])
    #expect(try file.tensors[0].floats() == want)
  }

  @Test func rowOrderedFloatsAreNotCopied() throws {
    let file = try WeightFile.open(golden("general.safetensors"))
    let matrix = try #require(file["matrix"])
    #expect(matrix.isViewOfFile)
    let first = try matrix.withFloats { $0.baseAddress }
    #expect(try matrix.withFloats { $0.baseAddress } == first)
    #expect(try #require(file["half"]).isViewOfFile == false)
    #expect(
      try #require(try WeightFile.open(golden("general.pt"))["transposed"]).isViewOfFile == false)
  }

  @Test func scriptArchiveIsReadByItsModules() throws {
    let file = try WeightFile.open(golden("script.pt"))
    let expected = try #require(try JSONValue.read(golden("script.json")).object)
    #expect(Set(file.tensors.map(\.name)) == Set(expected.keys))
    for tensor in file.tensors {
      let want = expected[tensor.name]?.numbers?.map { Float($0) }
      #expect(try tensor.floats() == want, "\(tensor.name)")
    }
  }

  @Test func shardedFolderIsTheWholeModel() throws {
    let whole = try WeightFile.open(golden("bert.safetensors"))
    let sharded = try WeightFile.open(golden("sharded"))
    #expect(Set(sharded.tensors.map(\.name)) == Set(whole.tensors.map(\.name)))
    for tensor in whole.tensors {
      #expect(try sharded[tensor.name]?.floats() == tensor.floats())
    }
  }

  @Test func sharedFixturesAreRead() throws {
    guard let root = sharedData("fixtures", for: "sharedFixturesAreRead") else { return }
    let torch = Files.join(root, "torch-npy/candle")
    let fortran = try WeightFile.open(Files.join(torch, "fortran_tensor_3d.pth"))
    let tensor = try #require(fortran["tensor_fortran"])
    #expect(tensor.shape == [2, 3, 4])
    #expect(try tensor.floats() == (1...24).map { Float($0) })
    #expect(
      try WeightFile.open(Files.join(torch, "test_with_key.pt"))["model_state_dict.test"]?.shape
        == [2, 4])
    #expect(try WeightFile.open(Files.join(torch, "test.npz")).tensors.map(\.name).count == 2)
    let safe = Files.join(root, "safetensors/swift-transformers")
    for name in try Files.list(safe) where name.hasSuffix(".safetensors") {
      let file = try WeightFile.open(Files.join(safe, name))
      #expect(try file.tensors[0].floats().count == file.tensors[0].count, "\(name)")
    }
  }
}
