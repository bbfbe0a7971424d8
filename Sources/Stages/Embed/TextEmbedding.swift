import Artifacts
import Language
import Methods
import Platform
import Samples
import StageKit
import Tensors

/// The steps from class names to embeddings of a text encoder.
struct TextEmbedding {
  /// How several prompts of a class become one embedding.
  enum Ensemble: String, CaseIterable { case normalised, raw, logits, nearest }

  private let context: StageContext

  init(_ context: StageContext) { self.context = context }

  /// The templates that the parameter names.
  static func templates(_ context: StageContext) throws -> [PromptTemplate] {
    let value = context.parameters["template"]
    let names = value.strings ?? value.string.map { [$0] } ?? []
    guard !names.isEmpty else { throw Fault(.usage, "the list of templates is empty") }
    return try names.flatMap { name in
      if let found = PromptTemplate.find(name) { return found }
      let near = nearestWord(to: name, among: PromptTemplate.names)
      throw Fault(
        .usage, "'\(name)' is neither a template's name nor a sentence with {noun} or {adjective}",
        remedy: near.map { "did you mean '\($0)'?" })
    }
  }

  func embed(_ kind: TextEncoderKind, weights: String) throws
    -> (classes: ClassEmbeddings, each: PromptEmbeddings)
  {
    let prompts = try self.prompts()
    var options = TextEncoder.Options(heads: context.parameters.optionalInteger("heads"))
    switch context.parameters.optionalString("activation") {
    case "gelu": options.activation = .gelu
    case "quick-gelu": options.activation = .quickGELU
    default: break
    }
    let encoder = try TextEncoder(
      kind, weights: weights, vocabulary: context.optionalInput("vocabulary"), options: options)
    let result = try encoder.embed(prompts.all)
    for (text, dropped) in result.cut {
      context.warn("\(dropped) tokens did not fit and were cut off: '\(text.prefix(60))'")
    }
    let values = result.embeddings.values
    let each = PromptEmbeddings(
      prompts: prompts.all,
      classes: prompts.prompts.enumerated().flatMap { Array(repeating: $0, count: $1.count) },
      values: values)
    return (try pooled(prompts, values, each, width: encoder.width), each)
  }

  private func prompts() throws -> ClassPrompts {
    let classes = context.parameters.optionalStrings("classes") ?? ClassList.seven.names
    func members(_ name: String) throws -> [String: [String]] {
      try (context.parameters[name].object ?? [:]).mapValues { value in
        guard let words = value.strings ?? value.string.map({ [$0] }) else {
          throw Fault(.usage, "\(name) has \(value.kindName) where words are wanted")
        }
        return words
      }
    }
    return try ClassPrompts(
      ClassList(exactly: classes).names, templates: try Self.templates(context),
      words: try members("words"),
      adjectives: try members("adjectives").mapValues { words in
        guard words.count == 1 else { throw Fault(.usage, "a class has one adjective") }
        return words[0]
      })
  }

  /// One row a class; a class with one prompt keeps its raw embedding.
  private func pooled(
    _ prompts: ClassPrompts, _ values: [Float], _ each: PromptEmbeddings, width: Int
  ) throws -> ClassEmbeddings {
    let ensemble = context.parameters.string("ensemble")
    let normalises = ensemble != Ensemble.raw.rawValue
    let hasSeveral = each.prompts.count > prompts.classes.count
    var rows: [Float] = []
    var next = 0
    for own in prompts.prompts {
      var sum = [Double](repeating: 0, count: width)
      for _ in own {
        let row = values[next * width..<(next + 1) * width]
        let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let factor = own.count > 1 && normalises && length > 0 ? 1 / length : 1
        for (i, value) in row.enumerated() { sum[i] += factor * Double(value) }
        next += 1
      }
      rows += sum.map { Float($0 / Double(own.count)) }
    }
    return try ClassEmbeddings(
      classes: prompts.classes, prompts: prompts.prompts.map { $0.joined(separator: " | ") },
      width: width, values: rows,
      ensemble: hasSeveral
        ? PromptPooling(rawValue: ensemble).map { PromptEnsemble($0, each: each) } : nil)
  }
}
