import Artifacts
import Platform
import Testing

/// `ferry-fetch` and `ferry-import` as a user runs them, on weights made here.
@Suite struct WeightStagesTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-weights") }

  /// A narrow BERT of one layer, and one tensor that it does not have where `stranger`.
  private func makeWeights(stranger: Bool = false) throws {
    try Files.makeDirectories(folder("files"))
    var tensors: [(name: String, shape: [Int])] = []
    func add(_ name: String, _ shape: Int...) { tensors.append((name, shape)) }
    func pair(_ name: String, _ shape: Int...) {
      tensors += [("\(name).weight", shape), ("\(name).bias", [shape[0]])]
    }
    add("bert.embeddings.word_embeddings.weight", 6, 4)
    add("bert.embeddings.position_embeddings.weight", 5, 4)
    add("bert.embeddings.token_type_embeddings.weight", 2, 4)
    pair("bert.embeddings.LayerNorm", 4)
    let layer = "bert.encoder.layer.0"
    for part in ["query", "key", "value"] { pair("\(layer).attention.self.\(part)", 4, 4) }
    pair("\(layer).attention.output.dense", 4, 4)
    pair("\(layer).attention.output.LayerNorm", 4)
    pair("\(layer).intermediate.dense", 8, 4)
    pair("\(layer).output.dense", 4, 8)
    pair("\(layer).output.LayerNorm", 4)
    if stranger { add("stranger", 1) }
    let writer = try SafetensorsWriter(
      folder("files/model.safetensors"), tensors: tensors.map { ($0.name, .float32, $0.shape) })
    for (index, tensor) in tensors.enumerated() {
      let count = tensor.shape.reduce(1, *)
      try writer.append((0..<count).map { Float(index) + Float($0) / 64 })
    }
    try writer.finish()
    try Files.write("[PAD]\n[UNK]\n", to: folder("files/vocab.txt"))
  }

  private func importing(_ settings: String...) throws -> Outcome {
    try Program.run(
      "ferry-import",
      ["run", "--in", "files=\(folder("files"))", "--out", "model=\(folder("model"))", "--replace"]
        + settings.flatMap { ["--set", $0] })
  }

  @Test func importPublishesAModelWithItsVocabulary() throws {
    try makeWeights()
    let outcome = try importing("encoder=bert", "licence=Apache-2.0")
    #expect(outcome.status == 0, "\(outcome.messages)")
    let model = try Artifact.open(folder("model"), kind: "model", schema: 1)
    #expect(model.files.map(\.path) == ["model.safetensors", "vocab.txt"])
    #expect(model.metadata["architecture"] == "bert")
    #expect(model.metadata["licence"] == "Apache-2.0")
    #expect(model.metadata["configuration"]?["vocabulary"] == 6)
    #expect(model.metadata["source"]?["name"] == "files")
    let file = try SafetensorsFile(folder("model/model.safetensors"))
    let entry = try file.require("embeddings.LayerNorm.bias", .float32, shape: [4])
    let expected = (0..<4).map { Float(4) + Float($0) / 64 }
    #expect(try file.floats(entry) == expected)
    let first = model.digest
    #expect(try importing("encoder=bert", "licence=Apache-2.0").status == 0)
    #expect(try Artifact.open(folder("model")).digest == first)
  }

  @Test func importRefusesStrangersUnlessTold() throws {
    try makeWeights(stranger: true)
    let refused = try importing("encoder=bert")
    #expect(refused.status == 65)
    #expect(refused.messages.contains("'stranger' is unexpected"))
    #expect(!Files.exists(folder("model")))
    #expect(try importing("encoder=bert", "unexpected=drop").status == 0)
    let other = try importing("encoder=resnet18")
    #expect(other.status == 65 && other.messages.contains("has no resnet18 weights"))
  }

  @Test func inspectPrintsATable() throws {
    try makeWeights()
    let outcome = try Program.run("ferry-import", ["inspect", folder("files")])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("bert.embeddings.LayerNorm.weight"))
    #expect(outcome.output.contains("F32   [6,4]"))
    #expect(outcome.output.contains("fits: bert, sentence"))
    let json = try JSONValue.parse(
      try Program.run("ferry-import", ["inspect", "--json", folder("files")]).output)
    #expect(json["format"] == "safetensors")
  }

  /// A call of `os.system` stays data that nobody runs; the file is refused for what is wrong with it.
  @Test func hostilePicklesRunNothing() throws {
    let head: [UInt8] = [
      0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
      0x80, 2, 0x4D, 0xE9, 0x03, 0x2E, 0x80, 2, 0x7D, 0x2E,
    ]
    let touched = folder("touched")
    try Files.makeDirectories(folder("files"))
    try Files.write(
      head + Array("cos\nsystem\n(S'touch \(touched)'\ntR.".utf8), to: folder("files/bad.pt"))
    for arguments in [
      ["inspect", folder("files/bad.pt")],
      [
        "run", "--in", "files=\(folder("files"))", "--out", "model=\(folder("model"))", "--set",
        "encoder=resnet18",
      ],
    ] {
      let outcome = try Program.run("ferry-import", arguments)
      #expect(outcome.status == 65)
      #expect(outcome.messages.contains("bad.pt (byte 83): the pickle ends early"))
      #expect(outcome.messages.split(separator: "\n").count == 1)
      #expect(!Files.exists(touched))
    }
  }

  @Test func fetchListsWhatIsKnown() throws {
    let outcome = try Program.run("ferry-fetch", ["list"])
    #expect(outcome.status == 0)
    for word in ["clip-vit-b-16", "licence:", "SHA-256 ", "by hand: "] {
      #expect(outcome.output.contains(word), "\(word)")
    }
  }

  @Test func offlineFetchTakesOnlyWhatIsThere() throws {
    let bytes = Array("weights".utf8)
    let digest = Digest(hashing: bytes)
    let file = "files=[{url: 'https://weights.invalid/w.pt', sha256: \(digest.hex)}]"
    let arguments = [
      "run", "--out", "files=\(folder("out"))", "--set", file, "--reuse", folder("reuse"),
    ]
    let missing = try Program.run(
      "ferry-fetch", arguments, environment: ["FERRY_OFFLINE": "1"])
    #expect(missing.status == 69 && missing.messages.contains("https://weights.invalid/w.pt"))
    #expect(!Files.exists(folder("out")))
    try Files.write(bytes, to: folder("reuse/\(digest.hex)"))
    let found = try Program.run("ferry-fetch", arguments, environment: ["FERRY_OFFLINE": "1"])
    #expect(found.status == 0, "\(found.messages)")
    #expect(try Files.read(folder("out/w.pt")) == bytes)
    #expect(try Artifact.open(folder("out"), kind: "files").files.map(\.path) == ["w.pt"])
  }

  @Test(arguments: [
    ("files=[{url: 'https://a.org/x'}]", "sha256"),
    ("known=[clip-vit-b-61]", "did you mean 'clip-vit-b-"),
    ("known=[swin-t-face]", "by hand"),
    ("files=[{url: 'file:///etc/passwd', sha256: \(String(repeating: "f", count: 64))}]", "https"),
    ("known=[]", "nothing is asked for"),
  ])
  func fetchRefusesWhatItCannotCheck(setting: String, word: String) throws {
    let outcome = try Program.run(
      "ferry-fetch", ["run", "--out", "files=\(folder("out"))", "--set", setting])
    #expect(outcome.status != 0)
    #expect(outcome.messages.contains(word), "\(outcome.messages)")
  }
}
