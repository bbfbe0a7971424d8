import Plotting
import Testing

@Suite struct MarkupTests {
  static let hostile = [
    "<script>alert(1)</script>", "\" onload=\"alert(1)", "' onload='x", "]]><b>", "&lt;", "a\u{0}b",
    "\u{202E}gpj.exe", "</title></svg><img src=x onerror=y>", "\u{1B}[31m",
  ]

  @Test(arguments: hostile) func textNeverBecomesMarkup(_ text: String) {
    let markup = Markup("p", ["title": text], [.text(text)]).rendered
    let inside = markup.dropFirst("<p title=\"".count).dropLast("</p>\n".count)
    let parts = inside.split(separator: "\">", maxSplits: 1)
    #expect(parts.count == 2)
    for part in parts {
      #expect(!part.contains("<") && !part.contains(">"))
      #expect(!part.contains("\"") && !part.contains("'"))
      let harmful = part.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E }
      #expect(!harmful)
    }
  }

  @Test func ampersandsComeFirst() {
    #expect(Markup.text("&lt;<").rendered == "&amp;lt;&lt;")
  }

  @Test func onlyChildlessElementsCloseThemselves() {
    #expect(Markup("br", [:]).rendered == "<br/>")
    #expect(Markup("td", [:]).rendered == "<td></td>")
    #expect(Markup.run(["a", Markup("b", [:], ["c"])]).rendered == "a<b>c</b>")
  }

  @Test(arguments: hostile) func chartsEscapeWhatTheyAreGiven(_ name: String) {
    let charts: [any Chart] = [
      LineChart(
        title: name, summary: name, xLabel: name, yLabel: name, series: [.init(name, [(0, 1)])]),
      HeatMap(
        title: name, summary: name, rowTitle: name, columnTitle: name, rows: [name],
        columns: [name], cells: [[.init(strength: 0.5, text: name, note: name)]]),
      IntervalChart(
        title: name, summary: name, groups: [name],
        entries: [
          .init(name, value: 0.5, low: 0.4, high: 0.6, note: name, references: [(name, 0.5)])
        ]),
      ReliabilityChart(title: name, summary: name, bins: []),
    ]
    for chart in charts {
      let svg = chart.svg(id: "x").rendered
      #expect(!svg.contains("<script") && !svg.contains("<img"))
      #expect(!svg.contains("onload=\"") && !svg.contains("onload='"))
      #expect(svg.hasPrefix("<svg") && svg.hasSuffix("</svg>\n"))
      #expect(svg.contains("role=\"img\"") && svg.contains("aria-labelledby=\"x-title x-desc\""))
    }
  }
}
