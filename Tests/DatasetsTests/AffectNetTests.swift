import Datasets
import Platform
import Samples
import TestSupport
import Testing

private let header =
  "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,"
  + "arousal\n"

private let landmarks = (0..<68).map { "\($0);\(100 + $0)" }.joined(separator: ";")

private func line(_ path: String, _ label: Int, box: String = "1,2,30,40") -> String {
  "\(path),\(box),\(landmarks),\(label),0.5,-0.25\n"
}

/// Forty pictures to train on, four to test on, in two folders.
private func affectnet(training: String = "", header first: String = header) throws
  -> DatasetFixture
{
  var fixture = DatasetFixture()
  var train = header
  for number in 0..<40 {
    let path = "\(number % 2)/hash\(number).\(number % 3 == 0 ? "JPG" : "jpg")"
    try fixture.picture("Manually_Annotated_Images/\(path)", shade: number)
    train += line(path, number % 8)
  }
  var test = first
  for number in 40..<44 {
    try fixture.picture("Manually_Annotated_Images/7/hash\(number).png", shade: number)
    test += line("7/hash\(number).png", number % 8)
  }
  fixture.add("Manually_Annotated_file_lists/training.csv", train + training)
  fixture.add("Manually_Annotated_file_lists/validation.csv", test)
  return fixture
}

@Test func theLabelsOfAffectNetAreRemapped() throws {
  let result = try affectnet().ingest(.accepted("affectnet") { $0.protocolName = "affectnet-8" })
  for (number, label) in [
    "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt",
  ].enumerated() {
    #expect(result.row("\(number % 2)/hash\(number)")?.label == label)
  }
  let row = try #require(result.row("1/hash1"))
  #expect(row.box == [1, 2, 31, 42])
  #expect(row.points?.count == 5)
  // Eyes are means of points 36-41 and 42-47, the nose tip is point 30.
  #expect(row.points?[0] == PicturePoint(38.5, 138.5))
  #expect(row.points?[2] == PicturePoint(30, 130))
  #expect(row.attributes == ["valence": "0.5", "arousal": "-0.25"])
  // The owners' validation set is the test set.
  #expect(result.row("7/hash40")?.split == .test)
}

@Test func sevenClassesLeaveContemptOut() throws {
  let result = try affectnet().ingest(.accepted("affectnet"))
  #expect(result.rows.count == 44 - 5)
  #expect(result.rejected(.unlistedClass).count == 5)
  #expect(result.record.classes == .seven)
  #expect(result.record.deviations.contains("train: 35 instead of 283901"))
}

@Test func aListWithoutHeaderReadsTheSame() throws {
  let plain = try affectnet().ingest(.accepted("affectnet"))
  #expect(try affectnet(header: "").ingest(.accepted("affectnet")).rows == plain.rows)
}

@Test func nullBoxesAndNegativeWidthsGiveNoBox() throws {
  var fixture = try affectnet(
    training: line("9/a.jpg", 1, box: "NULL,NULL,NULL,NULL") + line("9/b.jpg", 1, box: "5,5,-3,4"))
  try fixture.picture("Manually_Annotated_Images/9/a.jpg", shade: 100)
  try fixture.picture("Manually_Annotated_Images/9/b.jpg", shade: 101)
  let result = try fixture.ingest(.accepted("affectnet"))
  #expect(result.row("9/a")?.box == nil)
  #expect(result.row("9/b")?.box == nil)
  #expect(result.row("9/b")?.label == "happiness")
}

@Test func aPictureOnSeveralRowsIsTakenOnce() throws {
  let result = try affectnet(training: line("1/hash1.jpg", 3)).ingest(.accepted("affectnet"))
  #expect(result.row("1/hash1")?.label == "happiness")
  #expect(
    result.rejected(.duplicateRow) == ["Manually_Annotated_file_lists/training.csv:42"])
}

@Test func nonePictureUncertainAndNonFaceHaveNoLabel() throws {
  let extra = (8...10).map { line("1/hash\($0).jpg", $0) }.joined()
  let result = try affectnet(training: extra).ingest(.accepted("affectnet"))
  #expect(result.rejected(.withoutLabel).count == 3)
  let fault = #expect(throws: Fault.self) {
    try affectnet(training: line("1/x.jpg", 11)).ingest(.accepted("affectnet"))
  }
  #expect(fault?.place?.line == 42)
}

