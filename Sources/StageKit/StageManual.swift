import Artifacts
import Platform

/// A stage's manual page, written from its contract.
enum StageManual {
  static func text(_ contract: Contract) -> String {
    let name = "ferry-\(contract.name)"
    var lines = [
      ".TH \(escaped(name).uppercased()) 1 \"\" \"Ferry \(ferryVersion)\"", ".SH NAME",
      "\(escaped(name)) \\- \(escaped(contract.summary))", ".SH SYNOPSIS",
      ".B \(escaped(name)) run",
      "[\\-\\-in PORT=PATH ...] \\-\\-out PORT=DIR ... [\\-\\-set KEY=VALUE ...] "
        + "[\\-\\-threads N] [\\-\\-replace] [\\-\\-json]", ".br",
      ".B \(escaped(name)) describe",
    ]
    lines += ports("INPUTS", contract.inputs) + ports("OUTPUTS", contract.outputs)
    if !contract.parameters.isEmpty {
      lines += [".SH PARAMETERS", "Given with \\-\\-set; the value is YAML."]
      for parameter in contract.parameters {
        var type = parameter.kind.description
        if parameter.minimum != nil || parameter.maximum != nil { type += ", \(parameter.range)" }
        let fallback = parameter.fallback.map { "default \($0.canonical)" } ?? "required"
        lines += [
          ".TP", ".B \(escaped(parameter.name))",
          "\(escaped("\(type) (\(fallback)).")) \(escaped(parameter.help))",
        ]
      }
    }
    lines += [
      ".SH EXIT STATUS",
      "0, or as sysexits: 64 usage, 65 bad input, 66 missing input, 69 "
        + "unavailable, 70 internal, 74 input/output, 75 temporary; 130 interrupted.",
      ".SH SEE ALSO", ".BR ferry (1)",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func ports(_ title: String, _ ports: [ContractPort]) -> [String] {
    guard !ports.isEmpty else { return [] }
    return [".SH \(title)"]
      + ports.flatMap { port in
        let marks = [port.optional ? "optional" : "", port.several ? "several" : ""]
          .filter { !$0.isEmpty }
        let mark = marks.isEmpty ? "" : " (\(marks.joined(separator: ", ")))"
        return [".TP", ".B \(escaped(port.name))", escaped("\(port.kind)\(mark). \(port.help)")]
      }
  }

  /// Text that troff shows as it stands, whatever it starts with.
  private static func escaped(_ text: String) -> String {
    let plain = text.reduce(into: "") { output, character in
      switch character {
      case "\\": output += "\\e"
      case "-": output += "\\-"
      case "\n": output += " "
      default: output.append(character)
      }
    }
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }
}
