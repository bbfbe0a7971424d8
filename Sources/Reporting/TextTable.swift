/// A table of cells in the forms that people paste elsewhere.
struct TextTable {
  let header: [String]
  /// Cells, and whether the row stands out as a mean.
  let rows: [(cells: [String], isMean: Bool)]
  /// The columns of numbers, which align to the right.
  let numeric: Set<Int>

  /// The table in a format that shows cells as they stand, ended by a line break.
  func text(_ format: TableFormat) -> String {
    switch format {
    case .markdown: markdown
    case .latex: latex
    default: plain
    }
  }

  private var plain: String {
    let rows = [header] + rows.map { $0.cells.map(Self.visible) }
    let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { cells in
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return numeric.contains(column) ? space + cells[column] : cells[column] + space
      }
      return Self.trimmed(padded.joined(separator: "  "))
    }
    let rule = String(repeating: "-", count: lines.map(\.count).max() ?? 0)
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n") + "\n"
  }

  private static func trimmed(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
  }

  /// Text without control characters, which a terminal would obey.
  private static func visible(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map {
          $0.value < 0x20 || (0x7F..<0xA0).contains($0.value)
            || (0x202A...0x202E).contains($0.value) || (0x2066...0x2069).contains($0.value)
            ? "\u{FFFD}" : $0
        }))
  }

  private var markdown: String {
    let rule = header.indices.map { numeric.contains($0) ? "--:" : ":--" }
    let lines =
      [header, rule]
      + rows.map { row in
        row.cells.map { cell in
          let text = Self.markdownEscaped(cell)
          return row.isMean ? "**\(text)**" : text
        }
      }
    return lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined()
  }

  /// Text that Markdown shows as it stands.
  static func markdownEscaped(_ text: String) -> String {
    visible(text).unicodeScalars.reduce(into: "") { output, scalar in
      switch scalar {
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "&": output += "&amp;"
      case "\\", "`", "*", "_", "[", "]", "|", "~", "!", "#":
        output += "\\"
        output.unicodeScalars.append(scalar)
      default: output.unicodeScalars.append(scalar)
      }
    }
  }

  private var latex: String {
    let columns = header.indices.map { numeric.contains($0) ? "r" : "l" }.joined()
    var text = "% Needs \\usepackage{booktabs}.\n\\begin{tabular}{\(columns)}\n\\toprule\n"
    text += header.map(Self.latexEscaped).joined(separator: " & ") + " \\\\\n\\midrule\n"
    for row in rows {
      let cells = row.cells.map { cell in
        let escaped = Self.latexEscaped(cell)
        return row.isMean ? "\\textbf{\(escaped)}" : escaped
      }
      text += cells.joined(separator: " & ") + " \\\\\n"
    }
    return text + "\\bottomrule\n\\end{tabular}\n"
  }

  /// Text in which nothing acts as a LaTeX command.
  static func latexEscaped(_ text: String) -> String {
    visible(text).unicodeScalars.reduce(into: "") { output, scalar in
      switch scalar {
      case "\\": output += "\\textbackslash{}"
      case "~": output += "\\textasciitilde{}"
      case "^": output += "\\textasciicircum{}"
      case "<": output += "\\textless{}"
      case ">": output += "\\textgreater{}"
      case "|": output += "\\textbar{}"
      case "\"": output += "\\textquotedbl{}"
      case "±": output += "$\\pm$"
      case "×": output += "$\\times$"
      case "[": output += "{[}"
      case "]": output += "{]}"
      case "{", "}", "$", "&", "#", "_", "%":
        output += "\\"
        output.unicodeScalars.append(scalar)
      default: output.unicodeScalars.append(scalar)
      }
    }
  }
}
