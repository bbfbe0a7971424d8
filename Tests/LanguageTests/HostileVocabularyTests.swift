import Language
import Platform
import Testing

/// Damaged or hostile vocabularies are refused by name; none crashes or hangs.
@Suite struct HostileVocabularyTests {
  private func refusal(_ files: [String: String], _ read: (String) throws -> Void) throws -> String
  {
    let folder = try TemporaryDirectory()
    for (name, text) in files { try Files.write(text, to: Files.join(folder.path, name)) }
    do {
      try read(folder.path)
    } catch let fault as Fault {
      return "\(fault)"
    }
    return "accepted"
  }

  @Test(arguments: [
    ("i n\nt h\n", "#version"), ("#version: 1\nin\n", "two symbols"),
    ("#version: 1\na b c\n", "two symbols"), ("#version: 1\nzz a\n", "no symbol 'zz'"),
    ("#version: 1\na b\na b\n", "a second time"), ("", "#version"),
    ("#version\n\u{20AC} a\n", "no symbol"),
  ])
  func merges(_ text: String, _ reason: String) throws {
    let message = try refusal(["bpe.txt": text]) {
      _ = try BytePairVocabulary(file: Files.join($0, "bpe.txt"))
    }
    #expect(message.contains(reason), "\(message)")
  }

  @Test(arguments: [
    ("[]", "not a map"), (#"{"a": "b"}"#, "not a number of its own"), (#"{"a": 1}"#, "below 1"),
    (#"{"a": 0, "b": 0}"#, "not a number of its own"), (#"{"a": 0}"#, "no symbol"),
    (#"{"a": 0"#, "JSON"),
    (#"{"a": 0, "a": 1}"#, "twice"), (#"{"a": -1}"#, "not a number of its own"),
  ])
  func vocabularies(_ text: String, _ reason: String) throws {
    let message = try refusal(["vocab.json": text, "merges.txt": "#version: 0.2\n"]) {
      _ = try BytePairVocabulary(file: Files.join($0, "vocab.json"))
    }
    #expect(message.contains(reason), "\(message)")
  }

  @Test(arguments: [
    ("[PAD]\n[UNK]\n[CLS]\n", "'[SEP]'"), ("[UNK]\n\n[CLS]\n", "line of its own"),
    ("[UNK]\n[CLS]\n[SEP]\na\na\n", "twice"), ("", "'[UNK]'"),
  ])
  func pieces(_ text: String, _ reason: String) throws {
    let message = try refusal(["vocab.txt": text]) {
      _ = try WordPieceTokeniser(file: Files.join($0, "vocab.txt"))
    }
    #expect(message.contains(reason), "\(message)")
  }

  /// Random damage to a good file: accepted or refused, never anything else.
  @Test func damagedFiles() throws {
    let good = try Files.read(TokeniserTests.golden("bpe.txt"))
    let folder = try TemporaryDirectory()
    let path = Files.join(folder.path, "bpe.txt")
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<200 {
      var bytes = good
      for _ in 0..<3 {
        bytes[Int(generator.uniform(0, Double(bytes.count)))] = UInt8(generator.uniform(0, 256))
      }
      try Files.write(bytes.prefix(Int(generator.uniform(0, Double(bytes.count)))), to: path)
      if let vocabulary = try? BytePairVocabulary(file: path) {
        _ = try BytePairTokeniser(vocabulary).encode("a person's expression \u{1F600}")
      }
      if let tokeniser = try? WordPieceTokeniser(file: path) {
        _ = try tokeniser.encode("a person")
      }
    }
  }
}
