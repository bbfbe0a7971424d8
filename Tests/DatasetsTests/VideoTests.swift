import Artifacts
import Datasets
import Platform
import Testing

@Test func sixteenFramesAreTakenAtTheCentresOfEqualParts() {
  #expect(FrameSampling.indexes(total: 16, count: 16) == Array(0..<16))
  #expect(
    FrameSampling.indexes(total: 48, count: 16) == (0..<16).map { 3 * $0 + 1 })
  #expect(
    FrameSampling.indexes(total: 3, count: 16) == [
      0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2,
    ])
  for total in 1...200 {
    let indexes = FrameSampling.indexes(total: total, count: 16)
    #expect(indexes == indexes.sorted() && indexes.allSatisfy { (0..<total).contains($0) })
    // As far from the first frame as from the last.
    #expect(abs(indexes[0] - (total - 1 - indexes[15])) <= 1)
  }
}

private struct Clips {
  var fixture = DatasetFixture()
  private var shade = 0

  mutating func frames(_ folder: String, _ names: [String]) throws {
    for name in names {
      try fixture.picture("\(folder)/\(name).jpg", shade: shade)
      shade += 1
    }
  }
}

/// Seven clips to train on, one of each label; two to test on, one of them short.
private func dfew() throws -> DatasetFixture {
  var clips = Clips()
  for clip in 1...9 {
    let count = clip == 9 ? 3 : 16
    try clips.frames("Clip/clip_224x224_16f/0000\(clip)", (1...count).map(String.init))
  }
  for fold in 1...5 {
    clips.fixture.add(
      "EmoLabel_DataSplit/train(single-labeled)/set_\(fold).csv",
      "video_name,label\n" + (1...7).map { "\($0),\($0)\n" }.joined())
    clips.fixture.add(
      "EmoLabel_DataSplit/test(single-labeled)/set_\(fold).csv",
      "video_name,label\r\n00008,3\r\n00009.mp4,1")
  }
  return clips.fixture
}

private func first(_ dataset: String) -> IngestOptions {
  .accepted(dataset) { $0.fold = 1 }
}

@Test func theLabelsOfDFEWAreRemapped() throws {
  let result = try dfew().ingest(first("dfew"))
  #expect(
    (1...7).map { result.clip("0000\($0)")?.label } == [
      "happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear",
    ])
  #expect(result.record.clips?[.train]?["happiness"] == 1)
  #expect(result.record.deviations.contains("altogether: 9 instead of 11697"))
  #expect(result.record.deviations.contains("test: 2 instead of 2341"))
}

@Test func namesOfDFEWAreFilledWithZeros() throws {
  let result = try dfew().ingest(first("dfew"))
  #expect(result.clips.map(\.id) == (1...9).map { "0000\($0)" })
  #expect(result.clip("00009")?.split == .test)
}

@Test func framesAreSortedByTheirNumbersNotTheirNames() throws {
  let result = try dfew().ingest(first("dfew"))
  #expect(result.clip("00001")?.frames == (1...16).map { "00001/\($0)" })
  #expect(result.row("00001/10")?.source == "Clip/clip_224x224_16f/00001/10.jpg")
  #expect(result.row("00001/10")?.subject == "00001")
}

@Test func aShortClipRepeatsFramesAndStoresThemOnce() throws {
  let result = try dfew().ingest(first("dfew"))
  let clip = try #require(result.clip("00009"))
  #expect(clip.frames.count == 16)
  #expect(Set(clip.frames) == ["00009/1", "00009/2", "00009/3"])
  #expect(result.rows.filter { $0.subject == "00009" }.count == 3)
}

@Test func fewerFramesCanBeTaken() throws {
  let result = try dfew().ingest(
    .accepted("dfew") {
      $0.fold = 2
      $0.frames = 4
    })
  #expect(result.clip("00001")?.frames == ["00001/3", "00001/7", "00001/11", "00001/15"])
  let fault = #expect(throws: Fault.self) { try dfew().ingest(.accepted("dfew")) }
  #expect(fault?.remedy == "set fold to 1 to 5")
}

@Test func videosWithoutFramesNameTheRemedy() throws {
  var fixture = try dfew()
  fixture.files.removeAll { $0.path.hasSuffix("jpg") }
  fixture.add("Clip/original/1.mp4", "x")
  let fault = #expect(throws: Fault.self) { try fixture.ingest(first("dfew")) }
  #expect(fault?.remedy?.contains("ffmpeg") == true)
}

@Test func clipsListedTwiceAndClipsWithoutFramesAreListed() throws {
  var fixture = try dfew()
  let list = "EmoLabel_DataSplit/test(single-labeled)/set_1.csv"
  let index = try #require(fixture.files.firstIndex { $0.path == list })
  fixture.files[index].bytes += Array("\n1,4\n77,4\n".utf8)
  var options = first("dfew")
  // Two of eleven are lost, which is more than the limit.
  let fault = #expect(throws: Fault.self) { try fixture.ingest(options) }
  #expect(fault?.message.contains("1 duplicate-row, 1 label-without-image") == true)
  options.reject = .fail
  #expect(throws: Fault.self) { try fixture.ingest(options) }
}

