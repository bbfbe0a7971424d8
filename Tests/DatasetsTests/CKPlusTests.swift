import Platform
import Samples
import TestSupport
import Testing

private let words = [
  "   1.0000000e+00\n", "   2.0000000e+00\n", "   3.0000000e+00\n", "   4.0000000e+00\n",
  "   5.0000000e+00\n", "   6.0000000e+00\n", "   7.0000000e+00\n",
]

/// Twelve subjects with a sequence each, labelled 1 to 7 in turn; frames start at 5.
private func ckplus() throws -> DatasetFixture {
  var fixture = DatasetFixture()
  let landmarks = (0..<68).map { "   \($0).5000000e+00   2.0000000e+01" }.joined(separator: "\n")
  for subject in 0..<12 {
    let name = "S0\(10 + subject)"
    for frame in 5...9 {
      let stem = "\(name)_001_0000000\(frame)"
      try fixture.picture(
        "cohn-kanade-images/\(name)/001/\(stem).png", shade: subject * 10 + frame)
      fixture.add("Landmarks/\(name)/001/\(stem)_landmarks.txt", landmarks)
    }
    fixture.add("cohn-kanade-images/\(name)/.DS_Store", "x")
    fixture.add("__MACOSX/Emotion/\(name)/001/._\(name)_001_00000009_emotion.txt", "junk")
    fixture.add("Emotion/\(name)/001/\(name)_001_00000009_emotion.txt", words[subject % 7])
    fixture.add(
      "FACS/\(name)/001/\(name)_001_00000009_facs.txt", "   9.0000000e+00   4.0000000e+00")
  }
  // An unlabelled sequence: pictures, and no label file.
  for frame in 1...3 {
    try fixture.picture(
      "cohn-kanade-images/S099/002/S099_002_0000000\(frame).png", shade: 900 + frame)
  }
  return fixture
}

@Test func ckplus636TakesFirstFramesAsNeutralAndLastFramesWithoutContempt() throws {
  let result = try ckplus().ingest(.accepted("ckplus"))
  // Labels 1 to 7 in turn over twelve sequences: contempt (2) occurs twice.
  #expect(result.rows.count == 12 + 10)
  #expect(result.rows.allSatisfy { $0.split == .all })
  #expect(result.record.classes == .seven)
  let neutral = try #require(result.row("S010_001_00000005"))
  #expect(neutral.label == "neutral")
  #expect(neutral.subject == "S010")
  #expect(result.row("S010_001_00000009")?.label == "anger")
  // Contempt leaves its neutral frame and no apex.
  #expect(result.row("S011_001_00000005")?.label == "neutral")
  #expect(result.row("S011_001_00000009") == nil)
  #expect(result.row("S099_002_00000001") == nil)
  #expect(neutral.points?.count == 68)
  #expect(neutral.points?[3] == PicturePoint(3.5, 20))
  #expect(result.rejects.isEmpty)
}

@Test func theLabelMapOfCKPlusIsItsCodeBook() throws {
  let result = try ckplus().ingest(.accepted("ckplus") { $0.protocolName = "ckplus-654" })
  let apex = result.rows.filter { $0.label != "neutral" }.sorted { $0.id < $1.id }
  #expect(
    apex.prefix(7).map(\.label) == [
      "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise",
    ])
  #expect(result.record.classes == .eight)
}

@Test func ckplus981TakesTheLastThreeFramesAndNoNeutral() throws {
  let result = try ckplus().ingest(.accepted("ckplus") { $0.protocolName = "ckplus-981" })
  #expect(result.rows.count == 36)
  #expect(result.row("S010_001_00000007")?.label == "anger")
  #expect(result.record.classes.index(of: "neutral") == nil)
  #expect(result.record.deviations.contains("all anger: 6 instead of 135"))
}

@Test func tenFoldsShareNoSubjectAndCoverAll() throws {
  var tested: [String] = []
  for fold in 1...10 {
    let result = try ckplus().ingest(
      .accepted("ckplus") {
        $0.protocolName = "ckplus-10fold"
        $0.fold = fold
      })
    let test = Set(result.rows.filter { $0.split == .test }.compactMap(\.subject))
    let train = Set(result.rows.filter { $0.split == .train }.compactMap(\.subject))
    #expect(test.isDisjoint(with: train))
    #expect(test.union(train).count == 12)
    tested += test
    #expect(result.rows.allSatisfy { ($0.attributes["fold"] == "\(fold)") == ($0.split == .test) })
    // The protocol states the whole's counts: splits are added up.
    #expect(result.record.deviations.contains("all neutral: 12 instead of 327"))
  }
  #expect(tested.sorted() == Set(tested).sorted())
  #expect(tested.count == 12)
  let missing = #expect(throws: Fault.self) {
    try ckplus().ingest(.accepted("ckplus") { $0.protocolName = "ckplus-10fold" })
  }
  #expect(missing?.remedy == "set fold to 1 to 10")
}

@Test func ckplusReadsFromZipsInAFolder() throws {
  let plain = try ckplus().ingest(.accepted("ckplus"), .folder)
  var zipped = DatasetFixture()
  for (name, prefixes) in [
    ("Emotion_labels.zip", ["Emotion"]), ("extended-cohn-kanade-images.zip", ["cohn"]),
    ("Landmarks.zip", ["Landmarks", "__MACOSX"]),
  ] {
    let part = DatasetFixture(
      files: try ckplus().files.filter { file in prefixes.contains { file.path.hasPrefix($0) } })
    let folder = try ScratchFolder()
    zipped.add(name, try Files.read(try part.write(.zip, in: folder.path)))
  }
  let result = try zipped.ingest(.accepted("ckplus"), .folder)
  #expect(result.rows.map(\.id) == plain.rows.map(\.id))
  #expect(result.rows.map(\.label) == plain.rows.map(\.label))
  #expect(
    result.rows[0].source
      == "extended-cohn-kanade-images.zip/cohn-kanade-images/S010/001/S010_001_00000005.png")
}

@Test func anEmotionOutsideTheCodeBookNamesItsPlace() throws {
  var fixture = try ckplus()
  fixture.add("Emotion/S099/002/S099_002_00000003_emotion.txt", "   9.0000000e+00\n")
  let fault = #expect(throws: Fault.self) { try fixture.ingest(.accepted("ckplus")) }
  #expect(fault?.place?.description == "Emotion/S099/002/S099_002_00000003_emotion.txt:1")
}

@Test func aLabelledSequenceWithoutFramesIsListed() throws {
  var fixture = try ckplus()
  fixture.add("Emotion/S098/001/S098_001_00000010_emotion.txt", words[0])
  let result = try fixture.ingest(.accepted("ckplus"))
  #expect(
    result.rejected(.labelWithoutImage) == ["Emotion/S098/001/S098_001_00000010_emotion.txt"])
}
