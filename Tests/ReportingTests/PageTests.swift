import Artifacts
import Platform
import Reporting
import Testing

@Suite struct PageTests {
  @Test func theSameResultsGiveTheSameBytes() throws {
    let pages = try (0..<2).map { _ in
      Page(title: "t", results: [try Fabricated().result()], models: []).html
    }
    #expect(pages[0] == pages[1])
  }

  @Test func thePageLoadsNothing() throws {
    let html = Page(title: "t", results: [try Fabricated().result()], models: []).html
    for word in ["src=", "<link", "@import", "url(", "<script", "<iframe", "javascript:"] {
      #expect(!html.contains(word), "\(word)")
    }
    #expect(html.contains("default-src 'none'") || html.contains("default-src &#39;none&#39;"))
    #expect(html.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
  }

  @Test func publishedFiguresStandBesideRealDataOnly() throws {
    let real = try Fabricated(classes: PageTests.seven).result()
    let drawn = try Fabricated(classes: PageTests.seven, isSynthesized: true).result()
    let known = Page(title: "t", results: [real], models: []).html
    #expect(
      known.contains("89.86") && known.contains("82.11") && known.contains("arXiv 2409.08598"))
    let page = Page(title: "t", results: [drawn], models: []).html
    #expect(!page.contains("89.86") && page.contains("synthesized data, no published figure"))
    let cross = try Fabricated(
      classes: PageTests.seven, testedOn: "ckplus", protocolName: "ckplus-636"
    ).result()
    #expect(Page(title: "t", results: [cross], models: []).html.contains("87.89"))
    let other = try Fabricated(
      classes: PageTests.seven, testedOn: "ckplus", protocolName: "ckplus-10fold"
    ).result()
    #expect(!Page(title: "t", results: [other], models: []).html.contains("87.89"))
  }

  static let seven = [
    "surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral",
  ]

  @Test func testBestIsSaid() throws {
    let html = Page(
      title: "t", results: [try Fabricated(selection: "test-best").result()], models: []
    ).html
    #expect(html.contains("Selection test-best"))
  }

  @Test func seedsBecomeAMean() throws {
    let results = try [(1, 5), (2, 3)].map { try Fabricated(seed: $0, mistakes: $1).result() }
    let table = ResultTable(results)
    #expect(table.text(.text).contains("mean of 2"))
    let json = try JSONValue.parse(table.text(.json))
    // 24 and 20 of 30 are right: mean 22/30, sample deviation sqrt(2 (2/30)^2) = 0.0943.
    let mean = try #require(json["means"]?.array?.first)
    #expect(abs((mean["accuracy"]?.number ?? 0) - 22.0 / 30) < 1e-12)
    #expect(abs((mean["accuracy_deviation"]?.number ?? 0) - 0.09428090415820634) < 1e-12)
    #expect(mean["seeds"] == [1, 2])
    #expect(json["results"]?.array?.count == 2)
    #expect(Page(title: "t", results: results, models: []).html.contains("over 2 seeds"))
  }

  @Test func twoMethodsAreCompared() throws {
    let results = [
      try Fabricated(method: "discrete", mistakes: 2).result(), try Fabricated().result(),
    ]
    let html = Page(title: "t", results: results, models: []).html
    #expect(html.contains("Differences between models"))
    // Every 2nd against every 5th of 30 mistaken: 12 rows only the second has right, 3 the first.
    #expect(html.contains("3 : 12"))
    let alone = Page(title: "t", results: [results[0]], models: []).html
    #expect(!alone.contains("Differences between models"))
  }

  @Test func otherArtifactsAreRefused() throws {
    let directory = try TemporaryDirectory("ferry-report-test")
    let artifact = try Artifact.seal(directory.path, kind: "evaluation", schema: 1)
    #expect(throws: Fault.self) { try ReportedResult(artifact: artifact) }
  }
}
