import Artifacts
import Metrics
import Platform
import Testing

/// The metrics against scikit-learn and statsmodels; Tests/Golden/metrics.py makes the figures.
@Suite struct MetricGoldenTests {
  /// Sums of up to 200 terms below 10 in double precision, in another order than the reference's:
  /// the error stays under 200 * 10 * 2^-53 = 2.2e-13.
  static let tolerance = 1e-12

  let golden: JSONValue

  init() throws {
    golden = try JSONValue.read(Files.join(Files.parent(of: #filePath), "Golden/metrics.json"))
  }

  private func isNear(_ ours: Double?, _ reference: JSONValue?) -> Bool {
    guard let ours, let number = reference?.number else {
      return ours == nil && reference?.isNull == true
    }
    return abs(ours - number) <= Self.tolerance
  }

  @Test func scoresAgreeWithScikitLearn() throws {
    let cases = try #require(golden["cases"]?.array)
    #expect(cases.count == 4)
    for reference in cases {
      let classes = try #require(reference["classes"]?.integer)
      let scored = ScoredSamples(
        labels: try #require(reference["labels"]?.array).compactMap(\.integer),
        probabilities: try #require(reference["probabilities"]?.numbers), classCount: classes)
      let confusion = scored.confusion
      #expect(isNear(confusion.accuracy, reference["accuracy"]))
      #expect(isNear(confusion.meanAccuracy, reference["mean_accuracy"]))
      #expect(isNear(confusion.macroF1, reference["macro_f1"]))
      #expect(isNear(scored.topAccuracy(2), reference["top2"]))
      #expect(isNear(scored.expectedCalibrationError(), reference["ece"]))
      #expect(isNear(scored.brier, reference["brier"]))
      #expect(isNear(scored.negativeLogLikelihood, reference["nll"]))
      #expect(JSONValue(confusion.counts.map { JSONValue($0) }) == reference["confusion"])
      for (index, score) in confusion.classScores.enumerated() {
        #expect(score.support == reference["support"]?.array?[index].integer)
        #expect(isNear(score.recall, reference["recall"]?.array?[index]))
        #expect(isNear(score.precision, reference["precision"]?.array?[index]))
        #expect(isNear(score.f1, reference["f1"]?.array?[index]))
      }
    }
  }

  @Test func intervalsAgreeWithStatsmodels() throws {
    for reference in try #require(golden["wilson"]?.array) {
      let correct = try #require(reference["correct"]?.integer)
      let total = try #require(reference["total"]?.integer)
      let interval = try #require(Interval.wilson(correct: correct, total: total))
      #expect(isNear(interval.low, reference["interval"]?.array?[0]))
      #expect(isNear(interval.high, reference["interval"]?.array?[1]))
    }
  }

  @Test func exactTestAgreesWithStatsmodels() throws {
    for reference in try #require(golden["mcnemar"]?.array) {
      let test = McNemar(
        onlyFirst: try #require(reference["only_first"]?.integer),
        onlySecond: try #require(reference["only_second"]?.integer))
      let expected = try #require(reference["p"]?.number)
      #expect(abs(test.pValue - expected) <= Self.tolerance)
      #expect(abs(test.pValue / expected - 1) <= 1e-10)
    }
  }

  @Test func bootstrapAgreesWithItsReferenceForAnyThreadCount() throws {
    for reference in try #require(golden["bootstrap"]?.array) {
      let first = try #require(reference["first"]?.array).map { $0 == 1 }
      let second = try #require(reference["second"]?.array).map { $0 == 1 }
      let resamples = try #require(reference["resamples"]?.integer)
      let seed = UInt64(try #require(reference["seed"]?.integer))
      for threads in [1, 3] {
        let bootstrap = try #require(
          try PairedBootstrap(
            first: first, second: second, resamples: resamples, seed: seed, threads: threads))
        #expect(isNear(bootstrap.difference, reference["difference"]))
        #expect(isNear(bootstrap.interval.low, reference["interval"]?.array?[0]))
        #expect(isNear(bootstrap.interval.high, reference["interval"]?.array?[1]))
      }
    }
  }
}
