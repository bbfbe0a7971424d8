import Artifacts
import Datasets
import Imaging
import Platform
import Samples
import TestSupport
import Testing

private func pixels(_ shade: Int, count: Int = 2304) -> String {
  (0..<count).map { String(($0 + shade) % 256) }.joined(separator: " ")
}

/// Ten rows: labels 0 to 6, then the two other usages.
private func fer(_ rows: [String]? = nil) -> DatasetFixture {
  var fixture = DatasetFixture()
  let usages = [String](repeating: "Training", count: 7) + ["PublicTest", "PrivateTest"]
  let lines = usages.enumerated().map { "\($0 % 7),\(pixels($0)),\($1)" }
  fixture.add(
    "fer2013/fer2013.csv", (["emotion,pixels,Usage"] + (rows ?? lines)).joined(separator: "\n"))
  return fixture
}

private let header =
  "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"

@Test func fer2013HasItsOwnLabelOrderAndThreeUsages() throws {
  let result = try fer().ingest(.accepted("fer2013"))
  #expect(
    result.rows.prefix(7).map(\.label) == [
      "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral",
    ])
  #expect(result.rows.suffix(2).map(\.split) == [.validation, .test])
  #expect(result.rows[1].id == "fer2013_00001")
  #expect(result.rows[1].source == "fer2013/fer2013.csv:3")
  let image = try Image.decode(result.payloads[1], name: "x", as: .asStored)
  #expect(image.width == 48 && image.channels == 1)
  #expect(image[0, 0, 0] == 1 && image[47, 47, 0] == UInt8((2303 + 1) % 256))
}

@Test func quotedPixelsOtherColumnOrderAndCRLFRead() throws {
  var fixture = DatasetFixture()
  fixture.add(
    "icml_face_data.csv", "emotion, Usage, pixels\r\n3,Training,\"\(pixels(5))\"\r\n")
  let result = try fixture.ingest(.accepted("fer2013"))
  #expect(result.rows.map(\.label) == ["happiness"])
  #expect(try Image.decode(result.payloads[0], name: "x", as: .asStored)[0, 0, 0] == 5)
}

@Test func aRowOfFewerPixelsIsRejectedWithItsLine() throws {
  var rows = (0..<40).map { "3,\(pixels($0)),Training" }
  rows[7] = "3,\(pixels(0, count: 2303)),Training"
  let result = try fer(rows).ingest(.accepted("fer2013"))
  #expect(result.rows.count == 39)
  #expect(result.rejected(.unreadableImage) == ["fer2013/fer2013.csv:9"])
  #expect(result.rejects[0][2].contains("2303 pixels"))
}

@Test func malformedRowsOfFER2013NameTheirLine() throws {
  for (row, text) in [
    ("9,\(pixels(0)),Training", "not a class"), ("1,\(pixels(0)),Test set", "not a usage"),
    ("1,\(pixels(0))", "cells"),
  ] {
    let fault = #expect(throws: Fault.self) { try fer([row]).ingest(.accepted("fer2013")) }
    #expect(fault?.place?.description == "fer2013/fer2013.csv:2")
    #expect(fault?.message.contains(text) == true)
  }
}

@Test func votesBecomeLabelsByTheRuleThatIsNamed() throws {
  // Columns: neutral happiness surprise sadness anger disgust fear contempt unknown NF.
  let votes = [
    // Single votes are noise: 4 of 7 remaining is a majority, 4 of 8 is not.
    [4, 0, 0, 3, 1, 1, 1, 0, 0, 0], [4, 0, 0, 4, 0, 0, 0, 0, 1, 1],
    [2, 0, 0, 0, 0, 0, 0, 0, 8, 0], [0, 0, 0, 0, 0, 0, 0, 6, 0, 4],
  ]
  let expected: [FERPlusRule: [Expression?]] = [
    .majority: [.neutral, nil, nil, .contempt], .argmax10: [.neutral, .neutral, nil, .contempt],
    .argmax8: [.neutral, .neutral, .neutral, .contempt],
    .probability: [.neutral, .neutral, .neutral, .contempt],
  ]
  for (rule, labels) in expected {
    #expect(votes.map { rule.label($0) } == labels, "\(rule)")
  }
}

