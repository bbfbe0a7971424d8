import Artifacts
import Imaging
import Networks
import Platform
import Testing
import Weights

/// Files as people have them (Tests/Golden/checkpoints.py): what nobody wants does not matter.
@Suite struct CheckpointTests {
  private func encoder(_ name: String) throws -> Architecture {
    try EncoderCatalogue.standard.kind(name).architecture
  }

  private func isSame(_ a: ImportedWeights, _ b: ImportedWeights) throws {
    #expect(a.tensors.map(\.name) == b.tensors.map(\.name))
    for (first, second) in zip(a.tensors, b.tensors) {
      #expect(first.shape == second.shape)
      #expect(try first.floats() == second.floats(), "\(first.name)")
    }
  }

  @Test(arguments: ["company.pt", "company-legacy.pt"])
  func whatNobodyReadsDoesNotMatter(name: String) throws {
    let file = try WeightFile.open(golden(name))
    #expect(file["state_dict.weight"]?.shape == [4, 3])
    #expect(file["state_dict.attributed"]?.shape == [2, 3])
    #expect(file["defaults.a"]?.shape == [2])
    #expect(try file["words"]?.floats() == [0, 1, 65535])
    let unread = Set(file.unread.map(\.name))
    #expect(
      unread.isSuperset(of: ["phase", "eighths", "sparse", "quantised", "repeated", "names"]),
      "\(unread)")
    #expect(file.opaque.contains { $0.hasSuffix(".Keeper") }, "\(file.opaque)")
    #expect(file.opaque.contains("collections.Counter"), "\(file.opaque)")
  }

  @Test func theSameNumbersFromBothFormats() throws {
    let new = try WeightFile.open(golden("company.pt"))
    let old = try WeightFile.open(golden("company-legacy.pt"))
    for name in ["state_dict.weight", "state_dict.attributed", "defaults.a"] {
      #expect(try #require(new[name]).floats() == old[name]?.floats(), "\(name)")
    }
  }

  @Test func aWantedTensorThatCannotBeReadIsNamedWithItsType() throws {
    let found = try #require(
      fault { _ = try ImportedWeights.open(golden("eighths.pt"), as: encoder("resnet18")) })
    #expect(found.message.contains("'conv1.weight' has elements of the type torch.float8_e5m2"))
    #expect(!found.message.contains("'conv1.weight' [64, 3, 7, 7] is missing"))
  }

  @Test func safetensorsOfOtherTypesAreLeftOut() throws {
    let file = try WeightFile.open(golden("eighths.safetensors"))
    #expect(file.tensors.map(\.name) == ["weight"])
    #expect(try file.tensors[0].floats().count == 6)
    #expect(file.unread.map(\.name).sorted() == ["eighths", "phase"])
    #expect(file.unread.contains { $0.fault.message.contains("F8_E4M3") })
  }

  /// A hostile name beside weights stays a name: the weights are read, and it is reported.
  @Test func opaqueNamesAreReported() throws {
    let folder = try TemporaryDirectory()
    // {'a': os.system('id'), 'b': numpy.float32 of four bytes}
    let bytes =
      [0x80, 2, 0x7D, 0x28, 0x58, 1, 0, 0, 0, 0x61] + Array("cposix\nsystem\n(S'id'\ntR".utf8)
      + [0x58, 1, 0, 0, 0, 0x62]
      + Array("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f4'\ntRU\u{4}".utf8)
      + [0, 0, 0x20, 0x40] + Array("tRu.".utf8)
    try Files.write(bytes, to: folder("a.pkl"))
    let file = try WeightFile.open(folder("a.pkl"))
    #expect(file.opaque == ["posix.system"])
    #expect(try file["b"]?.floats() == [2.5])
  }

  @Test(arguments: ["residual-sequential.safetensors", "residual-sequential.pt"])
  func countedPartsAreTheNamedOnes(name: String) throws {
    let named = try ImportedWeights.open(golden("residual.safetensors"), as: encoder("resnet18"))
    let counted = try ImportedWeights.open(golden(name), as: encoder("resnet18"))
    try isSame(named, counted)
    #expect(counted.prefix.hasSuffix("features."))
    #expect(counted.configuration == named.configuration)
  }

  @Test(arguments: ["arrays-2.pkl", "arrays-4.pkl", "arrays-5.pkl", "arrays-bytes.pkl"])
  func barePicklesOfArraysAreRead(name: String) throws {
    #expect(try WeightFile.open(golden(name)).format == .pickle)
    let named = try ImportedWeights.open(golden("residual.safetensors"), as: encoder("resnet18"))
    try isSame(named, try ImportedWeights.open(golden(name), as: encoder("resnet18")))
  }

  @Test(arguments: [
    (["conv1.0.weight", "conv1.6.weight", "layer1.0.conv1.weight", "bn1.weight"], "ResNet-D"),
    (
      ["features.0.0.weight", "features.1.0.attn.relative_position_bias_table"],
      "torchvision's Swin Transformer"
    ),
    (
      [
        "model.cls_token", "model.pos_embed", "model.patch_embed.proj.weight",
        "model.blocks.0.attn.qkv.weight",
      ], "Vision Transformer under timm's names"
    ),
    (["input_layer.0.weight", "body.0.res_layer.1.weight"], "ArcFace"),
  ])
  func anotherNetworkIsNamed(names: [String], network: String) throws {
    let folder = try TemporaryDirectory()
    let path = folder("a.safetensors")
    let writer = try SafetensorsWriter(path, tensors: names.map { ($0, .float32, [1]) })
    for _ in names { try writer.append([Float(1)]) }
    try writer.finish()
    for name in ["resnet18", "swin-t", "vit-b-16"] {
      let found = try #require(
        fault { _ = try ImportedWeights.open(path, as: encoder(name)) }, "\(name)")
      #expect(found.message.contains(network), "\(found)")
      #expect(!found.message.contains("\n"), "one line: \(found)")
    }
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
    ("<!DOCTYPE html><html>", "web page"), ("\n <HTML>", "web page"),
    ("<?xml version=\"1.0\"?><Error/>", "web page"),
  ])
  func whatIsNoWeightsIsNamed(text: String, what: String) throws {
    let folder = try TemporaryDirectory()
    for name in ["a.safetensors", "a.pth", "a.bin"] {
      try Files.write(text, to: folder(name))
      let found = try #require(fault { _ = try WeightFile.open(folder(name)) })
      #expect(found.message.contains(what) && found.remedy != nil, "\(name): \(found)")
    }
  }

  /// Byte 0 of a stored tensor is changed: all lengths agree, the checksum does not.
  @Test func damagedStoredEntriesAreFound() throws {
    let folder = try TemporaryDirectory()
    var bytes = try Files.read(golden("general.pt"))
    let file = try WeightFile.open(golden("general.pt"))
    let value = try #require(file["matrix"]).floats()[0]
    let pattern = withUnsafeBytes(of: value) { Array($0) }
    let second = try withUnsafeBytes(of: #require(file["matrix"]).floats()[1]) { Array($0) }
    let place = try #require(
      (0..<bytes.count - 8).first {
        bytes[$0..<$0 + 4].elementsEqual(pattern) && bytes[$0 + 4..<$0 + 8].elementsEqual(second)
      })
    bytes[place] ^= 0xFF
    try Files.write(bytes, to: folder("a.pt"))
    let damaged = try WeightFile.open(folder("a.pt"))
    let found = fault { _ = try damaged["matrix"]?.floats() }
    #expect(found?.message.contains("checksum differs") == true, "\(String(describing: found))")
    #expect(try damaged["scalar"]?.floats() == [2.5], "other entries are whole")
  }

  /// Turned filters on red first give what the file's filters give on blue first.
  @Test func filtersOfBlueFirstAreTurned() throws {
    let folder = try TemporaryDirectory()
    let weights = try ImportedWeights.open(golden("residual.safetensors"), as: encoder("resnet18"))
    let known = try KnownWeights.named("resnet18-msceleb-bgr")
    let input = try #require(known.input)
    let description: JSONValue = ["input": input.json]
    try weights.write(
      to: folder("a.safetensors"), turnsColours: input.isBlueFirst, description: description)
    let turned = try ImportedWeights.open(folder("a.safetensors"), as: encoder("resnet18"))
    let old = try #require(weights["conv1.weight"]).floats()
    let new = try #require(turned["conv1.weight"]).floats()
    for index in old.indices {
      let (filter, rest) = (index / 147, index % 147)
      #expect(new[index] == old[filter * 147 + (2 - rest / 49) * 49 + rest % 49])
    }
    #expect(try turned["bn1.weight"]?.floats() == weights["bn1.weight"]?.floats())
    let normalisation = try #require(Normalisation(published: description))
    #expect(
      normalisation
        == Normalisation(mean: [0.406, 0.456, 0.485], standardDeviation: [0.225, 0.224, 0.229]))
    #expect(
      try EncoderCatalogue.standard.kind("resnet18").normalisation(description) == normalisation)
    #expect(try EncoderCatalogue.standard.kind("resnet18").normalisation(.null) == .imageNet)
  }

  @Test func faceWeightsAreKnownByName() throws {
    #expect(try KnownWeights.named("resnet18-ijba").input?.standardDeviation == [1, 1, 1])
    #expect(try KnownWeights.named("resnet18-msceleb").input?.isBlueFirst == false)
    let found = fault { _ = try KnownWeights.named("resnet18-msceleb-rgb") }
    #expect(found?.remedy?.contains("resnet18-msceleb") == true)
  }
}
