import Plotting
import Testing

/// Contrast figures are those of WCAG 2.2, level AA.
@Suite struct ThemeTests {
  static let textContrast = 4.5
  static let graphicContrast = 3.0

  @Test(arguments: [Theme.light, Theme.dark]) func textCanBeRead(_ theme: Theme) {
    for ground in [theme.paper, theme.ground] {
      #expect(theme.ink.contrast(with: ground) >= Self.textContrast)
      #expect(theme.muted.contrast(with: ground) >= Self.textContrast)
    }
  }

  @Test(arguments: [Theme.light, Theme.dark]) func curvesStandOut(_ theme: Theme) {
    for colour in theme.series {
      #expect(colour.contrast(with: theme.paper) >= Self.textContrast, "\(colour.css)")
    }
  }

  @Test(arguments: [Theme.light, Theme.dark]) func everyHeatCellCanBeRead(_ theme: Theme) {
    for step in 0...100 {
      let strength = Double(step) / 100
      let cell = theme.heat.over(theme.paper, opacity: strength)
      let text = theme.isHot(strength) ? theme.hotText : theme.coolText
      #expect(text.contrast(with: cell) >= Self.textContrast, "strength \(strength)")
    }
  }

  @Test(arguments: [Theme.light, Theme.dark]) func heatIsMonotoneInGrey(_ theme: Theme) {
    let greys = (0...20).map {
      theme.heat.over(theme.paper, opacity: Double($0) / 20).luminance
    }
    let steps = zip(greys.dropFirst(), greys).map { $0 - $1 }
    #expect(steps.allSatisfy { $0 > 0 } || steps.allSatisfy { $0 < 0 })
  }

  @Test func contrastIsThatOfTheStandard() {
    let ratio = Colour(0x767676).contrast(with: Colour(0xFFFFFF))
    #expect(abs(ratio - 4.54) < 0.005)
    #expect(Colour(0).contrast(with: Colour(0xFFFFFF)) == 21)
    #expect(Colour(0x08457E).css == "#08457e")
  }
}
