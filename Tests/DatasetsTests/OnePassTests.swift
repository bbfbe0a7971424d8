import Artifacts
import Datasets
import Imaging
import Platform
import Samples
import TestSupport
import Testing

@Test func aTakenNameIsFollowedByTheSourcePath() throws {
  var fixture = DatasetFixture()
  try fixture.picture("fear/a.jpg", shade: 1)
  try fixture.picture("fear/a.png", shade: 2)
  try fixture.picture("fear/b.png", shade: 3)
  let rows = try fixture.ingest(.accepted("image-folder")).rows
  #expect(rows.map(\.id) == ["fear/a", "fear/a.png", "fear/b"])
  #expect(rows.map(\.source) == ["fear/a.jpg", "fear/a.png", "fear/b.png"])
}

/// With a part held out all rows must be known first: pictures are then read in a second pass.
@Test func onePassAndTwoGiveTheSamePictures() throws {
  var fixture = DatasetFixture()
  for number in 0..<9 {
    try fixture.picture("\(number % 2 == 0 ? "fear" : "anger")/s\(number)_1.jpg", shade: number)
  }
  fixture.add("fear/s7_broken.jpg", [0xFF, 0xD8, 1, 2])
  fixture.add("notes.txt", "no picture")
  fixture.add("loose.jpg", [1])
  func read(_ holdout: Holdout?) throws -> Ingested {
    try fixture.ingest(
      .accepted("image-folder") {
        $0.pattern = "{label}/{subject}_*.jpg"
        $0.holdout = holdout
      })
  }
  let once = try #require(throws: Fault.self) { try read(nil) }
  #expect(once.message.contains("lost") || once.message.contains("1 of 10"), "\(once.message)")
  for _ in 0..<15 {
    try fixture.picture("anger/t\(fixture.files.count)_1.jpg", shade: fixture.files.count)
  }
  let one = try read(nil)
  let two = try read(Holdout(every: 5))
  #expect(one.rows.map(\.id) == two.rows.map(\.id))
  #expect(one.rows.count == 24 && one.payloads == two.payloads)
  #expect(one.rejects == two.rejects)
  #expect(one.rejected(.unreadableImage) == ["fear/s7_broken.jpg"])
  #expect(one.rejected(.imageWithoutLabel) == ["loose.jpg"])
  #expect(one.rows.allSatisfy { $0.split == .all } && two.rows.contains { $0.split == .test })
}

@Test func picturesOfCKPlusAreOfTwoSizesGreyAndInColour() throws {
  var fixture = DatasetFixture()
  let sizes = [(640, 490, 1), (640, 480, 1), (640, 480, 3), (640, 490, 3)]
  for (number, (width, height, channels)) in sizes.enumerated() {
    let name = "S01\(number)_001_0000000"
    for frame in 1...2 {
      var image = Image(width: width, height: height, channels: channels, filledWith: 90)
      image[frame, number, 0] = 200
      fixture.add(
        "cohn-kanade-images/S01\(number)/001/\(name)\(frame).png", try image.png(level: 1))
    }
    fixture.add("Emotion/S01\(number)/001/\(name)2_emotion.txt", "   5.0000000e+00\n")
  }
  let result = try fixture.ingest(.accepted("ckplus"))
  #expect(result.rows.count == 8 && result.rejects.isEmpty)
  for (index, payload) in result.payloads.enumerated() {
    let image = try Image.decode(payload, name: result.rows[index].id, as: .asStored)
    let (width, height, channels) = sizes[index / 2]
    #expect(image.width == width && image.height == height && image.channels == channels)
  }
}

@Test func theTotalsOfAffectNetThatAreInCirculationNeedNoAcceptance() throws {
  let options = IngestOptions.accepted("affectnet") { $0.protocolName = "affectnet-8" }
  let scheme = try IngestPlan.of(
    [
      ("training.csv", Array("1/a.jpg,1,2,3,4,,1,0.1,0.1\n".utf8)),
      ("validation.csv", Array("1/a.jpg,1,2,3,4,,1,0.1,0.1\n".utf8)), ("1/a.jpg", []),
    ], options
  ).scheme
  func check(_ train: Int, _ test: Int) throws -> [String] {
    try scheme.check([.train: ["anger": train], .test: ["anger": test]], accepting: false)
  }
  #expect(try check(287_651, 4000) == [])
  #expect(
    try check(287_568, 3999) == [
      "train: 287568 instead of 287651, as in the older lists",
      "test: 3999 instead of 4000, as in the release of 2021",
    ])
  #expect(throws: Fault.self) { try check(287_567, 4000) }
}

