import Artifacts
import Datasets
import Platform
import Samples
import TestSupport
import Testing

private func table(_ csv: String) throws -> DatasetFixture {
  var fixture = DatasetFixture()
  fixture.add("labels.csv", csv)
  for (number, name) in ["ada1", "ada2", "bob1", "cy1", "dee1", "eve1"].enumerated() {
    try fixture.picture("images/\(name).jpg", shade: number)
  }
  return fixture
}

private let people = """
  image,emotion,who
  ada1.jpg,happy,ada
  ada2.jpg,sadness,ada
  bob1.jpg,Happy,bob
  cy1.jpg,sad,cy
  dee1.jpg,bored,dee
  eve1.jpg,sadness,eve

  """

private func columns(_ map: [String: JSONValue]) throws -> TableColumns { try TableColumns(map) }

@Test func rowsOfUnlistedClassesAreDroppedBeforeTheHoldout() throws {
  let result = try table(people).ingest(
    .accepted("image-table") {
      $0.columns = try? columns(["path": "image", "label": "emotion", "subject": "who"])
      $0.classes = ["sadness", "happiness"]
      $0.holdout = Holdout(every: 2, offset: 1)
    })
  // Subjects left in order: ada, bob, cy, eve; positions 1 and 3 test.
  #expect(result.rows.map(\.id) == ["ada1", "ada2", "bob1", "cy1", "eve1"])
  #expect(result.rows.filter { $0.split == .test }.map(\.id) == ["bob1", "eve1"])
  #expect(result.record.classes.names == ["sadness", "happiness"])
  #expect(result.row("bob1")?.label == "happiness")
  #expect(result.rejected(.unlistedClass) == ["labels.csv:6"])
  #expect(result.rejected(.imageWithoutLabel) == [])
}

@Test func aWrongColumnNamesTheNearest() throws {
  let fault = #expect(throws: Fault.self) {
    try table(people).ingest(
      .accepted("image-table") {
        $0.columns = try? columns(["path": "image", "label": "emotions"])
      })
  }
  #expect(fault?.remedy?.contains("did you mean 'emotion'?") == true)
  #expect(fault?.place?.description == "labels.csv:1")
  #expect(throws: Fault.self) { try columns(["lable": "emotion"]) }
  #expect(throws: Fault.self) { try Holdout(["every": 1]) }
  #expect(throws: Fault.self) { try Holdout(["evry": 5]) }
}

@Test func aClassWithoutPicturesNamesTheNearestLabel() throws {
  let fault = #expect(throws: Fault.self) {
    try table(people).ingest(
      .accepted("image-table") {
        $0.columns = try? columns(["path": "image", "label": "emotion"])
        $0.classes = ["happiness", "sadness", "boredom"]
      })
  }
  #expect(fault?.message.contains("'boredom'") == true)
}

@Test func splitsAndPointsComeFromColumns() throws {
  let csv = """
    path,label,split,points,age
    images/ada1.jpg,anger,train,1 2 3 4 5 6 7 8 9 10,30
    images/bob1.jpg,fear,Testing,"1;2;3;4;5;6;7;8;9;10.5",40
    images/cy1.jpg,fear,val,,50
    images/gone.jpg,fear,val,,50
    """
  var options = IngestOptions.accepted("image-table") {
    $0.columns = try? columns(["points": "points", "attributes": ["age"]])
  }
  let padded = csv + String(repeating: "\n", count: 3)
  // One of four rows is lost, which is more than the limit: only its listing is looked at.
  let fault = #expect(throws: Fault.self) { try table(padded).ingest(options) }
  #expect(fault?.place?.description == "labels.csv:5")
  let kept = csv.split(separator: "\n").dropLast().joined(separator: "\n")
  options.reject = .drop
  let result = try table(kept).ingest(options)
  #expect(result.rows.map(\.split) == [.train, .test, .validation])
  #expect(result.rows[1].points?.last == PicturePoint(9, 10.5))
  #expect(result.rows[2].points == nil)
  #expect(result.rows[0].attributes == ["age": "30"])
  #expect(result.record.classes.names == ["fear", "anger"])
  #expect(result.rejected(.imageWithoutLabel).count == 3)
}

@Test func rowsThatDoNotFitTheirTableNameTheLine() throws {
  for (csv, place) in [
    ("path,label\nimages/ada1.jpg\n", "labels.csv:2"),
    ("path,label,split\nimages/ada1.jpg,fear,trial\n", "labels.csv:2"),
    ("path,label\n\"images/ada1.jpg,fear\n", "labels.csv:2"),
  ] {
    let fault = #expect(throws: Fault.self) {
      try table(csv).ingest(.accepted("image-table"))
    }
    #expect(fault?.place?.description == place)
  }
}

