import Language
import Networks
import Platform
import Weights

/// The files of models: weights of every form, vocabularies and lists of merges.
enum ModelFiles {
  static let targets: [FuzzTarget] = [
    FuzzTarget(
      name: "weights", summary: "safetensors, PyTorch's zips and pickles, npy, npz",
      corpus: { try stored("WeightsTests", weights) },
      read: { bytes in try withFile(bytes, "weights.bin", readWeights) }),
    FuzzTarget(
      name: "merges", summary: "byte-pair merges as OpenAI keeps them",
      corpus: { try stored("LanguageTests", ["bpe.txt"]) + [headed("a b\na c</w>\n")] },
      read: { bytes in
        try withFile(bytes, "bpe.txt") { try encode(BytePairTokeniser(.init(file: $0))) }
      }),
    FuzzTarget(
      name: "vocabulary", summary: "vocab.json, a zero byte, merges.txt",
      corpus: { vocabularies() },
      read: { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let folder = try TemporaryDirectory("ferry-fuzz")
        try Files.write(Array(parts[0]), to: folder("vocab.json"))
        try Files.write(Array(parts.dropFirst().first ?? []), to: folder("merges.txt"))
        try encode(BytePairTokeniser(.init(file: folder("vocab.json"))))
      }),
    FuzzTarget(
      name: "pieces", summary: "vocab.txt of word pieces",
      corpus: {
        try stored("LanguageTests", ["vocab.txt"]) + [Array("[UNK]\n[CLS]\n[SEP]\na\n##b\n".utf8)]
      },
      read: { bytes in
        try withFile(bytes, "vocab.txt") { try encode(WordPieceTokeniser(file: $0)) }
      }),
    FuzzTarget(
      name: "prompt", summary: "texts, as both tokenisers take them",
      corpus: { texts.map { Array($0.utf8) } },
      read: { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try BytePairTokeniser(.init(openAI: golden("LanguageTests", "bpe.txt")))
          .sequence(text, limit: BytePairTokeniser.contextLength)
        _ = try WordPieceTokeniser(file: golden("LanguageTests", "vocab.txt"))
          .sequence(text, limit: 512)
      }),
  ]

  private static let weights = [
    "general.safetensors", "big-endian.npy", "general.npz", "packed.npz", "general.pt",
    "general-legacy.pt", "deflated.pt", "script.pt", "align.safetensors", "company.pt",
    "company-legacy.pt", "arrays-2.pkl", "arrays-5.pkl", "eighths.safetensors",
  ]

  /// Texts that the clean-up and the splitting treat in different ways.
  private static let texts = [
    "a photo of a person making an anger facial expression.", "l\u{2019}humanit\u{E9} &eacute;",
    "Ã©tude <|endoftext|> it's 12³ \u{345}", "[CLS] 表情 [MASK] naïve ﬁne \u{1F600}\u{200D}",
  ]

  private static func golden(_ room: String, _ name: String) -> String {
    "Tests/\(room)/Golden/\(name)"
  }

  private static func stored(_ room: String, _ names: [String]) throws -> [[UInt8]] {
    try names.map { try Files.read(golden(room, $0), limit: 1 << 20) }
  }

  private static func headed(_ lines: String) -> [UInt8] { Array("#version: 0.2\n\(lines)".utf8) }

  private static func withFile(
    _ bytes: [UInt8], _ name: String, _ body: (String) throws -> Void
  ) throws {
    let folder = try TemporaryDirectory("ferry-fuzz")
    try Files.write(bytes, to: folder(name))
    try body(folder(name))
  }

  private static func encode(_ tokeniser: some Tokeniser) throws {
    for text in texts { _ = try tokeniser.sequence(text, limit: 77) }
  }

  @Sendable private static func readWeights(_ path: String) throws {
    let file = try WeightFile.open(path)
    for tensor in file.tensors { _ = try? tensor.floats() }
    for architecture in Architecture.all { _ = try? ImportedWeights(file, as: architecture) }
  }

  /// A whole vocabulary of single bytes and two merges, and one that lacks almost everything.
  private static func vocabularies() -> [[UInt8]] {
    let bytes = BytePairVocabulary.characters.map { String($0) }
    let symbols =
      bytes + bytes.map { $0 + "</w>" } + ["th", "the</w>", "<|startoftext|>", "<|endoftext|>"]
    let members = symbols.enumerated().map { index, symbol in
      "\(quoted(symbol)): \(index)"
    }
    let whole = Array("{\(members.joined(separator: ", "))}".utf8)
    return [
      whole + [0] + headed("t h\nth e</w>\n"),
      Array("{\"a\": 0, \"b\": 1}".utf8) + [0] + headed("a b\n"),
    ]
  }

  /// A JSON string of a symbol that may hold a quote or a backslash.
  private static func quoted(_ symbol: String) -> String {
    let escaped = symbol.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "\"\(String(escaped))\""
  }
}