/// The rows of a source, and whether one reading was enough: the number of pictures is then unknown
/// until the end.
private func read(
  _ fixture: DatasetFixture, _ dataset: String
) throws -> (rows: [SampleRow], isOnce: Bool, rejects: [String: Int]) {
  let folder = try ScratchFolder()
  let source = try fixture.write(.tar, in: folder.path)
  let out = Files.join(folder.path, "samples")
  let totals = Locked<[Int?]>([])
  let ingestion = try Ingestion(source: source, options: .accepted(dataset)) { _, total in
    totals.withLock { $0.append(total) }
  }
  let record = try ingestion.write(to: out).record
  let reader = try RowCollectionReader(out)
  let rows = try reader.rows.map { try SampleRow(json: $0) }
  #expect(rows.indices.allSatisfy { reader.payload($0)?.isEmpty == false })
  return (
    rows.sorted { $0.id < $1.id }, totals.withLock { $0.last ?? .some(0) } == .some(nil),
    record.rejects
  )
}

/// The same files with annotations before pictures, after them, and between them.
private func expectOnePass(
  _ fixture: DatasetFixture, _ dataset: String, late: (String) -> Bool
) throws {
  let pictures = fixture.files.filter { SourceName.isPicture($0.path) }
  let others = fixture.files.filter { !SourceName.isPicture($0.path) }
  let first = try read(DatasetFixture(files: others + pictures), dataset)
  #expect(first.isOnce && !first.rows.isEmpty, "\(dataset)")
  let early = others.filter { !late($0.path) }
  let orders = [
    pictures + others, early + pictures + others.filter { late($0.path) },
    early + Array(pictures.dropLast()) + others.filter { late($0.path) } + pictures.suffix(1),
  ]
  for order in orders {
    let other = try read(DatasetFixture(files: order), dataset)
    #expect(!other.isOnce, "\(dataset)")
    #expect(other.rows == first.rows && other.rejects == first.rejects, "\(dataset)")
  }
}

private enum SourceName {
  static func isPicture(_ path: String) -> Bool {
    [".jpg", ".png"].contains { path.hasSuffix($0) }
  }
}

@Test func annotationsOfRAFDBBeforeThePicturesMakeOnePass() throws {
  var fixture = DatasetFixture()
  var list = ""
  for number in 1...21 {
    let stem = "train_000\(number + 10)"
    try fixture.picture("basic/Image/original/\(stem).jpg", shade: number)
    fixture.add(
      "basic/Annotation/manual/\(stem)_manu_attri.txt", "1 2\n3 4\n5 6\n7 8\n9 10\n1\n2\n3\n")
    fixture.add("basic/Annotation/boundingbox/\(stem)_boundingbox.txt", "1 2 3 \(number) \n")
    list += "\(stem).jpg \(number % 7 + 1)\n"
  }
  // A picture without a label, a label without a picture.
  try fixture.picture("basic/Image/original/test_0009.jpg", shade: 900)
  fixture.add("basic/EmoLabel/list_patition_label.txt", list + "test_0008.jpg 3\n")
  try expectOnePass(fixture, "rafdb") { $0.contains("boundingbox") }
}

@Test func listsOfAffectNetBeforeThePicturesMakeOnePass() throws {
  var fixture = DatasetFixture()
  var lists = ["", ""]
  for number in 0..<42 {
    let path = "\(number % 2)/hash\(number).jpg"
    try fixture.picture("Manually_Annotated_Images/\(path)", shade: number)
    lists[number % 2] += "\(path),1,2,30,40,,\(number % 7),0.5,-0.25\n"
  }
  lists[0] += "0/hash2.jpg,1,2,30,40,,3,0.5,0.5\n0/hash900.jpg,1,2,30,40,,9,0.5,0.5\n"
  try fixture.picture("Manually_Annotated_Images/0/hash900.jpg", shade: 900)
  try fixture.picture("Manually_Annotated_Images/0/nowhere.jpg", shade: 901)
  fixture.add("training.csv", lists[0])
  fixture.add("validation.csv", lists[1])
  try expectOnePass(fixture, "affectnet") { $0 == "validation.csv" }
  let rejects = try read(fixture, "affectnet").rejects
  #expect(rejects == ["duplicate-row": 1, "without-label": 1, "image-without-label": 1])
}

