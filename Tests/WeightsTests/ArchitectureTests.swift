import Artifacts
import Networks
import Platform
import Testing
import Weights

/// Names of every spelling lead to one, with the same numbers.
@Suite struct ArchitectureTests {
  private func encoder(_ name: String) throws -> Architecture {
    try EncoderCatalogue.standard.kind(name).architecture
  }

  private func same(_ a: ImportedWeights, _ b: ImportedWeights) throws {
    #expect(a.tensors.map(\.name) == b.tensors.map(\.name))
    for (first, second) in zip(a.tensors, b.tensors) {
      #expect(first.shape == second.shape)
      #expect(try first.floats() == second.floats(), "\(first.name)")
    }
  }

  /// The golden script proves with open_clip and transformers that both files are one network.
  @Test func clipIsTheSameInBothSpellings() throws {
    let openAI = try ImportedWeights.open(golden("clip-openai.pt"), as: .clip)
    let hugging = try ImportedWeights.open(golden("clip-hf.safetensors"), as: .clip)
    try same(openAI, hugging)
    #expect(openAI["visual.proj"]?.shape == [8, 6])
    #expect(openAI["transformer.resblocks.0.attn.in_proj_weight"]?.shape == [24, 8])
    #expect(openAI["logit_scale"]?.shape == [])
    #expect(openAI.configuration["image"]?["image_size"] == 16)
    #expect(openAI.configuration["text"]?["context"] == 9)
    #expect(openAI.configuration == hugging.configuration)
  }

  @Test func clipOfAnotherSizeIsRefusedByName() throws {
    let found = fault {
      _ = try ImportedWeights.open(golden("clip-openai.pt"), as: encoder("vit-b-16"))
    }
    #expect(found?.message.contains("ViT-B/16 has width 768, 12 layers and patch 16") == true)
  }

  @Test func bertIsTheSameInBothSpellings() throws {
    let new = try ImportedWeights.open(golden("bert.safetensors"), as: .bert)
    let old = try ImportedWeights.open(golden("bert-old.bin"), as: .bert)
    let common = new.tensors.filter { !$0.name.hasPrefix("pooler") }
    #expect(common.map(\.name) == old.tensors.map(\.name))
    for tensor in common {
      #expect(try old[tensor.name]?.floats() == tensor.floats(), "\(tensor.name)")
    }
    #expect(old.unused.contains { $0.name.hasPrefix("cls.") })
    #expect(new.configuration["layers"] == 1 && new.configuration["hidden"] == 16)
    try same(try ImportedWeights.open(golden("sharded"), as: .sentence), new)
  }

  @Test func jointModelsGiveTheirTextTowers() throws {
    let blip = try ImportedWeights.open(golden("blip.safetensors"), as: .blip)
    #expect(blip["text_projection.weight"]?.shape == [4, 8])
    #expect(blip["text_projection.bias"]?.shape == [4])
    #expect(blip["encoder.layer.0.attention.self.query.weight"]?.shape == [8, 8])
    #expect(!blip.tensors.contains { $0.name.contains("crossattention") })
    let align = try ImportedWeights.open(golden("align.safetensors"), as: .align)
    #expect(align["text_projection.weight"]?.shape == [4, 8])
    #expect(align["embeddings.token_type_embeddings.weight"]?.shape == [2, 8])
    #expect(align.configuration["embedding"] == 4)
  }

  @Test func trainingCheckpointIsUnwrapped() throws {
    let weights = try ImportedWeights.open(golden("resnet18.pth.tar"), as: encoder("resnet18"))
    #expect(weights.prefix == "state_dict.module.")
    #expect(weights["layer4.1.bn2.running_var"]?.shape == [8])
    #expect(weights["fc.weight"] == nil)
    #expect(weights.configuration["features"] == 8)
    #expect(weights.unused.contains { $0.reason == "the classifier" })
    #expect(weights.unused.contains { $0.reason == "another part of the file" })
  }

  @Test func faceSwinIsTheSameInBothSpellings() throws {
    let canonical = try ImportedWeights.open(
      golden("swin-face.safetensors"), as: encoder("swin-t-face"))
    let wrapped = try ImportedWeights.open(golden("swin-face.pt"), as: encoder("swin-t-face"))
    #expect(wrapped.prefix == "state_dict_backbone.module.")
    try same(canonical, wrapped)
    #expect(canonical.configuration["patch"] == 2 && canonical.configuration["window"] == 7)
    #expect(canonical.configuration["features"] == 6)
    let plain = fault {
      _ = try ImportedWeights.open(golden("swin-face.pt"), as: encoder("swin-t"))
    }
    #expect(plain?.message.contains("feature.0.weight' is unexpected") == true)
  }

