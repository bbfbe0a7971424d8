import Artifacts
import Metrics
import Platform
import Projection
import StageKit
import Tensors

/// `ferry-features`: what a model's encoder makes of faces.
@main struct Features: Stage {
  static let contract = Contract(
    name: "features", revision: 4,
    summary: "Compute the encoder's vectors of faces, and maps and statistics of them.",
    parameters: [
      ContractParameter(
        "split", .choice(["test", "train", "validation", "all"]), default: "test",
        help: "Which rows; test takes all where the data are one whole."),
      ContractParameter(
        "limit", .integer, default: 10000, minimum: 10, maximum: 1_000_000,
        help: "At most this many faces, spread evenly over the rows."),
      ContractParameter(
        "metric", .choice(["cosine", "euclidean"]), default: "cosine",
        help: "cosine: vectors are brought to length 1 before maps, neighbours and statistics."),
      ContractParameter(
        "tsne", .boolean, default: true,
        help: "Make a t-SNE map, of the first 50 principal components."),
      ContractParameter(
        "perplexity", .number, default: 30, minimum: 2, maximum: 500,
        help: "About how many neighbours a point of the t-SNE map has; lowered for few faces."),
      ContractParameter(
        "iterations", .integer, default: 1000, minimum: 250, maximum: 100_000, help: "Of t-SNE."),
      ContractParameter("seed", .integer, default: 0, minimum: 0, help: "Of t-SNE's start."),
      ContractParameter(
        "neighbours", .integer, default: 5, minimum: 1, maximum: 1000,
        help: "How many nearest neighbours are listed for each face."),
      ContractParameter(
        "csv", .boolean, default: false,
        help: "Write the vectors as features.csv too; safetensors holds them in any case."),
      ContractParameter(
        "resize", .boolean, default: false,
        help: "Take faces of another size than the model's and resize them."),
    ],
    inputs: [
      ContractPort("model", help: "A trained model, or an imported encoder."),
      ContractPort("shards", optional: true, help: "Shards; give these, or faces."),
      ContractPort("faces", optional: true, help: "Aligned faces, with labels or without."),
    ],
    outputs: [
      ContractPort(
        "features", help: "features.safetensors, the maps, and tables of classes and neighbours.")
    ])

  static func examination() -> [StageFinding] {
    [
      .kernels(
        MatrixKernels.summary, library: MatrixKernels.library,
        problem: MatrixKernels.current.problem)
    ]
  }

  static func run(_ context: StageContext) throws {
    ThreadPool.threads = context.threads
    let parameters = context.parameters
    let faces = try FaceSource.open(context)
    let encoder = try FaceEncoder.open(context.input("model"), size: faces.size)
    try encoder.description?.preprocessing.requireFits(
      faces.artifact, size: faces.size, allowsResizing: parameters.boolean("resize"))
    let classes = encoder.description?.classes ?? faces.record.classes
    let rows = try faces.rows(parameters.string("split"), limit: parameters.integer("limit"))
    let seen = try EncodedFaces(encoder, faces, rows: rows) {
      try context.checkCancellation()
      context.progress($0, of: rows.count, unit: "images")
    }
    let analysis = try FeatureAnalysis(seen, classes, context)
    try FeatureFiles(seen, analysis, directory: context.output("features"))
      .write(table: parameters.boolean("csv"))
    var metadata = analysis.json
    metadata["classes"] = classes.json
    metadata["model"] = encoder.description.map { ModelCard($0).json } ?? .null
    metadata["dataset"] = faces.record.card.json
    metadata["trained_on"] = encoder.description?.data["dataset"] ?? .null
    metadata["split"] = parameters["split"]
    try context.seal("features", rows: ["features": rows.count], metadata: metadata)
    context.note(analysis.summary)
  }
}
