import Artifacts
import Methods
import Networks
import Neural
import Platform
import Samples
import Tensors
import Testing

/// Which models and shards are tested together, and what comes out.
@Suite struct MetricModelTests {
  static let size = 16

  /// Ninety faces of random pixels, every third for training.
  struct Shards {
    var dataset = "rafdb"
    var protocolName = "rafdb-basic"
    var fold: Int?
    var classes = ["surprise", "happiness", "neutral"]
    var size = MetricModelTests.size
    var alignment: JSONValue = [
      "detector": "landmarks", "size": 16, "template": [[4, 5], [9, 11]],
    ]

    var record: DatasetRecord {
      get throws {
        DatasetRecord(
          card: DatasetCard(
            name: dataset, title: dataset, citation: "", url: "", terms: "", needsAcceptance: false),
          protocolName: protocolName, protocolSummary: "", fold: fold,
          classes: try ClassList(exactly: classes), counts: [:],
          deviations: ["test: 60 instead of 70"])
      }
    }

    func write(in folder: TemporaryDirectory) throws -> ShardSet {
      let directory = folder("shards-\(Files.temporaryNumber())")
      let index = try RowCollectionWriter(directory)
      for number in 0..<90 {
        let row = ShardRow(
          id: "face_\(number)", split: number % 3 == 0 ? .train : .test, subject: "s\(number % 7)",
          attributes: ["gender": number % 2 == 0 ? "female" : "male"])
        try index.append(row.json)
      }
      try index.finish()
      let columns = try SafetensorsWriter(
        Files.join(directory, ShardSet.columnsName),
        tensors: [("label", .int64, [90]), ("image", .uint8, [90, size, size, 3])])
      try columns.append((0..<90).map { $0 / 3 % classes.count })
      var generator = SeededGenerator(seed: 5)
      try columns.append((0..<90 * size * size * 3).map { _ in UInt8(generator.below(256)) })
      try columns.finish()
      var metadata = try record.json
      metadata["preprocessing"] = [
        "size": .integer(size), "channels": "rgb", "alignment": alignment,
      ]
      _ = try Artifact.seal(directory, kind: "shards", schema: 1, metadata: metadata)
      return try ShardSet(directory)
    }
  }

  /// An untrained model of the shards' classes.
  private func model(_ shards: Shards, in folder: TemporaryDirectory) throws -> Classifier {
    var generator = SeededGenerator(seed: 3)
    let encoder = try EncoderCatalogue.standard.make(
      "resnet18", EncoderOptions(width: 1.0 / 16, imageSize: 16), generator: &generator)
    let classes = try ClassList(exactly: shards.classes)
    let head = DiscreteObjective(
      width: encoder.width, classCount: classes.count, generator: &generator)
    let description = ModelDescription(
      classes: classes, encoder: "resnet18", width: 1.0 / 16, method: "discrete",
      temperature: 0.01,
      preprocessing: Preprocessing(imageSize: shards.size, alignment: shards.alignment),
      selection: "validation", selected: .null, data: try shards.record.json,
      parameters: ["seed": 4, "method": "discrete", "epochs": 2], prompts: .null)
    let path = folder("model-\(Files.temporaryNumber()).safetensors")
    let tensors = encoder.layer.state + head.parameters.map { NamedTensor($0.name, $0.value) }
    try ModelFile.write(tensors, description: description, to: path)
    return try Classifier(path)
  }

  @Test func testRowsAloneAreEvaluated() throws {
    let folder = try TemporaryDirectory()
    let shards = Shards()
    let classifier = try model(shards, in: folder)
    let test = try ModelTest.inDomain(
      classifier.description, shards.write(in: folder), allowsResizing: false)
    let evaluation = try test.run(classifier)
    #expect(evaluation.samples.count == 60 && evaluation.countBefore == 60)
    #expect(evaluation.samples[0].id == "face_1" && evaluation.samples[0].subject == "s1")
    #expect(evaluation.protocolName == "rafdb-basic" && evaluation.selection == "validation")
    #expect(evaluation.slices.map(\.value) == ["female", "male"])
    #expect(test.exclusion == nil)
    #expect(test.card.model.seed == 4)
    #expect(test.card.model.details == ["epochs": 2, "initial": "random"])
    #expect(test.card.deviations == ["test: 60 instead of 70"] && !test.card.isCrossDataset)
  }

  @Test func threadsDoNotShow() throws {
    let folder = try TemporaryDirectory()
    let shards = Shards()
    let classifier = try model(shards, in: folder)
    let test = try ModelTest.inDomain(
      classifier.description, shards.write(in: folder), allowsResizing: false)
    let before = ThreadPool.threads
    defer { ThreadPool.threads = before }
    let texts = try [1, 2, 3].map { threads in
      ThreadPool.threads = threads
      return try test.run(classifier).predictionsCSV
    }
    #expect(texts[0] == texts[1] && texts[0] == texts[2])
  }

