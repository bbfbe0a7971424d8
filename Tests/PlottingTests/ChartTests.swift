import Platform
import Plotting
import Testing

@Suite struct ChartTests {
  private func lines(_ points: [(x: Double, y: Double)]) -> String {
    LineChart(
      title: "t", summary: "s", xLabel: "epoch", yLabel: "loss", series: [.init("a", points)]
    ).svg(id: "c").rendered
  }

  @Test func axesHaveRoundTicks() {
    let svg = lines([(0, 0.13), (10, 1.87)])
    for tick in ["0.0", "0.5", "1.0", "1.5", "2.0"] { #expect(svg.contains(">\(tick)</text>")) }
    for tick in ["0", "2", "10"] { #expect(svg.contains(">\(tick)</text>")) }
  }

  @Test func nothingDrawsAsNoData() {
    #expect(lines([]).contains("no data"))
    #expect(lines([(0, .nan), (.infinity, 1)]).contains("no data"))
  }

  @Test func onePointAndConstantValuesHaveAxes() {
    for points in [[(3.0, 0.5)], [(0, 0), (1, 0), (2, 0)], [(0, 1e-12), (1, 1e12)]] {
      let svg = lines(points)
      #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
  }

  @Test func brokenValuesBreakTheCurve() {
    let svg = lines([(0, 1), (1, .nan), (2, 1)])
    #expect(svg.contains("M") && !svg.contains("nan"))
  }

  @Test func longNamesAreCutAndKeptInFullForTheReader() {
    let name = String(repeating: "w", count: 60)
    let svg = HeatMap(
      title: "t", summary: "s", rowTitle: "true", columnTitle: "predicted", rows: [name],
      columns: [name], cells: [[.init(strength: 1, text: "1")]]
    ).svg(id: "h").rendered
    #expect(svg.contains("w…</text>"))
    #expect(svg.contains("true \(name), predicted \(name): 1</title>"))
  }

  @Test func theSameChartHasTheSameBytes() {
    #expect(lines([(0, 0.1), (1, 0.3)]) == lines([(0, 0.1), (1, 0.3)]))
  }

  private func cloud(_ groups: [ScatterChart.Group]) -> String {
    ScatterChart(title: "t", summary: "s", groups: groups).svg(id: "p").rendered
  }

  @Test func pointsSayTheirNotesAndKeepTheirShapes() {
    let groups = (0..<10).map { index in
      ScatterChart.Group("g\(index)", [.init(Double(index), 1, note: "<note \(index)>")])
    }
    let svg = cloud(groups)
    for index in 0..<10 {
      #expect(svg.contains("<title>&lt;note \(index)&gt;</title>"))
      #expect(svg.contains("g\(index) (1)"))
    }
  }

  @Test func extremePointsBreakNothing() {
    let huge = Double.greatestFiniteMagnitude
    let svg = cloud([.init("a", [.init(huge, 0), .init(-huge, huge), .init(.nan, 1)])])
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    #expect(cloud([]).contains("no data"))
    #expect(cloud([.init("a", [.init(2, 2)])]).contains("a (1)"))
  }

  @Test func decimalsAreFixed() {
    #expect(0.125.fixed(2) == "0.13")
    #expect((-0.001).fixed(2) == "0.00")
    #expect((-1.5).fixed(0) == "-2")
    #expect(87.1.fixed(2) == "87.10")
    #expect(Double.nan.fixed(1) == "nan")
    #expect(1e300.fixed(2) == "1e+300")
    #expect(Float(0.5).fixed(1) == "0.5")
  }
}