@Test func ferv39kReadsSceneEmotionAndClip() throws {
  var clips = Clips()
  try clips.frames("2_ClipsforFaceCrop/Action/Sad/0010", ["00001", "00002"])
  try clips.frames("2_ClipsforFaceCrop/Crime/Happy/0010", ["00001", "00002"])
  clips.fixture.add("4_setups/All_scenes/train_All.csv", "Action/Sad/0010 Sad\n")
  clips.fixture.add("4_setups/All_scenes/test_All.csv", "Crime/Happy/0010 Happy\n")
  // Lists of one scene lie beside those of all.
  clips.fixture.add("4_setups/Single_scene/train_Action.csv", "Action/Sad/0099 Sad\n")
  let result = try clips.fixture.ingest(.accepted("ferv39k"))
  #expect(result.clip("Action/Sad/0010")?.label == "sadness")
  #expect(result.clip("Crime/Happy/0010")?.split == .test)
  #expect(result.row("Crime/Happy/0010/00002") != nil)
  #expect(result.record.deviations == ["train: 1 instead of 31088", "test: 1 instead of 7847"])
}

@Test func mafwHasElevenClassesAndNamesOfVideos() throws {
  var clips = Clips()
  for clip in 1...3 { try clips.frames("frames/0000\(clip)", ["1", "2"]) }
  let root = "Train & Test Set/single"
  clips.fixture.add(
    "\(root)/no_caption/set_1/train.txt", "00001.mp4 anger\n00002.mp4 helplessness\n")
  clips.fixture.add("\(root)/no_caption/set_1/test.txt", "00003.mp4 disappointment\n")
  clips.fixture.add("\(root)/with_caption/set_1/test.txt", "00003.mp4 anger a frown\n")
  let result = try clips.fixture.ingest(first("mafw"))
  #expect(
    result.record.classes.names == [
      "surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral", "contempt",
      "anxiety", "disappointment", "helplessness",
    ])
  #expect(result.clip("00002")?.label == "helplessness")
  #expect(result.clip("00003")?.split == .test)
  #expect(result.record.deviations.contains("train: 2 instead of 7333"))
}

@Test func theValidationSetOfAFEWTests() throws {
  var clips = Clips()
  try clips.frames("Train_AFEW/Angry/000046280", ["001", "002"])
  try clips.frames("Val_AFEW/Surprise/000046300", ["001", "002"])
  let result = try clips.fixture.ingest(.accepted("afew"))
  #expect(result.clip("Train_AFEW/Angry/000046280")?.label == "anger")
  #expect(result.clip("Val_AFEW/Surprise/000046300")?.split == .test)
}

@Test func aPublicListOf381ClipsOfAFEWIsKnown() throws {
  var known = DatasetProtocol(
    name: "afew", summary: "", classes: .seven, expectedTotals: [.test: 383],
    knownTotals: [.test: [381: "a public list"]])
  #expect(
    try known.check([.test: ["anger": 381]], accepting: false)
      == ["test: 381 instead of 383, as in a public list"])
  #expect(throws: Fault.self) { try known.check([.test: ["anger": 380]], accepting: false) }
  known.knownTotals = [:]
  #expect(throws: Fault.self) { try known.check([.test: ["anger": 381]], accepting: false) }
}

@Test func twoFoldersOfOneClipAreAmbiguous() throws {
  var clips = Clips()
  try clips.frames("a/00001", ["1"])
  try clips.frames("b/00001", ["1"])
  clips.fixture.add("single/no_caption/set_1/train.txt", "00001.mp4 anger\n")
  clips.fixture.add("single/no_caption/set_1/test.txt", "")
  let fault = #expect(throws: Fault.self) { try clips.fixture.ingest(first("mafw")) }
  #expect(fault?.message.contains("a/00001") == true && fault?.message.contains("b/00001") == true)
}

/// Fold k tests the clips whose number is k modulo 5.
@Test func eachFoldHasListsOfItsOwn() throws {
  var clips = Clips()
  for clip in 1...10 { try clips.frames("Clip/" + padded(clip, 5), ["1"]) }
  for fold in 1...5 {
    let (test, train) = (
      (1...10).filter { $0 % 5 == fold % 5 }, (1...10).filter { $0 % 5 != fold % 5 }
    )
    for (set, numbers) in [("train", train), ("test", test)] {
      clips.fixture.add(
        "EmoLabel_DataSplit/\(set)(single-labeled)/set_\(fold).csv",
        "video_name,label\n" + numbers.map { "\($0),1\n" }.joined())
      clips.fixture.add(
        "Train & Test Set/single/no_caption/set_\(fold)/\(set).txt",
        numbers.map { padded($0, 5) + ".mp4 anger\n" }.joined())
    }
  }
  for dataset in ["dfew", "mafw"] {
    for fold in 1...5 {
      let result = try clips.fixture.ingest(.accepted(dataset) { $0.fold = fold })
      let test = result.clips.filter { $0.split == .test }.compactMap { Int($0.id) }
      #expect(test == (1...10).filter { $0 % 5 == fold % 5 })
      #expect(result.clips.count == 10)
    }
    #expect(throws: Fault.self) { try clips.fixture.ingest(.accepted(dataset) { $0.fold = 6 }) }
  }
}
