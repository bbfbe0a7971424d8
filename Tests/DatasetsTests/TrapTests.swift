import Archives
import Artifacts
import Datasets
import Imaging
import Platform
import Samples
import TestSupport
import Testing

private func rafdb(_ more: (inout DatasetFixture) throws -> Void = { _ in }) throws
  -> DatasetFixture
{
  var fixture = DatasetFixture()
  fixture.add("basic/EmoLabel/list_patition_label.txt", "train_00001.jpg 5\ntest_0001.jpg 7\n")
  try fixture.picture("basic/Image/original/train_00001.jpg", shade: 1)
  try fixture.picture("basic/Image/original/test_0001.jpg", shade: 2)
  try more(&fixture)
  return fixture
}

@Test func trainStemsHaveFiveDigitsAndTestStemsFour() throws {
  let result = try rafdb().ingest(.accepted("rafdb"))
  #expect(result.row("train_00001")?.split == .train)
  #expect(result.row("test_0001")?.split == .test)
}

@Test func pointsOfRAFDBArePartedByTabsOrSpaces() throws {
  for separator in ["\t", " "] {
    let points = ["1\(separator)2", "3\(separator)4.5", "5\(separator)6", "7\(separator)8"]
    let text = (points + ["9\(separator)10", "2", "0", "4"]).joined(separator: "\n")
    let result = try rafdb { $0.add("manual/train_00001_manu_attri.txt", text) }
      .ingest(.accepted("rafdb"))
    let row = try #require(result.row("train_00001"))
    #expect(row.points?[1] == PicturePoint(3, 4.5))
    #expect(row.attributes == ["gender": "unsure", "race": "caucasian", "age": "70+"])
  }
}

@Test func theThirtySevenAutomaticPointsAreKeptBesideTheManualOnes() throws {
  let text = (0..<37).map { "\($0).25\t\($0 + 1)\n" }.joined()
  let result = try rafdb { $0.add("auto/train_00001_auto_attri.txt", text) }
    .ingest(.accepted("rafdb"))
  let row = try #require(result.row("train_00001"))
  #expect(row.autoPoints?.count == 37 && row.autoPoints?[36] == PicturePoint(36.25, 37))
  #expect(row.points == nil)
  let fault = #expect(throws: Fault.self) {
    try rafdb { $0.add("auto/train_00001_auto_attri.txt", "1\t2\n") }.ingest(.accepted("rafdb"))
  }
  #expect(fault?.message.contains("37 lines, not 1") == true)
}

@Test func aTrailingSpaceInABoxOfRAFDBIsHarmless() throws {
  let result = try rafdb { $0.add("boundingbox/test_0001_boundingbox.txt", "1 2 3.5 4 \r\n") }
    .ingest(.accepted("rafdb"))
  #expect(result.row("test_0001")?.box == [1, 2, 3.5, 4])
}

@Test func encryptedArchivesOfRAFDBOpenWithThePassphrase() throws {
  let folder = try ScratchFolder()
  try Files.makeDirectories(folder.path + "/basic")
  let zip = try ArchiveWriter(
    folder.path + "/basic/original.zip", encryption: .zipCrypto, "RAF-secret")
  for file in try rafdb().files where file.path.hasSuffix("jpg") {
    try zip.add("original/" + Files.name(of: file.path), file.bytes)
  }
  try zip.finish()
  try Files.write(
    "train_00001.jpg 5\ntest_0001.jpg 7\n", to: folder.path + "/basic/list_patition_label.txt")
  let read = { (passphrase: String?) in
    try Ingestion(
      source: folder.path + "/basic", options: .accepted("rafdb"), passphrase: passphrase
    ).write(to: folder.path + "/out-\(passphrase ?? "none")").rows
  }
  #expect(try read("RAF-secret") == 2)
  let fault = #expect(throws: Fault.self) { try read(nil) }
  #expect(fault?.message.contains("encrypted") == true)
  #expect(fault?.remedy?.contains("passphrase_file") == true)
}