@Test func aTableWrittenUnderWindowsNamesItsPictures() throws {
  let result = try table("path,label\r\nimages\\ada1.jpg,fear\r\n.\\images\\bob1.jpg,anger\r\n")
    .ingest(.accepted("image-table"))
  #expect(result.rows.map(\.source) == ["images/ada1.jpg", "images/bob1.jpg"])
  let fault = #expect(throws: Fault.self) {
    try table("path,label\n/data/ada9.jpg,fear\n").ingest(.accepted("image-table"))
  }
  #expect(fault?.remedy == "its first picture is images/ada1.jpg")
  #expect(fault?.cause?.contains("/data/ada9.jpg") == true)
}

@Test func sourcesOfOtherDatasetsAreNamedAsSuch() throws {
  var fixture = DatasetFixture()
  for number in 0..<3 { try fixture.picture("photos/\(number).jpg", shade: number) }
  for dataset in DatasetDefinition.names where dataset != "image-folder" {
    let isFolded = ["dfew", "mafw"].contains(dataset)
    let fault = #expect(throws: Fault.self) {
      try fixture.ingest(.accepted(dataset) { $0.fold = isFolded ? 1 : nil })
    }
    #expect(fault?.remedy?.isEmpty == false, "\(dataset)")
  }
}

@Test func severalTablesMustBeChosenFrom() throws {
  var fixture = try table("path,label\nada1.jpg,fear\n")
  fixture.add("info.csv", "face_id,age\n1,2\n")
  let fault = #expect(throws: Fault.self) { try fixture.ingest(.accepted("image-table")) }
  #expect(fault?.message.contains("info.csv") == true)
  let result = try fixture.ingest(.accepted("image-table") { $0.table = "labels.csv" })
  #expect(result.rows.count == 1)
}

@Test func aFolderAClassKeepsNamesUnlessClassesAreGiven() throws {
  var fixture = DatasetFixture()
  for (number, path) in [
    "train/zeal/1.jpg", "train/fear/1.jpg", "test/zeal/2.png", "test/fear/2.png",
  ]
  .enumerated() { try fixture.picture("set/\(path)", shade: number) }
  let result = try fixture.ingest(.accepted("image-folder"))
  #expect(result.record.classes.names == ["fear", "zeal"])
  #expect(result.row("set/train/zeal/1")?.split == .train)
  #expect(result.row("set/test/fear/2")?.split == .test)
  let fault = #expect(throws: Fault.self) {
    try fixture.ingest(.accepted("image-folder") { $0.classes = ["fear", "anger"] })
  }
  #expect(fault?.message.contains("'zeal'") == true)
  #expect(fault?.place?.file == "set/train/zeal/1.jpg")
}

@Test func aPatternTakesFactsFromThePath() throws {
  let pattern = try NamePattern("{label}/{subject}_*.jpg")
  #expect(pattern.match("photos/smiling/007_b_c.jpg") == ["label": "smiling", "subject": "007"])
  #expect(pattern.match("photos/smiling/007.jpg") == nil)
  #expect(pattern.match("007_1.jpg") == nil)
  #expect(
    try NamePattern("{subject}.{label}.*").match("x/ann.happy.png") == [
      "subject": "ann", "label": "happy",
    ])
  for wrong in ["", "{label", "{}/x", "{a}{a}"] {
    #expect(throws: Fault.self) { try NamePattern(wrong) }
  }
  var fixture = DatasetFixture()
  for (number, path) in ["smiling/1.jpg", "neutral/1.jpg", "smiling/2.jpg", "neutral/2.jpg"]
    .enumerated()
  {
    try fixture.picture(path, shade: number)
  }
  let result = try fixture.ingest(
    .accepted("image-folder") {
      $0.pattern = "{label}/{subject}.jpg"
      $0.classes = ["neutral", "happiness"]
      $0.holdout = Holdout(every: 2)
    })
  #expect(result.row("smiling/1")?.label == "happiness")
  #expect(result.rows.filter { $0.split == .test }.map(\.subject) == ["1", "1"])
}

/// The figures of the photographs of known people that the photo manifest uses.
@Test(.enabled(if: testData != nil, "FERRY_TEST_DATA is not set"))
func everyFifthPersonOfTheLabelledPhotosTests252Pictures() throws {
  var options = IngestOptions(dataset: "image-table")
  options.columns = try columns(["path": "image", "label": "emotion", "subject": "identity"])
  options.classes = ["surprise", "happiness", "sadness", "anger", "neutral"]
  options.holdout = Holdout(every: 5)
  let folder = try ScratchFolder()
  let source = (testData ?? "") + "/lfw_expressions"
  let (record, rows, _) = try Ingestion(source: source, options: options, threads: 2)
    .write(to: folder.path)
  #expect(rows == 355 + 400 + 124 + 227 + 400)
  #expect(record.counts[.test]?.values.reduce(0, +) == 252)
}
