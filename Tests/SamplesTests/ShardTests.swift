import Artifacts
import Imaging
import Platform
import Samples
import TestSupport
import Testing

/// Writes faces of one shade each; the shade is the row's number.
private func faces(
  _ rows: [SampleRow], classes: ClassList = .seven, dataset: String = "rafdb", size: Int = 8,
  in folder: ScratchFolder
) throws -> Artifact {
  let directory = Files.join(folder.path, "faces-\(Files.temporaryNumber())")
  let writer = try RowCollectionWriter(directory)
  for (number, sample) in rows.enumerated() {
    let image = Image(width: size, height: size, channels: 1, filledWith: UInt8(number % 256))
    try writer.append(
      FaceRow(sample: sample, policy: "none").json, payload: try image.png(), extension: "png")
  }
  try writer.finish()
  let card = DatasetCard(
    name: dataset, title: dataset, citation: "a citation of \(dataset)", url: "", terms: "",
    needsAcceptance: false)
  let record = DatasetRecord(
    card: card, protocolName: dataset, protocolSummary: "", classes: classes,
    counts: ClassCounts(of: rows), termsAccepted: true)
  var metadata = record.json
  metadata["alignment"] = ["size": .integer(size), "detector": "none"]
  return try Artifact.seal(directory, kind: "faces", schema: 1, metadata: metadata)
}

/// Rows with labels in turn; `people` people, or none.
private func rows(_ count: Int, people: Int = 0, split: Split = .train) -> [SampleRow] {
  (0..<count).map { number in
    SampleRow(
      id: "\(split.rawValue)_\(padded(count - number, 5))", source: "\(number).png", split: split,
      label: ClassList.seven[number % 7], subject: people > 0 ? "p\(number % people)" : nil,
      attributes: ["gender": number % 2 == 0 ? "female" : "male"])
  }
}

private func shard(
  _ artifacts: [Artifact], size: Int? = nil, validation: Double = 0.1, seed: UInt64 = 1,
  threads: Int = 2, in folder: ScratchFolder
) throws -> ShardSet {
  let directory = Files.join(folder.path, "shards-\(Files.temporaryNumber())")
  let sharding = try Sharding(
    faces: artifacts, size: size, filter: .bilinear,
    validation: ValidationSplit(fraction: validation, seed: seed), threads: threads)
  let (metadata, _, count) = try sharding.write(to: directory)
  _ = try Artifact.seal(
    directory, kind: "shards", schema: 1, rows: ["rows": count], metadata: metadata)
  return try ShardSet(directory)
}

@Test func columnsAndIndexHoldTheFacesInOrderOfID() throws {
  let folder = try ScratchFolder()
  let set = try shard([try faces(rows(10), in: folder)], validation: 0, in: folder)
  #expect(set.rows.map(\.id) == set.rows.map(\.id).sorted())
  // Ids count down: the first id is that of the last face, whose label is 9 modulo 7.
  #expect(set.labels[0] == 2)
  #expect(set.withImage(0) { $0.allSatisfy { $0 == 9 } })
  #expect(set.rows[0].attributes == ["gender": "male"])
  #expect(set.size == 8)
  #expect(set.soft == nil)
  #expect(set.record.card.citation == "a citation of rafdb")
  #expect(set.artifact.metadata["preprocessing"]?["alignment"]?["detector"] == "none")
}

@Test func theValidationSplitIsStratifiedSeededAndNeverTakesTestRows() throws {
  let folder = try ScratchFolder()
  let input = try faces(rows(140) + rows(35, split: .test), in: folder)
  let set = try shard([input], in: folder)
  for label in 0..<7 {
    let own = set.indices(.validation).filter { set.labels[$0] == label }
    #expect(own.count == 2)
  }
  #expect(set.indices(.test).count == 35)
  #expect(set.indices(.train).count == 126)
  #expect(set.record.counts[.validation]?.values.reduce(0, +) == 14)
  let again = try shard([input], threads: 1, in: folder)
  #expect(again.artifact.digest == set.artifact.digest)
  let other = try shard([input], seed: 2, in: folder)
  #expect(other.indices(.validation) != set.indices(.validation))
}

@Test func aSubjectIsEitherTrainedOnOrValidatedOn() throws {
  let folder = try ScratchFolder()
  let set = try shard([try faces(rows(210, people: 30), in: folder)], in: folder)
  let validation = Set(set.indices(.validation).compactMap { set.rows[$0].subject })
  let training = Set(set.indices(.train).compactMap { set.rows[$0].subject })
  #expect(validation.isDisjoint(with: training))
  #expect(validation.count == 3)
  #expect(set.artifact.metadata["balance"]?["subjects"]?["validation"] == 3)
}

@Test func aDatasetsOwnValidationSetIsUsed() throws {
  let folder = try ScratchFolder()
  let set = try shard(
    [try faces(rows(70) + rows(7, split: .validation), in: folder)], in: folder)
  #expect(set.indices(.validation).count == 7)
  #expect(set.indices(.train).count == 70)
}

@Test func votesBecomeDistributionsAndRowsWithoutVotesOneHot() throws {
  let folder = try ScratchFolder()
  var input = rows(2)
  input[0].votes = [6, 0, 0, 2, 0, 0, 0]
  let set = try shard([try faces(input, in: folder)], validation: 0, in: folder)
  let soft = try #require(set.soft)
  // Ids count down: the row with votes comes last.
  #expect(Array(soft[7...]) == [0.75, 0, 0, 0.25, 0, 0, 0])
  #expect(Array(soft[..<7]) == [0, 1, 0, 0, 0, 0, 0])
}

@Test func severalDatasetsKeepTheirNamesAndMustShareTheirClasses() throws {
  let folder = try ScratchFolder()
  let one = try faces(rows(14), in: folder)
  let two = try faces(rows(14), dataset: "ckplus", in: folder)
  let set = try shard([one, two], size: 4, validation: 0, in: folder)
  #expect(set.count == 28)
  #expect(set.rows[0].id.hasPrefix("rafdb:"))
  #expect(set.rows[27].attributes["dataset"] == "ckplus")
  #expect(set.size == 4)
  #expect(set.record.card.name == "rafdb+ckplus")
  let eight = try faces(rows(7), classes: .eight, dataset: "ckplus", in: folder)
  let fault = #expect(throws: Fault.self) { try shard([one, eight], in: folder) }
  #expect(fault?.message.contains("contempt") == true)
}

@Test func facesOfSeveralSizesNeedOne() throws {
  let folder = try ScratchFolder()
  let fault = #expect(throws: Fault.self) {
    try shard(
      [try faces(rows(7), in: folder), try faces(rows(7), dataset: "ckplus", size: 9, in: folder)],
      in: folder)
  }
  #expect(fault?.remedy == "set size")
}

@Test func rowsWithoutLabelsAreLeftOutAndCounted() throws {
  let folder = try ScratchFolder()
  var input = rows(8)
  input[3].label = nil
  let set = try shard([try faces(input, in: folder)], in: folder)
  #expect(set.count == 7)
  #expect(set.artifact.metadata["balance"]?["unlabelled"] == 1)
}
