import Artifacts
import Language
import Neural
import Platform
import Tensors
import Testing

/// Everything that a further text encoder has to say, in one place.
private enum Letters {
  /// The mean of one row a letter, of a table that the file holds.
  static let kind = TextEncoderKind(
    "letters", summary: "a mean of letters", alsoReads: ["alphabet"],
    weightsWanted: "any table of letters", vocabularyNames: ["letters.txt"],
    vocabularyWanted: "letters.txt, one line of letters"
  ) { files, _ in
    let prefix = try files.prefix(of: "letters.weight")
    let shape = files.file["\(prefix)letters.weight"]?.shape ?? []
    let table = try ParameterSource(files.file, filePrefix: prefix)
      .parameter("letters.weight", shape, .zeros).value
    return TextEncoderParts(
      network: Network(table: table),
      tokeniser: Spelling(letters: Array(try Files.readText(files.vocabulary))),
      vocabularyIsExact: true)
  }

  struct Network: TextNetwork {
    let table: Tensor
    let positions = 4
    var width: Int { table.shape[1] }
    var vocabulary: Int { table.shape[0] }

    func embed(_ ids: [[Int]]) -> Tensor {
      let rows = ids.map { ids in
        (0..<width).map { column in
          ids.reduce(Float(0)) { $0 + table.values[$1 * width + column] } / Float(ids.count)
        }
      }
      return Tensor([ids.count, width], values: rows.flatMap { $0 })
    }
  }

  /// No start and no end: how a text is framed is a tokeniser's own matter.
  struct Spelling: Tokeniser {
    let letters: [Character]
    var vocabularySize: Int { letters.count }

    func encode(_ text: String) throws -> [Int] { text.compactMap { letters.firstIndex(of: $0) } }

    func sequence(_ text: String, limit: Int) throws -> TokenSequence {
      let ids = try encode(text)
      return TokenSequence(ids: Array(ids.prefix(limit)), dropped: max(0, ids.count - limit))
    }
  }
}

/// A text encoder that the catalogue takes up is listed, found and run with nothing else told
/// about it.
@Suite struct AddedTextEncoderTests {
  private static let catalogue = TextEncoderCatalogue(
    TextEncoderCatalogue.standard.kinds + [Letters.kind])

  private func folder(_ letters: String) throws -> TemporaryDirectory {
    let folder = try TemporaryDirectory("ferry-language")
    let table = Tensor([3, 2], values: [1, 0, 0, 1, 4, 4])
    try Checkpoint.save(
      [NamedTensor("text.letters.weight", table)], to: folder("model.safetensors"))
    try Files.write(letters, to: folder("letters.txt"))
    return folder
  }

  @Test func itEmbeds() throws {
    let folder = try folder("abc")
    let kind = try Self.catalogue.kind("letters")
    let encoder = try TextEncoder(kind, weights: folder.path)
    #expect(encoder.width == 2)
    let result = try encoder.embed(["ab", "c", "aaaac"])
    #expect(result.embeddings.values == [0.5, 0.5, 4, 4, 1, 0])
    #expect(result.cut.map(\.dropped) == [1])
  }

  @Test func aVocabularyOfAnotherSizeIsRefused() throws {
    let folder = try folder("ab")
    let fault = #expect(throws: Fault.self) {
      try TextEncoder(Letters.kind, weights: folder.path)
    }
    #expect(fault?.message == "the vocabulary has 2 tokens, the weights have 3")
  }

  @Test func whatItLacksIsNamed() throws {
    let folder = try folder("abc")
    try Files.removeTree(folder("letters.txt"))
    let vocabulary = #expect(throws: Fault.self) {
      try TextEncoder(Letters.kind, weights: folder.path)
    }
    #expect(vocabulary?.remedy?.contains("letters.txt, one line of letters") == true)
    let weights = #expect(throws: Fault.self) {
      try TextEncoder(Letters.kind, weights: folder("nothing"))
    }
    #expect(weights?.remedy?.contains("wanted: any table of letters") == true)
    #expect(weights?.remedy?.contains("encoder=letters") == true)
  }

  @Test func itIsListed() throws {
    #expect(Self.catalogue.names.last == "letters")
    #expect(Self.catalogue.summary.hasSuffix("; letters: a mean of letters"))
    #expect(Self.catalogue.kind(ofArchitecture: "alphabet")?.name == "letters")
    #expect(TextEncoderCatalogue.standard["letters"] == nil)
    let fault = #expect(throws: Fault.self) { try Self.catalogue.kind("lettres") }
    #expect(fault?.remedy?.contains("did you mean 'letters'") == true)
  }

  /// The order and the words enter the help of ferry-embed.
  @Test func theStandardOnesKeepTheirWords() {
    let standard = TextEncoderCatalogue.standard
    #expect(standard.names == ["clip", "align", "blip", "sentence"])
    #expect(
      standard.summary == "clip, align, blip: a vision-language model's text tower; "
        + "sentence: a BERT with mean pooling")
    #expect(standard.kind(ofArchitecture: "bert")?.name == "sentence")
    #expect(standard.kinds.filter(\.takesActivation).map(\.name) == ["clip"])
  }
}
