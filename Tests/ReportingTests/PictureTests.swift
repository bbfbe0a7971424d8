import Artifacts
import Metrics
import Platform
import Reporting
import Samples
import Testing

/// What the page says of pictures: features, hardest mistakes, overlap.
@Suite struct PictureTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-report-pictures") }

  /// Features of `count` faces on a spiral.
  private func features(_ count: Int, id: (Int) -> String = { "test_\($0)" }) throws
    -> ReportedFeatures
  {
    let directory = folder("features-\(Files.temporaryNumber())")
    let classes = ["anger", "happiness", "neutral"]
    let index = try RowCollectionWriter(directory)
    for row in 0..<count {
      let place = [Double(row % 97) * 1.37, Double(row % 89) * -0.61]
      let label = classes[row % 3]
      try index.append(
        FeatureSet.Row(
          id: id(row), split: .test, label: row % 50 == 7 ? nil : label,
          prediction: classes[row % 7 == 0 ? (row + 1) % 3 : row % 3], subject: nil,
          principal: place, neighbour: place.reversed()
        ).json)
    }
    try index.finish()
    let metadata: JSONValue = [
      "classes": JSONValue(classes), "split": "test",
      "dataset": ["name": "rafdb", "title": "R", "synthesized": true],
      "tsne": ["perplexity": 30, "seed": 1, "iterations": 1000, "divergence": 0.5],
      "geometry": [
        "counts": [1, 2, 3], "variances": [0.25, 0.5, .null],
        "distances": [[0, 1, 2], [1, 0, 1.5], [2, 1.5, 0]],
      ],
    ]
    let artifact = try Artifact.seal(
      directory, kind: "features", schema: 1, rows: ["features": count], metadata: metadata)
    return try ReportedFeatures(artifact: artifact)
  }

  private func page(_ features: [ReportedFeatures]) throws -> String {
    Page(title: "t", results: [try Fabricated().result()], models: [], features: features).html
  }

  @Test func tenThousandPointsStayBelowFiveMegabytes() throws {
    let html = try page([features(10_000)])
    #expect(html.utf8.count < 5_000_000, "\(html.utf8.count)")
    #expect(html.contains("<title>test_9999: "))
    #expect(html.contains("t-SNE with perplexity 30, seed 1, 1000 iterations"))
  }

  @Test func namesInMapsAreEscaped() throws {
    let html = try page([features(12) { "<script>\($0)</script>" }])
    #expect(!html.contains("<script>") && html.contains("&lt;script&gt;3&lt;/script&gt;: "))
  }

  @Test func aClassWithoutVarianceHasADash() throws {
    let html = try page([features(12)])
    #expect(html.contains("from neutral") && html.contains("0.250"))
  }

  /// Shards of noise: thirty test rows and thirty training rows, of which five are the same and
  /// five were brightened.
  private func shards(isSynthesized: Bool, subject: (Int) -> String?) throws -> ShardSet {
    let directory = folder("shards-\(Files.temporaryNumber())")
    let index = try RowCollectionWriter(directory)
    for row in 0..<60 {
      let id = row < 30 ? "test_\(row)" : "train_\(row)"
      try index.append(
        ShardRow(id: id, split: row < 30 ? .test : .train, subject: subject(row), attributes: [:])
          .json)
    }
    try index.finish()
    let bytes = 16 * 16 * 3
    var pictures: [[UInt8]] = []
    var generator = SeededGenerator(seed: 1)
    for row in 0..<60 {
      switch row {
      case 30..<35: pictures.append(pictures[row - 30])
      case 35..<40: pictures.append(pictures[row - 30].map { $0 + 5 })
      default: pictures.append((0..<bytes).map { _ in UInt8(generator.below(240)) })
      }
    }
    let columns = try SafetensorsWriter(
      Files.join(directory, ShardSet.columnsName),
      tensors: [("label", .int64, [60]), ("image", .uint8, [60, 16, 16, 3])])
    try columns.append((0..<60).map { $0 % 3 })
    try columns.append(pictures.flatMap { $0 })
    try columns.finish()
    var card = Fabricated().card("rafdb")
    card.isSynthesized = isSynthesized
    let record = DatasetRecord(
      card: card, protocolName: "rafdb-basic", protocolSummary: "",
      classes: try ClassList(exactly: ["happiness", "neutral", "anger"]), counts: [:])
    _ = try Artifact.seal(directory, kind: "shards", schema: 1, metadata: record.json)
    return try ShardSet(directory)
  }

  @Test func sharedPicturesAndSubjectsAreFound() throws {
    let set = try shards(isSynthesized: true) { "s\($0 % 30 < 2 ? 0 : $0)" }
    let overlap = try Overlap(training: set, test: set, threads: 2)
    #expect(overlap.identical.map(\.test) == (0..<5).map { "test_\($0)" })
    #expect(overlap.similar.map(\.test) == (5..<10).map { "test_\($0)" })
    #expect(overlap.pairs.first?.training == "train_30")
    #expect(overlap.subjects == ["s0"])
    let unnamed = try shards(isSynthesized: true) { _ in nil }
    #expect(try Overlap(training: unnamed, test: unnamed).subjects == nil)
  }

  @Test func facesAreShownOnlyWhereTermsAllow() throws {
    for (isSynthesized, rule, shown) in [
      (true, ThumbnailRule.terms, true), (false, .terms, false), (true, .none, false),
      (false, .own, false),
    ] {
      let set = try shards(isSynthesized: isSynthesized) { _ in nil }
      let result = try Fabricated(
        isSynthesized: isSynthesized, shards: set.artifact.digest.hex
      ).result()
      let audit = try PictureAudit(
        results: [result], models: [], shards: [set], thumbnails: rule)
      let html = Page(title: "t", results: [result], models: [], audit: audit).html
      #expect(html.contains("Hardest mistakes"))
      #expect(html.contains("data:image/jpeg;base64,") == shown, "\(isSynthesized) \(rule)")
    }
  }

  @Test func theMatrixHasEveryCell() throws {
    let results = [
      try Fabricated().result(),
      try Fabricated(testedOn: "ckplus", protocolName: "ckplus-636").result(),
      try Fabricated(method: "discrete", testedOn: "ckplus", protocolName: "ckplus-636").result(),
    ]
    let matrix = CrossDatasetMatrix(results)
    let cells = try #require(try JSONValue.parse(matrix.text(.json))["cells"]?.array)
    #expect(cells.count == 3 && cells.allSatisfy { $0["n"] == 30 && $0["n_before"] == 30 })
    #expect(matrix.text(.csv).split(separator: "\n").count == 4)
    #expect(matrix.text(.markdown).contains("| - |"))
    #expect(matrix.text(.latex).contains("ckplus-636"))
  }

  @Test func temperatureStandsBesideTheReliability() throws {
    let html = Page(
      title: "t", results: [try Fabricated(temperature: 1.5).result()], models: []
    ).html
    #expect(html.contains("With temperature scaling") && html.contains("by 1.500"))
  }
}