@Test func annotationsOf2021BeforeThePicturesMakeOnePass() throws {
  func npy(_ value: Double) -> [UInt8] {
    let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n"
    let bits = value.bitPattern
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
      + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
  }
  var fixture = DatasetFixture()
  for number in 0..<6 {
    let set = number % 2 == 0 ? "train_set" : "val_set"
    try fixture.picture("\(set)/images/\(number).jpg", shade: number)
    fixture.add("\(set)/annotations/\(number)_exp.npy", npy(Double(number)))
    fixture.add("\(set)/annotations/\(number)_val.npy", npy(0.25))
  }
  try expectOnePass(fixture, "affectnet-2021") { $0.hasSuffix("_val.npy") }
}

@Test func filesOfASampleSideBySideMakeOnePass() throws {
  var fixture = DatasetFixture()
  for number in 0..<6 {
    try fixture.picture("00\(number).jpg", shade: number)
    fixture.add("00\(number).cls", number % 2 == 0 ? "fear" : "very angry")
    // Says nothing of the label, and does not undo it.
    fixture.add("00\(number).json", #"{"subject": "s\#(number)"}"#)
    fixture.add("00\(number).txt", "a caption\nof two lines")
  }
  let near = try read(fixture, "webdataset")
  #expect(near.isOnce)
  #expect(near.rows.map(\.label) == (0..<6).map { $0 % 2 == 0 ? "fear" : "very angry" })
  #expect(near.rows.map(\.subject) == (0..<6).map { "s\($0)" })
  fixture.files.sort { SourceName.isPicture($0.path) && !SourceName.isPicture($1.path) }
  let far = try read(fixture, "webdataset")
  #expect(!far.isOnce && far.rows == near.rows)
}

@Test func picturesOfKindsThatAreNotReadAreListed() throws {
  var fixture = DatasetFixture()
  for number in 0..<20 { try fixture.picture("fear/\(number).jpg", shade: number) }
  fixture.add("fear/moving.gif", Array("GIF89a".utf8))
  let result = try fixture.ingest(.accepted("image-folder"))
  #expect(result.rejected(.unreadableImage) == ["fear/moving.gif"])
  #expect(result.rejects[0][2].contains("a GIF"))
}

@Test func classNamesWithControlCharactersAreRefused() throws {
  var fixture = DatasetFixture()
  try fixture.picture("a.jpg", shade: 1)
  fixture.add("labels.csv", "path,label\na.jpg,\"fe\u{1B}[2Jar\"\n")
  let fault = #expect(throws: Fault.self) { try fixture.ingest(.accepted("image-table")) }
  #expect(fault?.message.contains("control characters") == true)
}

@Test func listsThatAreTooLongAreRefusedWithTheirLine() throws {
  let many = 200_001
  for (dataset, path, line) in [
    ("rafdb", "list_patition_label.txt", "train_00001.jpg 5\n"),
    ("ferv39k", "train_All.csv", "1 Sad\n"),
  ] {
    var fixture = DatasetFixture()
    fixture.add(path, String(repeating: line, count: many))
    let fault = #expect(throws: Fault.self) { try fixture.ingest(.accepted(dataset)) }
    #expect(fault?.place?.description == "\(path):\(many)")
    #expect(fault?.message == "the list has more than 200000 lines")
  }
  var fixture = DatasetFixture()
  try fixture.picture("a.jpg", shade: 1)
  fixture.add("l.csv", "path,label\n" + String(repeating: "a.jpg,", count: 5000))
  let fault = #expect(throws: Fault.self) { try fixture.ingest(.accepted("image-table")) }
  #expect(fault?.message == "a row has more than 4096 cells")
}
