import Artifacts
import Expressions
import Faces
import Imaging
import Platform
import StageKit

/// `ferry-align`: one square, aligned face a sample.
@main struct Align: Stage {
  static let contract = Contract(
    name: "align", revision: 1,
    summary: "Cut a face of fixed size and place out of every sample.",
    parameters: AlignmentSettings.parameters,
    inputs: [ContractPort("samples", help: "Pictures and labels, from ingest.")],
    outputs: [ContractPort("faces", help: "Square faces, with the map from picture to face.")])

  static func run(_ context: StageContext) throws {
    let settings = try AlignmentSettings(context.parameters)
    let samples = try context.artifact("samples")
    let reader = try RowCollectionReader(samples.directory)
    let writer = try RowCollectionWriter(context.output("faces"))
    let worker = FaceWorker(
      directory: samples.directory, reader: reader, settings: settings)
    var tally = AlignmentTally()
    // Faces of a batch are held in memory; its size changes neither their order nor their bytes.
    let batch = 8 * context.threads
    for start in stride(from: 0, to: reader.rows.count, by: batch) {
      try context.checkCancellation()
      let count = min(batch, reader.rows.count - start)
      let outcomes = try Parallel.map(count, threads: context.threads) {
        try worker.face(start + $0)
      }
      for outcome in outcomes {
        tally.note(outcome)
        if let face = outcome.face {
          try writer.append(face.row, payload: face.bytes, extension: settings.fileExtension)
        }
      }
      context.progress(start + count, of: reader.rows.count, unit: "images")
    }
    try writer.finish()
    try tally.check()
    try Files.write(tally.csv, to: Files.join(context.output("faces"), "rejects.csv"))
    for line in tally.warnings { context.warn(line) }
    var metadata = samples.metadata
    metadata["alignment"] = settings.json(counts: tally.counts)
    try context.seal("faces", rows: ["faces": writer.count], metadata: metadata)
  }
}
