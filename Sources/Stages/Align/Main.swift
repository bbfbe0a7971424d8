import Artifacts
import Faces
import Imaging
import Platform
import StageKit

/// `ferry-align`: one square, aligned face a sample.
@main struct Align: Stage {
  static let contract = Contract(
    name: "align", revision: 3,
    summary: "Cut a face of fixed size and place out of every sample.",
    parameters: AlignmentSettings.parameters,
    inputs: [
      ContractPort("samples", help: "Pictures and labels, from ingest."),
      ContractPort(
        "weights", optional: true,
        help: "For detector mtcnn: the folder of its public weights, or the model of ferry-import."
      ),
    ],
    outputs: [ContractPort("faces", help: "Square faces, with the map from picture to face.")])

  static let verbs: [any ParsableCommand.Type] = [ReviewCommand.self]

  static func run(_ context: StageContext) throws {
    let settings = try AlignmentSettings(context.parameters)
    let samples = try context.artifact("samples")
    let reader = try RowCollectionReader(samples.directory)
    let writer = try RowCollectionWriter(context.output("faces"))
    let weights = context.optionalInput("weights")
    let worker = FaceWorker(
      directory: samples.directory, reader: reader, settings: settings,
      detector: try settings.makeDetector(weights: weights),
      cache: try cache(context, weights: weights))
    var tally = AlignmentTally()
    // Faces of a batch are held in memory; its size changes neither their order nor their bytes.
    let batch = 8 * context.threads
    for start in stride(from: 0, to: reader.rows.count, by: batch) {
      try context.checkCancellation()
      let count = min(batch, reader.rows.count - start)
      let outcomes = try Parallel.map(count, threads: context.threads) {
        try worker.outcome(start + $0)
      }
      for outcome in outcomes {
        tally.note(outcome)
        for (row, face) in zip(outcome.rows, outcome.alignment.faces) {
          try writer.append(row, payload: face.bytes, extension: settings.fileExtension)
        }
      }
      context.progress(start + count, of: reader.rows.count, unit: "images")
    }
    try writer.finish()
    try tally.check()
    try Files.write(tally.csv, to: Files.join(context.output("faces"), "rejects.csv"))
    for line in tally.classLines { context.note(line) }
    for line in tally.warnings { context.warn(line) }
    if worker.cache != nil {
      context.note("\(tally.reused) of \(reader.rows.count) pictures were aligned before")
    }
    var metadata = samples.metadata
    metadata["alignment"] = settings.json(tally)
    try context.seal("faces", rows: ["faces": writer.count], metadata: metadata)
  }

  private static func cache(_ context: StageContext, weights: String?) throws -> AlignmentCache? {
    guard let directory = context.reuseDirectory else { return nil }
    let relevant = context.parameters.values.filter {
      contract.parameter($0.key)?.affectsOutput ?? false
    }
    let digest = try weights.map { try ContentDigest.of($0, threads: context.threads).hex }
    let key: JSONValue = [
      "stage": "align", "revision": .integer(contract.revision), "parameters": .object(relevant),
      "weights": digest.map { .string($0) } ?? .null,
    ]
    return AlignmentCache(directory: directory, settings: Digest(hashing: key.canonicalBytes))
  }
}
