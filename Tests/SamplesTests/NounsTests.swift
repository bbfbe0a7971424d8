import Artifacts
import Platform
import Samples
import Testing

@Test func theCanonicalOrderIsRAFDBsWithContemptLast() {
  #expect(
    ClassList.eight.names == [
      "surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral", "contempt",
    ])
  #expect(ClassList.seven.count == 7)
  #expect(Expression.allCases.map(\.rawValue) == Array(0..<8))
}

@Test func synonymsFindTheirExpressionInAnyCase() {
  for (word, expression) in [
    ("Happy", Expression.happiness), ("smiling", .happiness), ("Angry", .anger), ("SAD", .sadness),
    ("Surprise", .surprise), ("fearful", .fear), ("Neutral", .neutral),
  ] {
    #expect(Expression(name: word) == expression)
  }
  #expect(Expression(name: "anxiety") == nil)
  // No word may stand for two expressions.
  let words = Expression.allCases.flatMap { [$0.name] + $0.synonyms }
  #expect(Set(words).count == words.count)
}

@Test func anUnknownClassNamesTheNearestWord() throws {
  let fault = #expect(throws: Fault.self) {
    try ClassList.seven.require("hapiness", at: .init("labels.csv", line: 3, column: 2))
  }
  #expect(fault?.remedy?.contains("did you mean 'happiness'") == true)
  #expect(fault?.place?.description == "labels.csv:3:2")
  #expect(try ClassList.seven.require("Happy") == 3)
  #expect(throws: Fault.self) { try ClassList(words: ["happy", "happiness"]) }
  #expect(throws: Fault.self) { try ClassList(words: []) }
}

@Test func classListsThatDisagreeNameBoth() throws {
  let shuffled = try ClassList(exactly: ["fear", "surprise"])
  let fault = #expect(throws: Fault.self) {
    try shuffled.requireSame(
      as: try ClassList.inCanonicalOrder(["fear", "surprise"]), "the model", "the data")
  }
  #expect(fault?.message.contains("fear, surprise") == true)
  #expect(fault?.message.contains("surprise, fear") == true)
  #expect(fault?.message.contains("in their order") == true)
  let own = try ClassList.inCanonicalOrder(["zeal", "anger", "anxiety", "fear"])
  #expect(own.names == ["fear", "anger", "anxiety", "zeal"])
}

@Test func rowsGoThroughJSONUnchanged() throws {
  let sample = SampleRow(
    id: "train_00001", source: "basic/Image/original.zip/original/train_00001.jpg", split: .train,
    label: "sadness", votes: [0, 1.5, 8.5], subject: "S005", attributes: ["gender": "female"],
    points: [PicturePoint(1.5, 2), PicturePoint(-3, 4.25)], box: [0, 1, 2, 3])
  #expect(try SampleRow(json: JSONValue.parse(sample.json.canonicalBytes, file: "x")) == sample)
  let bare = SampleRow(id: "a", source: "a.png", split: .all, label: nil)
  #expect(bare.json.canonical == #"{"id":"a","label":null,"source":"a.png","split":"all"}"#)
  #expect(try SampleRow(json: bare.json) == bare)
  let face = FaceRow(
    sample: sample, landmarks: [PicturePoint(1, 2)], score: 0.5, facesFound: 2, policy: "largest",
    transform: [[1, 0, 2], [0, 1, 3]])
  #expect(try FaceRow(json: face.json) == face)
  let shard = ShardRow(id: "a", split: .validation, subject: nil, attributes: ["age": "1"])
  #expect(try ShardRow(json: shard.json) == shard)
}

@Test func aDamagedRowNamesTheMember() {
  var json = SampleRow(id: "a", source: "a.png", split: .all, label: nil).json
  json["box"] = [1, 2]
  let fault = #expect(throws: Fault.self) {
    try SampleRow(json: json, at: .init("index.jsonl", line: 7))
  }
  #expect(fault?.message.contains("'box'") == true)
  #expect(fault?.place?.line == 7)
}