  @Test func everyProblemIsListed() throws {
    let folder = try TemporaryDirectory()
    let path = folder("model.safetensors")
    let source = try ImportedWeights.open(golden("bert.safetensors"), as: .bert)
    let kept = source.tensors.filter { $0.name != "embeddings.LayerNorm.bias" }
    let writer = try SafetensorsWriter(
      path,
      tensors: kept.map { tensor in
        let isTurned = tensor.name == "encoder.layer.0.output.dense.weight"
        return (tensor.name, .float32, isTurned ? tensor.shape.reversed() : tensor.shape)
      } + [("stranger", .float32, [1])])
    for tensor in kept { try writer.append(try tensor.floats()) }
    try writer.append([Float(0)])
    try writer.finish()
    let message = try #require(fault { _ = try ImportedWeights.open(path, as: .bert) }?.message)
    #expect(message.contains("3 problems"))
    #expect(message.contains("'embeddings.LayerNorm.bias' [8] is missing"))
    #expect(
      message.contains(
        "'encoder.layer.0.output.dense.weight' has the shape [16, 8], expected [8, 16]"))
    #expect(message.contains("'stranger' is unexpected"))
  }

  @Test func publishedFileReadsBackAsItself() throws {
    let folder = try TemporaryDirectory()
    for (name, architecture) in [
      ("clip-hf.safetensors", Architecture.clip),
      ("resnet18.pth.tar", try encoder("resnet18")),
      ("swin-face.pt", try encoder("swin-t-face")), ("blip.safetensors", .blip),
    ] {
      let path = folder("\(architecture.name).safetensors")
      let weights = try ImportedWeights.open(golden(name), as: architecture)
      try weights.write(to: path, namePrefix: "encoder.", description: ["a": 1])
      let again = try ImportedWeights.open(path, as: architecture)
      try same(weights, again)
      #expect(again.tensors.allSatisfy { $0.isViewOfFile || $0.count == 0 })
      #expect(again.configuration == weights.configuration)
    }
  }

  /// The three forms in which MTCNN's weights are handed out hold the same numbers.
  @Test func mtcnnIsTheSameInThreeForms() throws {
    guard let root = sharedData("mtcnn", for: "mtcnnIsTheSameInThreeForms") else { return }
    let torch = try ImportedWeights.open(Files.join(root, "torch-pickle"), as: .mtcnn)
    let raw = try ImportedWeights.open(
      Files.join(root, "raw-float32/mtcnn_model-weights_manifest.json"), as: .mtcnn)
    let numpy = try ImportedWeights.open(Files.join(root, "numpy"), as: .mtcnn)
    #expect(torch.tensors.reduce(0) { $0 + $1.count } == 495_850)
    try same(torch, raw)
    try same(torch, numpy)
    // torch.load gives this for pnet.conv1.weight.flatten()[:3].
    let first = try #require(torch["pnet.conv1.weight"]).floats().prefix(3)
    #expect(first == [-0x1.4e6d400000000p-4, 0x1.abfd1c0000000p-1, 0x1.3f1a660000000p+0])
  }
}

/// The catalogue of public weights says only what can be checked.
@Suite struct CatalogueTests {
  @Test func entriesArePinnedOrSayHow() {
    var names: Set<String> = []
    for entry in KnownWeights.catalogue {
      #expect(names.insert(entry.name).inserted, "\(entry.name) twice")
      #expect(!entry.licence.isEmpty)
      #expect(entry.files.isEmpty == (entry.how != nil), "\(entry.name)")
      for file in entry.files {
        #expect(file.url.hasPrefix("https://"), "\(file.url)")
        #expect(Digest(hex: file.sha256) != nil, "\(entry.name)")
      }
    }
  }

  /// The digests of what lies in the shared data are those of the catalogue.
  @Test func digestsOfFilesAtHandAgree() throws {
    guard let root = sharedData("mtcnn/torch-pickle", for: "digestsOfFilesAtHandAgree") else {
      return
    }
    for name in ["pnet.pt", "rnet.pt", "onet.pt"] {
      let digest = try Digest(ofFile: Files.join(root, name))
      let known = try #require(KnownWeights.holding(digest), "\(name)")
      #expect(known.name == "mtcnn")
      let file = known.files.first { $0.sha256 == digest.hex }
      #expect(file?.url.hasSuffix(name) == true)
      #expect(file?.size == Files.status(Files.join(root, name))?.size)
    }
  }
}
