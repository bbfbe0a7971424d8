import Artifacts
import Datasets
import Platform
import Samples
import Testing

private let stems = ["train_00001", "train_00002", "train_00003", "test_0001", "test_0002"]

/// Five pictures of RAF-DB in its own layout.
private func rafdb(
  labels: String = "train_00001.jpg 5\ntrain_00002.jpg 4\ntrain_00003.jpg 7\n"
    + "test_0001.jpg 1\ntest_0002.jpg 6\n",
  labelFile: String = "list_patition_label.txt", images: [String] = stems, aligned: Bool = false
) throws -> DatasetFixture {
  var fixture = DatasetFixture()
  for (number, stem) in images.enumerated() {
    let name = aligned ? "aligned.zip/aligned/\(stem)_aligned.jpg" : "original/\(stem).jpg"
    try fixture.picture("basic/Image/\(name)", shade: number)
    fixture.add(
      "basic/Annotation/manual/\(stem)_manu_attri.txt",
      "10\t20\n30 20\n20\t30\n12\t40.5\n28\t40\n1\n2\n3\n")
    fixture.add("basic/Annotation/boundingbox/\(stem)_boundingbox.txt", "1.5 2 33 44.25 \n")
  }
  fixture.add("basic/EmoLabel/\(labelFile)", labels)
  return fixture
}

@Test func theLabelsOfRAFDBCountFromOneInCanonicalOrder() throws {
  let names = (1...7).map { "train_0000\($0)" }
  let lines = names.enumerated().map { "\($1).jpg \($0 + 1)" }
  let result = try rafdb(labels: lines.joined(separator: "\n"), images: names)
    .ingest(.accepted("rafdb"))
  #expect(result.rows.sorted { $0.id < $1.id }.map(\.label) == ClassList.seven.names)
  #expect(result.record.classes == .seven)
}

@Test func everyPackagingGivesTheSameRowsOfRAFDB() throws {
  var first: [SampleRow]?
  for packaging in DatasetFixture.Packaging.allCases {
    let result = try rafdb().ingest(.accepted("rafdb"), packaging)
    let rows = result.rows.sorted { $0.id < $1.id }
    #expect(rows == first ?? rows)
    first = rows
    let row = try #require(result.row("train_00001"))
    #expect(row.split == .train)
    #expect(row.label == "sadness")
    #expect(row.source == "basic/Image/original/train_00001.jpg")
    #expect(row.points?.first == PicturePoint(10, 20))
    #expect(row.points?.last == PicturePoint(28, 40))
    #expect(row.box == [1.5, 2, 33, 44.25])
    #expect(row.attributes == ["gender": "female", "race": "asian", "age": "40-69"])
    #expect(result.row("test_0002")?.split == .test)
    #expect(result.record.card.citation.contains("RAF-DB") || !result.record.card.url.isEmpty)
    #expect(result.record.termsAccepted)
  }
}

@Test func labelFilesWithEitherSpellingCRLFAndNoFinalNewlineRead() throws {
  let plain = try rafdb().ingest(.accepted("rafdb")).rows
  let text =
    "train_00001.jpg 5\r\ntrain_00002.jpg 4\r\ntrain_00003.jpg 7\r\ntest_0001.jpg 1\r\n"
    + "test_0002.jpg 6"
  for name in ["list_patition_label.txt", "list_partition_label.txt"] {
    #expect(try rafdb(labels: text, labelFile: name).ingest(.accepted("rafdb")).rows == plain)
  }
}

@Test func twoLabelFilesMustAgree() throws {
  var fixture = try rafdb()
  fixture.add("basic/EmoLabel/list_partition_label.txt", "train_00001.jpg 1\n")
  let fault = #expect(throws: Fault.self) { try fixture.ingest(.accepted("rafdb")) }
  #expect(fault?.message.contains("second label file") == true)
}

@Test func aMalformedLabelLineNamesLineAndColumn() throws {
  for (labels, place) in [
    ("train_00001.jpg 5\ntrain_00002.jpg\n", "2:1"), ("train_00001.jpg 8\n", "1:17"),
    ("\n\nphoto.jpg 1\n", "3:1"), ("train_00001.jpg sad\n", "1:17"),
  ] {
    let fault = #expect(throws: Fault.self) {
      try rafdb(labels: labels).ingest(.accepted("rafdb"))
    }
    #expect(fault?.place?.description == "basic/EmoLabel/list_patition_label.txt:\(place)")
    #expect(fault?.remedy != nil)
  }
}

@Test func theTermsOfRAFDBMustBeAccepted() throws {
  var options = IngestOptions(dataset: "rafdb")
  options.acceptCounts = true
  let fault = #expect(throws: Fault.self) { try rafdb().ingest(options) }
  #expect(fault?.remedy?.contains("accept_terms: true") == true)
  #expect(fault?.remedy?.contains("whdeng.cn") == true)
}

@Test func countsUnlikeTheProtocolsMustBeAccepted() throws {
  var options = IngestOptions.accepted("rafdb")
  let result = try rafdb().ingest(options)
  #expect(result.record.deviations.contains("train sadness: 1 instead of 1982"))
  options.acceptCounts = false
  let fault = #expect(throws: Fault.self) { try rafdb().ingest(options) }
  #expect(fault?.message.contains("train sadness: 1 instead of 1982") == true)
}

