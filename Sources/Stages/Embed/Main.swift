import Artifacts
import Expressions
import Language
import Platform
import StageKit

/// `ferry-embed`: one embedding a class from a frozen text encoder or its offline stand-in.
@main struct Embed: Stage {
  static let contract = Contract(
    name: "embed", revision: 1,
    summary: "Embed the class names, as a frozen text encoder sees them.",
    parameters: [
      ContractParameter(
        "encoder", .choice(["circumplex", "file"]), default: "circumplex",
        help: "circumplex: numbers from published studies of affect and facial action, "
          + "a stand-in that needs no weights; file: a safetensors file at the input 'weights'."),
      ContractParameter(
        "classes", .list(.string), default: .null,
        help: "The classes to embed; null: the seven basic ones, or all classes of the file."),
      ContractParameter(
        "width", .integer, default: .integer(Circumplex.width), minimum: 128, maximum: 1024,
        help: "Numbers a class of the circumplex: "
          + Circumplex.widths.map(String.init).joined(separator: ", ")
          + ". An encoder of the same width needs no trained layer in between (resnet18: 512 times "
          + "its width)."),
      ContractParameter(
        "template", .string, default: "person-making",
        help: "The prompt: "
          + PromptTemplate.catalogue.compactMap(\.name).joined(separator: ", ")
          + ", or a sentence with {noun} in it."),
    ],
    inputs: [
      ContractPort(
        "weights", optional: true,
        help: "For encoder file: a safetensors file with 'text' [K, d] and 'classes' in its "
          + "metadata, or a folder with embeddings.safetensors.")
    ],
    outputs: [ContractPort("embeddings", help: "One raw embedding a class, with its prompt.")])

  static func run(_ context: StageContext) throws {
    let encoder = context.parameters.string("encoder")
    let embeddings =
      encoder == "file" ? try readFile(context) : try circumplex(context)
    try embeddings.write(to: Files.join(context.output("embeddings"), ClassEmbeddings.fileName))
    try context.seal(
      "embeddings", rows: ["classes": embeddings.classes.count],
      metadata: [
        "encoder": .string(encoder), "classes": JSONValue(embeddings.classes),
        "prompts": JSONValue(embeddings.prompts), "width": .integer(embeddings.width),
      ])
  }

  private static func circumplex(_ context: StageContext) throws -> ClassEmbeddings {
    if let path = context.optionalInput("weights") {
      throw Fault(
        .usage, "encoder circumplex takes no weights, but '\(path)' was given",
        remedy: "set encoder=file, or leave the input out")
    }
    let name = context.parameters.string("template")
    guard let template = PromptTemplate(name) else {
      let near = nearestWord(to: name, among: PromptTemplate.catalogue.compactMap(\.name))
      throw Fault(
        .usage, "'\(name)' is neither a template's name nor a sentence with {noun}",
        remedy: near.map { "did you mean '\($0)'?" })
    }
    let classes =
      context.parameters.optionalStrings("classes") ?? ClassList.seven.names
    return try ClassEmbeddings.circumplex(
      classes, prompts: classes.map { template.prompt(for: $0) },
      width: context.parameters.integer("width"))
  }

  private static func readFile(_ context: StageContext) throws -> ClassEmbeddings {
    guard let given = context.optionalInput("weights") else {
      throw Fault(
        .usage, "encoder file needs a file of embeddings",
        remedy: "add --in weights=FILE.safetensors")
    }
    let path = Files.isDirectory(given) ? Files.join(given, ClassEmbeddings.fileName) : given
    let embeddings = try ClassEmbeddings(file: path)
    guard let wanted = context.parameters.optionalStrings("classes") else { return embeddings }
    return try embeddings.selecting(wanted, from: path)
  }
}
