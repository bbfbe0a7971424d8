import Expressions
import Imaging
import Platform
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
