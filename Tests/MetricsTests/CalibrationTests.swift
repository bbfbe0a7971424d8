import Artifacts
import Glibc
import Metrics
import Platform
import Testing

/// Temperature scaling against scipy; Tests/Golden/temperature.py makes the figures.
@Suite struct MetricCalibrationTests {
  /// The root is found to the last bits of its logarithm; the slope's rounding moves it by about
  /// the rounding of 400 terms below 60 over its curvature.
  static let tolerance = 1e-10
  /// At the optimum the likelihood is flat: an error of 1e-10 in the temperature leaves 1e-20.
  static let likelihoodTolerance = 1e-12

  @Test func temperatureAgreesWithScipy() throws {
    let golden = try JSONValue.read(
      Files.join(Files.parent(of: #filePath), "Golden/temperature.json"))
    let cases = try #require(golden["cases"]?.array)
    #expect(cases.count == 3)
    for reference in cases {
      let logits = try #require(reference["logits"]?.numbers)
      let labels = try #require(reference["labels"]?.array).compactMap(\.integer)
      let classes = try #require(reference["classes"]?.integer)
      let scaling = try #require(
        TemperatureScaling(logits: logits, labels: labels, classCount: classes))
      let temperature = try #require(reference["temperature"]?.number)
      #expect(abs(scaling.temperature - temperature) < Self.tolerance * temperature)
      let plain = ScoredSamples(
        labels: labels, probabilities: Self.softmax(logits, classes), classCount: classes)
      let scaled = scaling.applied(to: plain)
      let likelihood = try #require(scaled.negativeLogLikelihood)
      let reported = try #require(reference["nll"]?.number)
      #expect(abs(likelihood - reported) < Self.likelihoodTolerance)
      let probabilities = try #require(reference["probabilities"]?.numbers)
      for (mine, theirs) in zip(scaled.probabilities, probabilities) {
        #expect(abs(mine - theirs) < Self.tolerance)
      }
      #expect(scaled.predictions == plain.predictions)
    }
  }

  @Test func temperatureStaysInItsRange() throws {
    let sure = try #require(
      TemperatureScaling(logits: [3, 0, 0, 3], labels: [0, 1], classCount: 2))
    #expect(abs(sure.temperature - TemperatureScaling.range.lowerBound) < 1e-9)
    let wrong = try #require(
      TemperatureScaling(logits: [3, 0, 0, 3], labels: [1, 0], classCount: 2))
    #expect(abs(wrong.temperature - TemperatureScaling.range.upperBound) < 1e-6)
    #expect(TemperatureScaling(logits: [], labels: [], classCount: 2) == nil)
  }

  @Test func sureProbabilitiesStayFinite() throws {
    let scored = ScoredSamples(
      labels: [0, 1], probabilities: [1, 0, 0.5, 0.5], classCount: 2)
    let scaled = TemperatureScaling(temperature: 2, count: 1).applied(to: scored)
    #expect(scaled.probabilities == [1, 0, 0.5, 0.5])
  }

  @Test func evaluationsKeepTheirTemperature() throws {
    let scored = ScoredSamples(labels: [0, 1], floats: [0.75, 0.25, 0.5, 0.5], classCount: 2)
    let evaluation = Evaluation(
      protocolName: "p", selection: "last", classes: ["anger", "neutral"],
      samples: [.init(id: "a"), .init(id: "b")], scored: scored,
      calibration: TemperatureScaling(temperature: 1.25, count: 9))
    let directory = try TemporaryDirectory("ferry-calibration")
    try evaluation.write(to: directory.path)
    let read = try Evaluation(directory: directory.path)
    #expect(read.calibration == evaluation.calibration)
    #expect(read.metrics["calibration"]?["fitted_on"]?.string == "validation")
  }

  private static func softmax(_ logits: [Double], _ classes: Int) -> [Double] {
    stride(from: 0, to: logits.count, by: classes).flatMap { start -> [Double] in
      let row = logits[start..<start + classes]
      let weights = row.map { exp($0 - (row.max() ?? 0)) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
  }
}
