import Artifacts
import Language
import Platform

/// Runs tokenisers and encoders for scripts that compare them with their references.
@main struct LanguageBenchmark {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "tokens" where arguments.count == 3: try tokens(arguments[1], arguments[2])
    default:
      throw Fault(
        .usage, "unknown arguments", remedy: "benchmark-language tokens clip|cased|uncased FILE")
    }
  }

  /// Answers each line, a JSON string, with the list of its tokens.
  private static func tokens(_ kind: String, _ path: String) throws {
    let tokeniser: any Tokeniser =
      kind == "clip"
      ? BytePairTokeniser(try BytePairVocabulary(file: path))
      : try WordPieceTokeniser(file: path, uncased: kind == "uncased")
    while let line = readLine() {
      guard let text = try JSONValue.parse(line).string else {
        throw Fault(.badInput, "a line is not a JSON string")
      }
      print(JSONValue(try tokeniser.encode(text)).canonical)
    }
  }
}
