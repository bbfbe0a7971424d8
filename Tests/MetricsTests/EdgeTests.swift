import Metrics
import Testing

/// What the metrics say where a formula has no value.
@Suite struct MetricEdgeTests {
  @Test func nothingIsSaidOfNoSamples() throws {
    let scored = ScoredSamples(labels: [], probabilities: [], classCount: 3)
    #expect(scored.confusion.accuracy == nil)
    #expect(scored.confusion.meanAccuracy == nil)
    #expect(scored.confusion.macroF1 == nil)
    #expect(scored.topAccuracy(2) == nil)
    #expect(scored.brier == nil)
    #expect(scored.negativeLogLikelihood == nil)
    #expect(scored.expectedCalibrationError() == nil)
    #expect(Interval.wilson(correct: 0, total: 0) == nil)
    #expect(try PairedBootstrap(first: [], second: []) == nil)
  }

  @Test func absentClassesDoNotCount() {
    let confusion = ConfusionMatrix(labels: [0, 0, 1], predictions: [0, 1, 1], classCount: 3)
    #expect(confusion.meanAccuracy == 0.75)
    #expect(confusion.classScores[2].recall == nil)
    #expect(confusion.classScores[2].f1 == nil)
    #expect(confusion.rowFractions == [[0.5, 0.5, 0], [0, 1, 0], [nil, nil, nil]])
  }

  @Test func tiesGoToTheFirstClass() {
    let scored = ScoredSamples(labels: [2, 0], probabilities: [1, 1, 1, 1, 1, 1], classCount: 3)
    #expect(scored.predictions == [0, 0])
    #expect(scored.topAccuracy(2) == 0.5)
    #expect(scored.topAccuracy(3) == 1)
  }

  @Test func aSureMistakeStaysFinite() throws {
    let scored = ScoredSamples(labels: [1], probabilities: [1, 0], classCount: 2)
    let nll = try #require(scored.negativeLogLikelihood)
    #expect(abs(nll - 36.04365338911715) < 1e-12)
    #expect(scored.brier == 2)
    #expect(scored.expectedCalibrationError() == 1)
  }

  @Test func binsCoverBothEnds() {
    let scored = ScoredSamples(
      labels: [0, 0, 0], probabilities: [0, 0, 1, 0, 0.2, 0.1], classCount: 2)
    let bins = scored.reliability(bins: 5)
    #expect(bins.map(\.count) == [2, 0, 0, 0, 1])
    #expect(bins[1].accuracy == nil)
    #expect(bins[0].low == 0 && bins[4].high == 1)
  }

  @Test func subsetsKeepTheirRows() {
    let scored = ScoredSamples(
      labels: [0, 1, 1], probabilities: [0.9, 0.1, 0.8, 0.2, 0.3, 0.7], classCount: 2)
    let part = scored.subset([2, 1])
    #expect(part.labels == [1, 1])
    #expect(part.predictions == [1, 0])
    #expect(part.probabilities == [0.3, 0.7, 0.8, 0.2])
  }
}
