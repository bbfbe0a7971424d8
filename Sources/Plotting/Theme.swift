/// The colours of a page and its charts, as CSS variables, for light, dark and printed pages.
public struct Theme: Sendable {
  /// The background of the charts.
  public let paper: Colour
  /// The page around them.
  public let ground: Colour
  public let ink: Colour
  public let muted: Colour
  public let grid: Colour
  /// The strongest colour of a heat map; weaker cells are the same at lower opacity.
  public let heat: Colour
  /// The text on weak and on strong cells.
  public let coolText: Colour
  public let hotText: Colour
  /// The colours of series, in order; told apart by dash and marker as well.
  public let series: [Colour]

  /// After Okabe and Ito (2008), each darkened until it stands out from white by 3:1.
  public static let light = Theme(
    paper: Colour(0xFFFFFF), ground: Colour(0xF6F7F9), ink: Colour(0x1B1F24),
    muted: Colour(0x59636E), grid: Colour(0xDDE1E6), heat: Colour(0x08457E),
    coolText: Colour(0x000000), hotText: Colour(0xFFFFFF),
    series: [0x0072B2, 0xC45100, 0x00805D, 0xAD4C86, 0x5B5FC7, 0x8A6A00].map(Colour.init))

  /// The same hues, lightened for a dark ground.
  public static let dark = Theme(
    paper: Colour(0x171A1F), ground: Colour(0x0E1013), ink: Colour(0xE8EAED),
    muted: Colour(0xA3ADB8), grid: Colour(0x353B43), heat: Colour(0x9CD0FF),
    coolText: Colour(0xFFFFFF), hotText: Colour(0x000000),
    series: [0x56B4E9, 0xFF8C42, 0x2EC4A0, 0xE79AC4, 0xA3A6FF, 0xE6C34A].map(Colour.init))

  /// Whether text on a heat cell of this strength must be the hot one to be read.
  public func isHot(_ strength: Double) -> Bool {
    let cell = heat.over(paper, opacity: strength)
    return hotText.contrast(with: cell) > coolText.contrast(with: cell)
  }

  private var variables: String {
    let named = [
      ("paper", paper), ("ground", ground), ("ink", ink), ("muted", muted), ("grid", grid),
      ("heat", heat), ("cool-text", coolText), ("hot-text", hotText),
    ]
    let numbered = series.enumerated().map { ("series-\($0 + 1)", $1) }
    return (named + numbered).map { "--\($0):\($1.css)" }.joined(separator: ";")
  }

  /// The variables of both themes and the rules that charts need.
  public static let css = """
    :root{color-scheme:light dark;\(light.variables)}
    @media (prefers-color-scheme:dark){:root{\(dark.variables)}}
    @media print{:root{color-scheme:light;\(light.variables)}}
    .plot{display:block;width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}
    .plot .muted{fill:var(--muted)}
    .plot .strong{font-weight:600}
    .plot .grid{stroke:var(--grid);fill:none}
    .plot .axis{stroke:var(--muted);fill:none}
    .plot .dotted{stroke-dasharray:2 3}
    .plot .heat{fill:var(--heat)}
    .plot .frame{fill:none;stroke:var(--muted);stroke-width:1.5}
    .plot .halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
    .plot .cool{fill:var(--cool-text)}
    .plot .hot{fill:var(--hot-text)}
    .plot .cloud path{opacity:.8}
    .plot .cloud .plain{fill:var(--ink);stroke:none}
    .plot:has(.cloud:hover) .cloud:not(:hover){opacity:.15}
    \(warmRules)
    \(seriesRules)
    """

  /// A cell that wants the hot text in one theme and the cool text in the other.
  private static let warmRules = """
    .plot .hot-in-light{fill:var(--hot-text)}
    .plot .hot-in-dark{fill:var(--cool-text)}
    @media screen and (prefers-color-scheme:dark){.plot .hot-in-light{fill:var(--cool-text)}\
    .plot .hot-in-dark{fill:var(--hot-text)}}
    """

  private static let seriesRules = light.series.indices.map { index in
    let colour = "var(--series-\(index + 1))"
    return ".plot .line-\(index + 1){stroke:\(colour);fill:none;stroke-width:2;"
      + "stroke-linejoin:round;stroke-linecap:round\(dashes[index])}"
      + ".plot .mark-\(index + 1){fill:\(colour);stroke:\(colour)}"
      + ".plot .text-\(index + 1){fill:\(colour)}"
      + ".plot .open-\(index + 1){fill:none;stroke:\(colour);stroke-width:1.3}"
  }.joined(separator: "\n")

  private static let dashes = [
    "", ";stroke-dasharray:7 4", ";stroke-dasharray:2 4", ";stroke-dasharray:9 3 2 3",
    ";stroke-dasharray:4 3", ";stroke-dasharray:12 4",
  ]

  /// The class of a heat cell's text, right in both themes.
  static func textClass(strength: Double) -> String {
    switch (light.isHot(strength), dark.isHot(strength)) {
    case (true, true): "hot"
    case (false, false): "cool"
    case (true, false): "hot-in-light"
    case (false, true): "hot-in-dark"
    }
  }
}
