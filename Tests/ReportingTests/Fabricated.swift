import Artifacts
import Metrics
import Platform
import Reporting
import Samples

/// Evaluations made up for the tests.
struct Fabricated {
  var method = "knowledge-enhanced"
  var seed = 1
  var classes = ["happiness", "neutral", "anger"]
  var trainedOn = "rafdb"
  var testedOn = "rafdb"
  var protocolName = "rafdb-basic"
  var selection = "validation"
  var isSynthesized = false
  var ids = (0..<30).map { "test_\($0)" }
  var attribute = "female"
  /// Every n-th sample is mistaken.
  var mistakes = 5
  /// The digest of the shards that the evaluation was made on.
  var shards = ""
  var temperature: Double?

  func card(_ name: String) -> DatasetCard {
    DatasetCard(
      name: name, title: name.uppercased(), citation: "c", url: "u", terms: "t",
      needsAcceptance: true, isSynthesized: isSynthesized)
  }

  func result() throws -> ReportedResult {
    let labels = ids.indices.map { $0 % classes.count }
    let scores = labels.enumerated().flatMap { index, label -> [Float] in
      let shown = index % mistakes == 0 ? (label + 1) % classes.count : label
      return classes.indices.map { $0 == shown ? 0.5 : 0.5 / Float(classes.count - 1) }
    }
    let evaluation = Evaluation(
      protocolName: protocolName, selection: selection, classes: classes,
      samples: ids.map {
        .init(id: $0, subject: $0, attributes: ["gender": attribute, attribute: "x"])
      }, scored: ScoredSamples(labels: labels, floats: scores, classCount: classes.count),
      calibration: temperature.map { TemperatureScaling(temperature: $0, count: 9) })
    let directory = try TemporaryDirectory("ferry-report-test")
    try evaluation.write(to: directory.path)
    let card = EvaluationCard(
      model: ModelCard(
        method: method,
        methodTitle: method == "discrete" ? "Discrete labels" : "Knowledge-enhanced",
        encoder: "resnet18", encoderTitle: "ResNet-18", seed: seed),
      trainedOn: card(trainedOn), testedOn: card(testedOn),
      isCrossDataset: trainedOn != testedOn, protocolSummary: protocolName)
    let provenance: JSONValue = [
      "producer": .string(method), "command": ["ferry-evaluate", .string(protocolName)],
      "inputs": [
        "model": [["kind": "model", "digest": .string(method)]],
        "shards": [["kind": "shards", "digest": .string(shards)]],
      ],
    ]
    try Files.write(
      provenance.canonical, to: Files.join(directory.path, Artifact.provenanceName))
    let artifact = try Artifact.seal(
      directory.path, kind: "evaluation", schema: 1, metadata: card.json)
    return try ReportedResult(artifact: artifact)
  }
}