  @Test func sharedClassesCountUnderIntersect() throws {
    let folder = try TemporaryDirectory()
    let classifier = try model(Shards(), in: folder)
    let other = try Shards(
      dataset: "ckplus", protocolName: "ckplus-636", classes: ["neutral", "contempt", "surprise"]
    ).write(in: folder)
    let test = try ModelTest.acrossDatasets(
      classifier.description, other, protocolName: "ckplus-636", rule: .intersect,
      allowsResizing: false)
    let evaluation = try test.run(classifier)
    #expect(evaluation.classes == ["surprise", "neutral"])
    #expect(evaluation.countBefore == 60 && evaluation.samples.count == 40)
    // The first test rows have the other list's class 0, neutral: 1 in the shared list.
    #expect(evaluation.scored.labels.prefix(2) == [1, 1])
    let sums = stride(from: 0, to: 80, by: 2).map {
      evaluation.scored.probabilities[$0] + evaluation.scored.probabilities[$0 + 1]
    }
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(test.exclusion?.contains("40 of 60") == true)
    #expect(evaluation.metrics["class_rule"] == "intersect")
  }

  /// What is refused, and the words that name both sides.
  static let refusals: [(Shards, [String])] = [
    (Shards(classes: ["surprise", "happiness", "anger"]), ["neutral", "anger"]),
    (Shards(classes: ["happiness", "surprise", "neutral"]), ["in their order"]),
    (Shards(dataset: "ckplus", protocolName: "ckplus-636"), ["'rafdb'", "'ckplus'"]),
    (Shards(protocolName: "rafdb-basic-aligned"), ["'rafdb-basic'", "'rafdb-basic-aligned'"]),
    (Shards(fold: 2), ["'none'", "'2'"]),
    (Shards(size: 24), ["16 px", "24 px"]),
    (Shards(alignment: ["detector": "none", "size": 16]), ["landmarks", "none"]),
    (
      Shards(alignment: ["detector": "landmarks", "size": 16, "template": [[4, 5], [9, 12]]]),
      ["template", "0.6875", "0.75"]
    ),
  ]

  @Test(arguments: refusals.indices) func whatDoesNotFitIsRefused(_ index: Int) throws {
    let (shards, words) = Self.refusals[index]
    let folder = try TemporaryDirectory()
    let description = try model(Shards(), in: folder).description
    let set = try shards.write(in: folder)
    let fault = #expect(throws: Fault.self) {
      try ModelTest.inDomain(description, set, allowsResizing: false)
    }
    for word in words { #expect(fault?.description.contains(word) == true, "\(word)") }
    #expect(fault?.code == .badInput)
  }

  /// The field that differs is named with both values.
  @Test(
    arguments: [
      ("margin", .number(0), .number(0.8)), ("border", "edge", "constant"),
      ("filter", "bicubic", "bilinear"), ("crop", 12, 14),
    ] as [(String, JSONValue, JSONValue)])
  func facesCutOtherwiseAreRefusedByField(
    _ field: String, _ mine: JSONValue, _ theirs: JSONValue
  ) throws {
    let folder = try TemporaryDirectory()
    let base: [String: JSONValue] = ["detector": "mtcnn", "size": 16, "template_name": "margin"]
    let trained = Shards(alignment: .object(base.merging([field: mine]) { $1 }))
    let description = try model(trained, in: folder).description
    let other = try Shards(alignment: .object(base.merging([field: theirs]) { $1 })).write(
      in: folder)
    let fault = #expect(throws: Fault.self) {
      try ModelTest.inDomain(description, other, allowsResizing: false)
    }
    #expect(fault?.message.contains("\(field) ") == true)
    _ = try ModelTest.inDomain(description, trained.write(in: folder), allowsResizing: false)
  }

  @Test func detectorsMayDifferWhereTheTemplateAgrees() throws {
    let folder = try TemporaryDirectory()
    let description = try model(Shards(), in: folder).description
    let found = try Shards(
      alignment: ["detector": "mtcnn", "size": 32, "template": [[8, 10], [18, 22]]]
    ).write(in: folder)
    _ = try ModelTest.inDomain(description, found, allowsResizing: false)
    let large = try Shards(size: 24).write(in: folder)
    _ = try ModelTest.inDomain(description, large, allowsResizing: true)
  }

  @Test func theProtocolMustBeTheOneNamed() throws {
    let folder = try TemporaryDirectory()
    let description = try model(Shards(), in: folder).description
    let other = try Shards(dataset: "ckplus", protocolName: "ckplus-636").write(in: folder)
    let fault = #expect(throws: Fault.self) {
      try ModelTest.acrossDatasets(
        description, other, protocolName: "ckplus-654", rule: .exact, allowsResizing: false)
    }
    #expect(fault?.description.contains("'ckplus-636', not 'ckplus-654'") == true)
  }
}