/// Nine rows of votes for the nine pictures; the second picture is removed.
private func ferplus() -> DatasetFixture {
  var fixture = fer()
  let usages = [String](repeating: "Training", count: 7) + ["PublicTest", "PrivateTest"]
  let lines = usages.enumerated().map { number, usage in
    let votes = (0..<8).map { $0 == number % 8 ? 8 : ($0 == 0 ? 2 : 0) }
    let name = number == 1 ? "" : "fer000000\(number < 1 ? number : number - 1).png"
    return "\(usage),\(name),\(votes.map(String.init).joined(separator: ",")),0,0"
  }
  fixture.add("fer2013new.csv", header + lines.joined(separator: "\n"))
  return fixture
}

@Test func ferplusJoinsVotesToPixelsRowByRow() throws {
  let result = try ferplus().ingest(.accepted("ferplus"))
  #expect(
    result.rows.map(\.label) == [
      "neutral", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "neutral",
    ])
  #expect(result.rows.map(\.id).first == "fer0000000")
  // The removed picture shifts the names, not the pixels.
  let surprise = try #require(result.rows.firstIndex { $0.label == "surprise" })
  #expect(result.rows[surprise].id == "fer0000001")
  #expect(try Image.decode(result.payloads[surprise], name: "x", as: .asStored)[0, 0, 0] == 2)
  #expect(result.rejected(.withoutLabel) == ["fer2013new.csv:3"])
  #expect(result.record.rule == "majority")
  #expect(result.record.classes == .eight)
  #expect(result.rows.allSatisfy { $0.votes == nil })
}

@Test func theRuleProbabilityKeepsVotesInCanonicalOrder() throws {
  let result = try ferplus().ingest(.accepted("ferplus") { $0.rule = "probability" })
  let fear = try #require(result.rows.first { $0.label == "fear" })
  #expect(fear.votes == [0, 8, 0, 0, 0, 0, 2, 0])
  let fault = #expect(throws: Fault.self) {
    try ferplus().ingest(.accepted("ferplus") { $0.rule = "majorty" })
  }
  #expect(fault?.remedy?.contains("did you mean 'majority'?") == true)
}

@Test func tablesThatDoNotMatchAreRefused() throws {
  var short = ferplus()
  short.files[1].bytes = Array(header.utf8)
  let fault = #expect(throws: Fault.self) { try short.ingest(.accepted("ferplus")) }
  #expect(fault?.message.contains("0 rows of votes for 9 pictures") == true)
}

/// The owners' table of votes gives the published counts under each rule.
@Test(.enabled(if: testData != nil, "FERRY_TEST_DATA is not set"))
func theRulesKeepThePublishedCounts() throws {
  let path = (testData ?? "") + "/labels/FERPlus/fer2013new.csv"
  let table = try FERPlusVotes.table(try Files.read(path), file: path)
  #expect(table.count == 35_887)
  #expect(
    Split.allCases.map { split in table.count { $0.split == split && $0.name.isEmpty } }
      == [148, 10, 15, 0])
  let expected: [FERPlusRule: [Int]] = [
    .majority: [25_060, 3_199, 3_153], .argmax10: [28_389, 3_553, 3_546],
    .argmax8: [28_561, 3_579, 3_574],
  ]
  for (rule, counts) in expected {
    let kept = table.filter { !$0.name.isEmpty && rule.label($0.votes) != nil }
    #expect(
      [.train, .validation, .test].map { split in kept.count { $0.split == split } } == counts)
  }
  let test = table.filter { $0.split == .test && !$0.name.isEmpty }
    .compactMap { FERPlusRule.majority.label($0.votes) }
  #expect(
    Expression.allCases.map { label in test.count { $0 == label } }
      == [396, 83, 18, 893, 384, 273, 1090, 16])
}
