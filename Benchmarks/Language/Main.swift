import Artifacts
import Language
import Networks
import Neural
import Platform
import Tensors

/// Runs tokenisers and encoders for scripts that compare them with their references.
@main struct LanguageBenchmark {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("tokens", 3): try tokens(arguments[1], arguments[2])
    case ("clip-text", 4), ("clip-image", 4), ("bert", 4):
      try Parity(weights: arguments[1], inputs: arguments[2]).run(arguments[0], to: arguments[3])
    case ("time", 2...): try Timing(Array(arguments.dropFirst())).run()
    default:
      throw Fault(
        .usage, "unknown arguments",
        remedy: "tokens clip|cased|uncased FILE; clip-text|clip-image|bert WEIGHTS INPUTS OUTPUT; "
          + "time text|image [threads=N] [batch=N] [clock=processor]")
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

/// One pass through a network of given weights, written to a file.
struct Parity {
  private let weights: SafetensorsFile
  private let inputs: SafetensorsFile

  init(weights: String, inputs: String) throws {
    self.weights = try SafetensorsFile(weights)
    self.inputs = try SafetensorsFile(inputs)
  }

  func run(_ what: String, to path: String) throws {
    let y =
      switch what {
      case "clip-text": try text()
      case "bert": try bert()
      default: try image()
      }
    try Checkpoint.save([NamedTensor("embeddings", y)], to: path)
  }

  private func texts() throws -> [[Int]] {
    let rows = try JSONValue.parse(inputs.metadata["texts"] ?? "").array ?? []
    return rows.map { ($0.array ?? []).compactMap(\.integer) }
  }

  private func text() throws -> Tensor {
    let configuration = try TextTransformer.Configuration(weights, prefix: "")
    return try TextTransformer(configuration, from: ParameterSource(weights))
      .forward(texts(), training: false)
  }

  private func bert() throws -> Tensor {
    let configuration = try BERT.Configuration(weights, prefix: "")
    return try BERT(configuration, pooling: .mean, from: ParameterSource(weights))
      .forward(texts(), training: false)
  }

  private func image() throws -> Tensor {
    let configuration = try VisionTransformer.Configuration(weights, prefix: "visual.")
    let entry = try inputs.require("images", .float32)
    return try VisionTransformer(
      configuration, from: ParameterSource(weights, filePrefix: "visual.")
    ).forward(Tensor(entry.shape, values: inputs.floats(entry)), training: false)
  }
}
