import Artifacts
import Imaging
import Platform
import Samples
import StageKit

/// A face's row: what is known of it besides its pixels.
struct FaceFacts {
  var id: String
  var split: Split
  /// The class name.
  var label: String?
  var subject: String?
}

/// Faces of shards or of a faces artifact, in one shape.
final class FaceSource {
  let artifact: Artifact
  let record: DatasetRecord
  let facts: [FaceFacts]
  /// The faces' side in px.
  let size: Int
  private let picture: (Int) throws -> [UInt8]

  private init(
    artifact: Artifact, record: DatasetRecord, facts: [FaceFacts], size: Int,
    picture: @escaping (Int) throws -> [UInt8]
  ) {
    self.artifact = artifact
    self.record = record
    self.facts = facts
    self.size = size
    self.picture = picture
  }

  /// - Throws: `Fault` where not exactly one of shards and faces is given.
  static func open(_ context: StageContext) throws -> FaceSource {
    switch (context.optionalInput("shards"), context.optionalInput("faces")) {
    case (let path?, nil): return try shards(ShardSet(path))
    case (nil, .some): return try faces(context.artifact("faces"))
    default:
      throw Fault(.usage, "give shards or faces, one of them", remedy: "--in shards=DIR")
    }
  }

  private static func shards(_ shards: ShardSet) -> FaceSource {
    let facts = shards.rows.enumerated().map { index, row in
      FaceFacts(
        id: row.id, split: row.split, label: shards.classes[shards.labels[index]],
        subject: row.subject)
    }
    return FaceSource(
      artifact: shards.artifact, record: shards.record, facts: facts, size: shards.size,
      picture: { index in shards.withImage(index) { Array($0) } })
  }

  private static func faces(_ artifact: Artifact) throws -> FaceSource {
    let place = Fault.Place(artifact.path(Artifact.recordName))
    let record = try DatasetRecord(json: artifact.metadata, at: place)
    guard let size = artifact.metadata["alignment"]?["size"]?.integer else {
      throw Fault(.badInput, "the faces do not say their size", at: place)
    }
    let reader = try RowCollectionReader(artifact.directory)
    let index = artifact.path(RowCollection.indexName)
    let facts = try reader.rows.enumerated().map { number, json in
      let row = try SampleRow(json: json, at: .init(index, line: number + 1))
      return FaceFacts(id: row.id, split: row.split, label: row.label, subject: row.subject)
    }
    return FaceSource(artifact: artifact, record: record, facts: facts, size: size) { index in
      try reader.withPayload(index) { bytes in
        guard let bytes else {
          throw Fault(.badInput, "the face '\(facts[index].id)' has no picture")
        }
        return try Image.decode(bytes, name: facts[index].id).rgb().pixels
      }
    }
  }

  /// The pixels `[S, S, 3]` of a face.
  func pixels(_ row: Int) throws -> [UInt8] { try picture(row) }

  /// The rows of a split, thinned evenly to the limit.
  ///
  /// - Throws: `Fault` where there are none.
  func rows(_ word: String, limit: Int) throws -> [Int] {
    let splits: [[Split]] =
      switch word {
      case "train": [[.train]]
      case "validation": [[.validation]]
      case "all": [[.train, .validation, .test, .all]]
      default: [[.test], [.all]]
      }
    let found = splits.lazy.map { [facts] wanted in
      facts.indices.filter { wanted.contains(facts[$0].split) }
    }.first { !$0.isEmpty }
    guard let found else {
      throw Fault(
        .badInput, "there are no \(word) rows", at: .init(artifact.directory),
        remedy: "set split to another, or all")
    }
    guard found.count > limit else { return found }
    return (0..<limit).map { found[$0 * found.count / limit] }
  }
}