@Test func everyPictureFormatOfAffectNetIsRead() throws {
  let golden = try SafetensorsFile(
    Files.join(Files.parent(of: #filePath), "../ImagingTests/Golden/formats.safetensors"))
  var fixture = DatasetFixture()
  let header =
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    + "valence,arousal\n"
  var list = header
  let names = [
    ("a.bmp", "rgb.bmp"), ("b.tif", "lzw.tif"), ("c.JPG", "large.jpg.reduced"),
    ("d.png", "lossless.webp"),
  ]
  for (name, stored) in names {
    fixture.add(
      "Manually_Annotated_Images/1/\(name)",
      Array(golden.bytes(try golden.require(stored, .uint8))))
    list += "1/\(name),1,2,3,4,,1,0.1,0.1\n"
  }
  fixture.add("training.csv", list)
  fixture.add("validation.csv", header)
  let result = try fixture.ingest(.accepted("affectnet"), .folder)
  // The third is a JPEG named otherwise, the fourth a WebP named PNG: bytes decide.
  #expect(result.rows.map(\.id) == ["1/a", "1/b", "1/c", "1/d"])
  #expect(result.rejects.isEmpty)
}

@Test func olderListsAndOtherReleasesOfAffectNetHaveKnownCounts() throws {
  var fixture = DatasetFixture()
  try fixture.picture("Manually_Annotated_Images/1/a.jpg", shade: 3)
  fixture.add("training.csv", "1/a.jpg,1,2,3,4,,1,0.1,0.1\n")
  let result = try fixture.ingest(.accepted("affectnet") { $0.protocolName = "affectnet-8" })
  #expect(result.record.deviations == ["train: 1 instead of 287651", "test: 0 instead of 4000"])
}

@Test func aRowOfNineVotesIsARowLikeOthers() throws {
  // Four of nine votes, of which two are noise: a majority of the seven that remain.
  #expect(FERPlusRule.majority.label([0, 4, 3, 1, 1, 0, 0, 0, 0, 0]) == .happiness)
  let table = try FERPlusVotes.table(
    Array(
      ("Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,"
        + "NF\nTraining,fer0000000.png,0,4,3,1,1,0,0,0,0,0\n").utf8), file: "fer2013new.csv")
  #expect(table[0].votes.reduce(0, +) == 9)
}

private func sequence(_ emotion: String?, facs: String? = nil) throws -> DatasetFixture {
  var fixture = DatasetFixture()
  for (subject, label) in [("S005", "   3.0000000e+00\n"), ("S010", emotion)] {
    for frame in 1...2 {
      try fixture.picture(
        "cohn-kanade-images/\(subject)/001/\(subject)_001_0000000\(frame).png",
        shade: frame + (subject == "S005" ? 0 : 10))
    }
    if let label {
      fixture.add("Emotion/\(subject)/001/\(subject)_001_00000002_emotion.txt", label)
    }
  }
  if let facs { fixture.add("FACS/S005/001/S005_001_00000002_facs.txt", facs) }
  return fixture
}

@Test func anEmotionOfZeroLabelsNothing() throws {
  let zero = try sequence("   0.0000000e+00\n").ingest(.accepted("ckplus"))
  #expect(zero.rows.map(\.id) == ["S005_001_00000001", "S005_001_00000002"])
  #expect(try sequence(nil).ingest(.accepted("ckplus")).rows == zero.rows)
}

@Test func theActionUnitsOfCKPlusAreKept() throws {
  let facs = "   9.0000000e+00   4.0000000e+00\n   1.7000000e+01   0.0000000e+00\n"
  let result = try sequence(nil, facs: facs).ingest(.accepted("ckplus"))
  #expect(result.row("S005_001_00000002")?.attributes["action_units"] == "9:4 17:0")
  #expect(result.row("S005_001_00000001")?.attributes["action_units"] == nil)
  let fault = #expect(throws: Fault.self) {
    try sequence(nil, facs: "   9.5e+00   4.0e+00\n").ingest(.accepted("ckplus"))
  }
  #expect(fault?.place?.line == 1)
}

@Test func colourProfilesAreCounted() throws {
  let fixture = try rafdb { fixture in
    let profile = Array("ICC_PROFILE\0".utf8) + [1, 1, 7]
    let bytes = fixture.files[1].bytes
    fixture.files[1].bytes =
      Array(bytes[..<2]) + [0xFF, 0xE2, 0, UInt8(2 + profile.count)] + profile + bytes[2...]
  }
  let result = try fixture.ingest(.accepted("rafdb"))
  #expect(result.record.notes == ["colour-profile-ignored": 1])
  #expect(result.rows.count == 2)
}
