import Artifacts
import Methods
import Networks
import ONNX
import Platform
import StageKit

/// `ferry-export`: a model in the forms that other programs load.
@main struct Export: Stage {
  static let contract = Contract(
    name: "export", revision: 1,
    summary: "Write a model as ONNX and as safetensors with the ecosystem's names.",
    parameters: [
      ContractParameter(
        "formats", .list(.choice(["onnx", "safetensors"])), default: ["onnx", "safetensors"],
        help: "What to write.")
    ],
    inputs: [ContractPort("model", help: "The model.")],
    outputs: [
      ContractPort(
        "files",
        help: "model.onnx, model.safetensors and model.json with classes, preprocessing "
          + "and terms.")
    ])

  static func run(_ context: StageContext) throws {
    let file = try ModelFile(context.input("model"))
    let source = ExportSource(
      file.tensors, imageSize: file.description.preprocessing.imageSize)
    let encoder = try EncoderCatalogue.standard.export(
      file.description.encoder, at: file.tensors.path)
    let head = try HeadExport(source, file.description)
    let formats = Set(context.parameters.strings("formats"))
    let directory = context.output("files")
    let card = ExportCard(file.description, head: head)
    if formats.contains("onnx") {
      try Files.write(
        try onnx(encoder, head, source, card), to: Files.join(directory, "model.onnx"))
    }
    try context.checkCancellation()
    if formats.contains("safetensors") {
      try source.write(
        try head.tensors(encoder, source), encoder, metadata: card.entries,
        to: Files.join(directory, "model.safetensors"))
    }
    try Files.write(card.json.pretty, to: Files.join(directory, "model.json"))
    try context.seal("files", metadata: card.json)
  }

  /// Pictures to features, logits and probabilities; the class embeddings are the last layer.
  private static func onnx(
    _ encoder: any EncoderExport, _ head: HeadExport, _ source: ExportSource, _ card: ExportCard
  ) throws -> [UInt8] {
    var graph = ONNXGraph(name: "ferry")
    let side = source.imageSize
    let pixels = graph.input("pixels", [.named("N"), 3, .size(side), .size(side)])
    let features = try encoder.build(source, pixels, into: &graph)
    let logits = head.build(features, into: &graph)
    let probabilities = graph.node("Softmax", [logits], ["axis": .integer(1)])
    let k = head.classCount
    graph.output("probabilities", probabilities, [.named("N"), .size(k)])
    graph.output("logits", logits, [.named("N"), .size(k)])
    graph.output("features", features, [.named("N"), .size(head.width)])
    return graph.model(
      producer: "ferry", version: ferryVersion, description: card.summary, metadata: card.entries)
  }
}
