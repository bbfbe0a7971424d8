import Artifacts
import Expressions
import Platform

extension ResultTable {
  /// The table in a format, ended by a line break.
  public func text(_ format: TableFormat) -> String {
    switch format {
    case .text: plainText
    case .markdown: markdown
    case .csv: csv
    case .json: json.pretty
    case .latex: latex
    }
  }

  private var plainText: String {
    let rows = [Self.header] + rows.map { $0.cells.map(Self.visible) }
    let widths = Self.header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { cells in
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return Self.numeric.contains(column) ? space + cells[column] : cells[column] + space
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
    let rule = Self.header.indices.map { Self.numeric.contains($0) ? "--:" : ":--" }
    let lines =
      [Self.header, rule]
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
    let columns = Self.header.indices.map { Self.numeric.contains($0) ? "r" : "l" }.joined()
    var text = "% Needs \\usepackage{booktabs}.\n\\begin{tabular}{\(columns)}\n\\toprule\n"
    text += Self.header.map(Self.latexEscaped).joined(separator: " & ") + " \\\\\n\\midrule\n"
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

  private var csv: String {
    let header = [
      "method", "seed", "trained_on", "tested_on", "synthesized", "setting", "protocol",
      "selection", "class_rule", "n_before", "n", "correct", "accuracy", "accuracy_low",
      "accuracy_high", "mean_accuracy", "macro_f1", "artifact",
    ]
    return CSV.line(header) + results.map { CSV.line(csvCells($0)) }.joined()
  }

  private func csvCells(_ result: ReportedResult) -> [String] {
    let number = { (value: Double?) in value.map(\.description) ?? "" }
    return [
      names.name(result.card.model), result.card.model.seed.map(String.init) ?? "",
      result.card.trainedOn.name, result.card.testedOn.name, result.isReal ? "false" : "true",
      result.setting, result.evaluation.protocolName, result.evaluation.selection,
      result.evaluation.classRule.rawValue, String(result.evaluation.countBefore),
      String(result.confusion.total), String(result.confusion.correct),
      number(result.confusion.accuracy), number(result.interval?.low),
      number(result.interval?.high), number(result.confusion.meanAccuracy),
      number(result.confusion.macroF1), result.digest.hex,
    ]
  }

  private var json: JSONValue {
    let groups = SeedGroup.group(results).filter { $0.members.count > 1 }
    return [
      "results": .array(results.map(jsonRow)),
      "means": .array(
        groups.map { group in
          var row = jsonRow(group.first)
          for key in ["seed", "correct", "accuracy_interval", "artifact"] { row[key] = nil }
          row["seeds"] = .array(
            group.members.map { $0.card.model.seed.map { .integer($0) } ?? .null })
          for (key, value) in [
            ("accuracy", group.accuracy), ("mean_accuracy", group.meanAccuracy),
            ("macro_f1", group.macroF1),
          ] {
            row[key] = value.map { .number($0.mean) } ?? .null
            row["\(key)_deviation"] = value?.deviation.map { .number($0) } ?? .null
          }
          return row
        }),
    ]
  }

  private func jsonRow(_ result: ReportedResult) -> JSONValue {
    let number = { (value: Double?) in value.map { JSONValue.number($0) } ?? .null }
    return [
      "method": .string(names.name(result.card.model)),
      "seed": result.card.model.seed.map { .integer($0) } ?? .null,
      "trained_on": .string(result.card.trainedOn.name),
      "tested_on": .string(result.card.testedOn.name), "synthesized": .bool(!result.isReal),
      "setting": .string(result.setting), "protocol": .string(result.evaluation.protocolName),
      "selection": .string(result.evaluation.selection),
      "class_rule": .string(result.evaluation.classRule.rawValue),
      "n_before": .integer(result.evaluation.countBefore),
      "n": .integer(result.confusion.total), "correct": .integer(result.confusion.correct),
      "accuracy": number(result.confusion.accuracy),
      "accuracy_interval": result.interval.map { JSONValue([$0.low, $0.high]) } ?? .null,
      "mean_accuracy": number(result.confusion.meanAccuracy),
      "macro_f1": number(result.confusion.macroF1), "artifact": .string(result.digest.hex),
    ]
  }
}
