import Artifacts
import Language
import Methods
import Platform
import Samples
import StageKit
import Tensors

/// `ferry-embed`: embeddings of the classes from a frozen text encoder or its offline stand-in.
@main struct Embed: Stage {
  static let contract = EmbedContract.contract

  static func examination() -> [StageFinding] {
    [
      .kernels(
        MatrixKernels.summary, library: MatrixKernels.library,
        problem: MatrixKernels.current.problem)
    ]
  }

  static func run(_ context: StageContext) throws {
    ThreadPool.threads = context.threads
    let encoder = try EncoderChoice(context)
    let embeddings: ClassEmbeddings
    var each: PromptEmbeddings?
    switch encoder {
    case .circumplex: embeddings = try circumplex(context)
    case .file(let path): embeddings = try readFile(path, context)
    case .text(let kind, let path):
      let result = try TextEmbedding(context).embed(kind, weights: path)
      (embeddings, each) = (result.classes, result.each)
    }
    try embeddings.write(
      to: Files.join(context.output("embeddings"), ClassEmbeddings.fileName), each: each)
    var metadata: [String: JSONValue] = [
      "encoder": .string(encoder.name), "classes": JSONValue(embeddings.classes),
      "prompts": JSONValue(embeddings.prompts), "width": .integer(embeddings.width),
    ]
    var rows = ["classes": embeddings.classes.count]
    if let each {
      metadata["ensemble"] = .string(context.parameters.string("ensemble"))
      rows["prompts"] = each.prompts.count
    }
    try context.seal("embeddings", rows: rows, metadata: .object(metadata))
  }

  private static func circumplex(_ context: StageContext) throws -> ClassEmbeddings {
    let templates = try TextEmbedding.templates(context)
    guard templates.count == 1 else {
      throw Fault(
        .usage, "encoder circumplex takes one template, it knows no ensembles",
        remedy: "its numbers do not depend on the prompt")
    }
    let classes = context.parameters.optionalStrings("classes") ?? ClassList.seven.names
    return try ClassEmbeddings.circumplex(
      classes, prompts: classes.map { templates[0].prompt(for: $0) },
      width: context.parameters.integer("width"))
  }

  private static func readFile(_ given: String, _ context: StageContext) throws -> ClassEmbeddings {
    let path = Files.isDirectory(given) ? Files.join(given, ClassEmbeddings.fileName) : given
    let embeddings = try ClassEmbeddings(file: path)
    guard let wanted = context.parameters.optionalStrings("classes") else { return embeddings }
    return try embeddings.selecting(wanted, from: path)
  }
}

/// Which encoder runs, on what.
enum EncoderChoice {
  case circumplex
  case file(String)
  case text(TextEncoderKind, weights: String)

  var name: String {
    switch self {
    case .circumplex: "circumplex"
    case .file: "file"
    case .text(let kind, _): kind.name
    }
  }

  /// - Throws: `Fault` where the parameter and the inputs do not go together.
  init(_ context: StageContext) throws {
    let weights = context.optionalInput("weights")
    let asked = context.parameters.optionalString("encoder")
    switch (asked, weights) {
    case (nil, nil), ("circumplex", nil): self = .circumplex
    case ("circumplex", let path?):
      throw Fault(
        .usage, "encoder circumplex takes no weights, but '\(path)' was given",
        remedy: "set another encoder, or leave the input out")
    case ("file", nil):
      throw Fault(
        .usage, "encoder file needs a file of embeddings",
        remedy: "add --in weights=FILE.safetensors")
    case ("file", let path?): self = .file(path)
    case (let name?, nil):
      throw Fault(
        .missingInput, "encoder \(name) needs weights at the input 'weights'",
        remedy: TextEncoderCatalogue.standard[name]?.whereFrom)
    case (let name, let path?):
      let kind = try name.map(TextEncoderCatalogue.standard.kind) ?? Self.kind(of: path)
      self = .text(kind, weights: path)
    }
  }

  /// What imported weights say of themselves.
  private static func kind(of path: String) throws -> TextEncoderKind {
    let catalogue = TextEncoderCatalogue.standard
    if Files.exists(Files.join(path, Artifact.recordName)) {
      let architecture = try Artifact.open(path).metadata["architecture"]?.string
      if let kind = architecture.flatMap(catalogue.kind(ofArchitecture:)) { return kind }
    }
    throw Fault(
      .usage, "nothing says what '\(path)' is",
      remedy: "set encoder to one of file, \(catalogue.names.joined(separator: ", "))")
  }
}