@Test func theStatedCountsOfRAFDBAddUp() throws {
  // The owners' totals: 12,271 for training, 3,068 for testing.
  let result = try rafdb().ingest(.accepted("rafdb"))
  let stated = result.record.deviations.compactMap { line -> (String, Int)? in
    let words = line.split(separator: " ")
    return words.last.flatMap { Int($0) }.map { (String(words[0]), $0) }
  }
  #expect(stated.filter { $0.0 == "train" }.map(\.1).reduce(0, +) == 12_271)
  #expect(stated.filter { $0.0 == "test" }.map(\.1).reduce(0, +) == 3_068)
}

@Test func troubleIsCountedByKindAndListed() throws {
  // Enough good pictures that the trouble stays under the limit of 5 %.
  let names = (10...79).map { "train_000\($0)" }
  var lines = names.map { "\($0).jpg 5" }
  lines += ["train_00010.jpg 4", "train_00099.jpg 1"]
  var fixture = try rafdb(labels: lines.joined(separator: "\n"), images: names)
  try fixture.picture("basic/Image/original/train_00098.jpg", shade: 500)
  fixture.add("basic/Image/original/train_00097.jpg", Array("no picture".utf8))
  fixture.files[0].bytes = Array(fixture.files[0].bytes.dropLast(40))
  let result = try fixture.ingest(.accepted("rafdb"))
  #expect(result.rows.count == 69)
  #expect(result.rejected(.unreadableImage) == ["basic/Image/original/train_00010.jpg"])
  #expect(result.rejected(.duplicateRow) == ["basic/EmoLabel/list_patition_label.txt:71"])
  #expect(result.rejected(.labelWithoutImage) == ["basic/EmoLabel/list_patition_label.txt:72"])
  #expect(result.rejected(.imageWithoutLabel).count == 2)
  #expect(result.record.rejects["unreadable-image"] == 1)
  let fault = #expect(throws: Fault.self) {
    try fixture.ingest(.accepted("rafdb") { $0.reject = .fail })
  }
  #expect(fault?.message.contains("1 unreadable-image") == true)
  #expect(fault?.remedy?.contains("reject: drop") == true)
}

@Test func moreThanFivePercentLostIsAnError() throws {
  let fault = #expect(throws: Fault.self) {
    try rafdb(images: Array(stems.dropLast())).ingest(.accepted("rafdb"))
  }
  #expect(fault?.message.contains("1 of 5 labelled pictures are lost") == true)
}

@Test func aPictureInBothSplitsIsReportedAndKept() throws {
  var fixture = try rafdb()
  fixture.files[9].bytes = fixture.files[0].bytes
  let result = try fixture.ingest(.accepted("rafdb"))
  #expect(result.rows.count == 5)
  #expect(result.rejects.count == 1)
  #expect(result.rejects[0][0] == "duplicate-across-splits")
  #expect(result.rejects[0][3] == "kept")
}

@Test func theAlignedPicturesAreAProtocolOfTheirOwn() throws {
  let fixture = try rafdb(aligned: true)
  let wrong = #expect(throws: Fault.self) { try fixture.ingest(.accepted("rafdb")) }
  #expect(wrong?.remedy?.contains("rafdb-basic-aligned") == true)
  let result = try fixture.ingest(
    .accepted("rafdb") { $0.protocolName = "rafdb-basic-aligned" }, .folder)
  #expect(result.rows.count == 5)
  // The points belong to the original pictures.
  #expect(result.rows.allSatisfy { $0.points == nil && $0.box == nil })
  #expect(result.row("train_00001")?.attributes["gender"] == "female")
}

@Test func samplesAreTheSameForAnyNumberOfThreads() throws {
  let one = try rafdb().ingest(.accepted("rafdb"), .folder, threads: 1)
  let four = try rafdb().ingest(.accepted("rafdb"), .folder, threads: 4)
  #expect(one.index == four.index)
  #expect(one.payloads == four.payloads)
  // Payloads are the original files, byte for byte.
  #expect(
    Set(one.payloads) == Set(try rafdb().files.filter { $0.path.hasSuffix("jpg") }.map(\.bytes)))
}

@Test func unknownDatasetsProtocolsAndForeignParametersAreNamed() throws {
  let dataset = #expect(throws: Fault.self) { try rafdb().ingest(.accepted("rafbd")) }
  #expect(dataset?.remedy?.contains("did you mean 'rafdb'?") == true)
  let named = #expect(throws: Fault.self) {
    try rafdb().ingest(.accepted("rafdb") { $0.protocolName = "rafdb-basics" })
  }
  #expect(named?.remedy?.contains("did you mean 'rafdb-basic'?") == true)
  let foreign = #expect(throws: Fault.self) {
    try rafdb().ingest(.accepted("rafdb") { $0.fold = 3 })
  }
  #expect(foreign?.message.contains("takes no 'fold'") == true)
}
