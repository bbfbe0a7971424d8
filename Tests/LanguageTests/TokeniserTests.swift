import Artifacts
import Language
import Platform
import TestSupport
import Testing

/// Against OpenAI's and Hugging Face's tokenisers; Tests/Golden/tokenisers.py makes the files.
@Suite struct TokeniserTests {
  static func golden(_ name: String) -> String {
    Files.join(Files.join(Files.parent(of: #filePath), "Golden"), name)
  }

  @Test(arguments: ["clip", "uncased", "cased"])
  func idsAreTheReferences(_ kind: String) throws {
    let tokeniser: any Tokeniser =
      kind == "clip"
      ? BytePairTokeniser(try BytePairVocabulary(file: Self.golden("bpe.txt")))
      : try WordPieceTokeniser(file: Self.golden("vocab.txt"), uncased: kind == "uncased")
    let rows = try #require(try JSONValue.read(Self.golden("tokens.json")).array)
    #expect(rows.count == 300)
    for row in rows {
      let text = try #require(row["text"]?.string)
      let expected = try #require(row[kind]?.array).map(\.integer)
      let ids = try tokeniser.encode(text)
      #expect(ids == expected, "\(text.debugDescription)")
      #expect(ids.allSatisfy { (0..<tokeniser.vocabularySize).contains($0) })
    }
  }

  @Test(
    .enabled(if: testData != nil, "FERRY_TEST_DATA is not set"),
    arguments: [
      "openai-CLIP/bpe_simple_vocab_16e6.txt.gz", "apple-ml-stable-diffusion/vocab.json",
    ])
  func openAIsVectors(_ vocabulary: String) throws {
    let clip = Files.join(try #require(testData), "clip")
    let path = Files.join(clip, vocabulary)
    let vectors = Files.join(clip, "clip_token_vectors.json")
    let tokeniser = BytePairTokeniser(try BytePairVocabulary(file: path))
    #expect(tokeniser.vocabularySize == 49408)
    #expect(tokeniser.vocabulary.start == 49406 && tokeniser.vocabulary.end == 49407)
    let rows = try #require(try JSONValue.read(vectors)["vectors"]?.array)
    #expect(rows.count == 132)
    for row in rows {
      let text = try #require(row["text"]?.string)
      let ids = try tokeniser.encode(text)
      #expect(ids == row["ids"]?.array?.map(\.integer), "\(text.debugDescription)")
    }
  }

  @Test func longTextsAreCutAndSaySo() throws {
    let tokeniser = BytePairTokeniser(try BytePairVocabulary(file: Self.golden("bpe.txt")))
    let short = try tokeniser.sequence("a photo", limit: 77)
    #expect(short.dropped == 0)
    #expect(short.ids.first == tokeniser.vocabulary.start)
    #expect(short.ids.last == tokeniser.vocabulary.end)
    let long = try tokeniser.sequence(String(repeating: "q ", count: 100), limit: 77)
    #expect(long.ids.count == 77 && long.dropped == 25)
    #expect(long.ids.last == tokeniser.vocabulary.end)
    #expect(throws: Fault.self) {
      try tokeniser.encode(String(repeating: "q", count: BytePairTokeniser.textLimit + 1))
    }
    let longest = String(repeating: "q", count: BytePairTokeniser.textLimit)
    #expect(try tokeniser.encode(longest).count > 77)
  }

  @Test func normalFormsFollowUnicode() {
    func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
    for (text, decomposed, composed) in [
      ("\u{1E9B}\u{323}", "\u{17F}\u{323}\u{307}", "\u{1E9B}\u{323}"),
      ("\u{212B}", "A\u{30A}", "\u{C5}"), ("\u{D55C}", "\u{1112}\u{1161}\u{11AB}", "\u{D55C}"),
      ("e\u{301}\u{323}", "e\u{323}\u{301}", "\u{1EB9}\u{301}"),
      ("\u{958}", "\u{915}\u{93C}", "\u{915}\u{93C}"), ("plain", "plain", "plain"),
    ] {
      #expect(NormalForm.decomposed(scalars(text)) == scalars(decomposed))
      #expect(NormalForm.composed(scalars(text)) == scalars(composed))
      #expect(NormalForm.composed(scalars(decomposed)) == scalars(composed))
    }
  }
}
