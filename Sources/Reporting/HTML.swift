import Plotting

/// The elements that the page is made of.
enum HTML {
  static func paragraph(_ pieces: [Markup], _ style: String = "") -> Markup {
    Markup("p", attributes: style.isEmpty ? [] : [.init("class", style)], pieces)
  }

  static func paragraph(_ text: String, _ style: String = "") -> Markup {
    paragraph([.text(text)], style)
  }

  /// A part of the page with its heading.
  static func section(_ id: String, _ title: String, _ pieces: [Markup]) -> Markup {
    Markup("section", ["id": id], [Markup("h2", [:], [.text(title)])] + pieces)
  }

  /// A name from data, kept from turning the writing direction of what stands beside it.
  static func name(_ text: String) -> Markup { Markup("bdi", [:], [.text(text)]) }

  static func strong(_ text: String) -> Markup { Markup("strong", [:], [.text(text)]) }

  static func code(_ text: String) -> Markup { Markup("code", [:], [.text(text)]) }

  /// Pieces that a grid places as one.
  static func group(_ pieces: [Markup]) -> Markup { Markup("div", [:], pieces) }

  /// A drawing with its caption.
  static func figure(_ drawing: Markup, _ caption: String) -> Markup {
    Markup("figure", [:], [drawing, Markup("figcaption", [:], [.text(caption)])])
  }

  /// Pieces behind a line; on paper they are shown only where they stand nowhere else.
  static func details(
    _ summary: String, _ pieces: [Markup], open: Bool = false, onPaper: Bool = false
  ) -> Markup {
    Markup(
      "details",
      attributes: (open ? [.init("open", "")] : []) + (onPaper ? [.init("class", "paper")] : []),
      [Markup("summary", [:], [.text(summary)])] + pieces)
  }

  static func list(_ items: [Markup], _ style: String = "") -> Markup {
    Markup(
      "ul", attributes: style.isEmpty ? [] : [.init("class", style)],
      items.map { Markup("li", [:], [$0]) })
  }
}

/// A table of the page; wide ones scroll inside their own box.
struct HTMLTable {
  /// How a column reads.
  enum Column {
    case text(String)
    case number(String)

    var title: String {
      switch self {
      case .text(let title), .number(let title): title
      }
    }

    var isNumber: Bool {
      if case .number = self { true } else { false }
    }
  }

  /// A row; `style` is a class of the page's style sheet.
  struct Row {
    let cells: [Markup]
    let style: String

    init(_ cells: [Markup], style: String = "") {
      self.cells = cells
      self.style = style
    }
  }

  let caption: String
  let columns: [Column]
  let rows: [Row]
  /// Whether a narrow screen shows each row as a block instead of scrolling sideways.
  var stacks = false

  var markup: Markup {
    let head = Markup(
      "thead", [:],
      [
        Markup(
          "tr", [:],
          columns.map { column in
            Markup(
              "th",
              attributes: [.init("scope", "col")]
                + (column.isNumber ? [.init("class", "number")] : []), [.text(column.title)])
          })
      ])
    let body = Markup("tbody", [:], rows.map(row))
    let table = Markup(
      "table", attributes: stacks ? [.init("class", "stacks")] : [],
      [Markup("caption", [:], [.text(caption)]), head, body])
    return Markup(
      "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
      [table])
  }

  private func row(_ row: Row) -> Markup {
    let cells = zip(columns, row.cells).enumerated().map { index, pair in
      var attributes: [Markup.Attribute] = [.init("data-label", pair.0.title)]
      if pair.0.isNumber { attributes.append(.init("class", "number")) }
      if index == 0 {
        attributes.append(.init("scope", "row"))
        return Markup("th", attributes: attributes, [pair.1])
      }
      return Markup("td", attributes: attributes, [pair.1])
    }
    return Markup(
      "tr", attributes: row.style.isEmpty ? [] : [.init("class", row.style)], cells)
  }
}