@Test func unreadablePicturesAreListed() throws {
  var fixture = try affectnet()
  fixture.files[3].bytes = Array("GIF89a".utf8)
  let result = try fixture.ingest(.accepted("affectnet"))
  #expect(result.rejected(.unreadableImage) == ["Manually_Annotated_Images/1/hash3.JPG"])
}

/// A `.npy` file of version 1.
private func npy(_ type: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
  var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
  header += String(repeating: " ", count: (64 - (header.utf8.count + 11) % 64) % 64) + "\n"
  let length = header.utf8.count
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
    + Array(header.utf8) + data
}

private func unicode(_ text: String) -> [UInt8] { text.utf8.flatMap { [$0, 0, 0, 0] } }

private func release2021(_ label: [UInt8]) throws -> DatasetFixture {
  var fixture = DatasetFixture()
  for (number, set) in ["train_set", "train_set", "val_set"].enumerated() {
    try fixture.picture("\(set)/images/\(number).jpg", shade: number)
    fixture.add("\(set)/annotations/\(number)_exp.npy", label)
    fixture.add("\(set)/annotations/\(number)_val.npy", npy("<U4", "()", unicode("0.25")))
    let points = (0..<136).flatMap { unicode("\($0 + 100)") }
    fixture.add("\(set)/annotations/\(number)_lnd.npy", npy("<U3", "(136,)", points))
  }
  return fixture
}

@Test func annotationsOfStringsOrNumbersAreRead() throws {
  let options = IngestOptions.accepted("affectnet-2021")
  for label in [
    npy("<U1", "()", unicode("6")), npy("|S1", "()", [0x36]),
    npy("<i8", "()", [6, 0, 0, 0, 0, 0, 0, 0]), npy("<f8", "(1,)", [0, 0, 0, 0, 0, 0, 0x18, 0x40]),
  ] {
    let result = try release2021(label).ingest(options)
    #expect(result.rows.map(\.label) == ["anger", "anger", "anger"])
    #expect(result.row("test/2")?.split == .test)
    #expect(result.row("train/0")?.points?.first == PicturePoint(177, 178))
    #expect(result.row("train/0")?.attributes["valence"] == "0.25")
  }
}

@Test func arraysOfObjectsAndCutArraysAreRefused() throws {
  let good = npy("<U1", "()", unicode("6"))
  for wrong in [
    npy("|O", "()", [0x80, 2, 0x2E]), Array(good.dropLast()), Array(good.prefix(40)), [],
    npy("<U1", "(99999999,)", []), npy("<i8", "(2,)", [UInt8](repeating: 0, count: 16)),
  ] {
    let fault = #expect(throws: Fault.self) {
      try release2021(wrong).ingest(.accepted("affectnet-2021"))
    }
    #expect(fault?.place?.file == "train_set/annotations/0_exp.npy")
  }
}

@Test func caerSReadsItsFolders() throws {
  var fixture = DatasetFixture()
  let folders = ["Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
  for (number, folder) in folders.enumerated() {
    try fixture.picture("CAER-S/train/\(folder)/0001.png", shade: number)
    try fixture.picture("CAER-S/test/\(folder)/0001.png", shade: 20 + number)
  }
  let result = try fixture.ingest(.accepted("caer-s"))
  #expect(result.row("train/Happy/0001")?.label == "happiness")
  #expect(result.row("test/Sad/0001")?.split == .test)
  #expect(result.record.deviations == ["train: 7 instead of 48995", "test: 7 instead of 20987"])
}

@Test func webDatasetShardsAreRead() throws {
  var fixture = DatasetFixture()
  var shard = DatasetFixture()
  for (number, word) in ["happy", "2", "sad"].enumerated() {
    try shard.picture("00\(number).jpg", shade: number)
    shard.add("00\(number).cls", word + "\n")
  }
  try shard.picture("003.jpg", shade: 3)
  shard.add("003.json", #"{"label": "fear", "subject": "ann"}"#)
  let folder = try ScratchFolder()
  fixture.add("train-0000.tar", try Files.read(try shard.write(.tar, in: folder.path)))
  let result = try fixture.ingest(
    .accepted("webdataset") { $0.classes = ["happiness", "sadness", "anger", "fear"] }, .folder)
  #expect(result.rows.map(\.label) == ["happiness", "anger", "sadness", "fear"])
  #expect(result.rows.allSatisfy { $0.split == .train })
  #expect(result.rows[3].subject == "ann")
}
