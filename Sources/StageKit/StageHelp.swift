import Artifacts

/// The part of a stage's help that its contract gives.
enum StageHelp {
  static func text(_ contract: Contract) -> String {
    var lines: [String] = []
    lines += ports("Inputs (--in PORT=PATH)", contract.inputs)
    lines += ports("Outputs (--out PORT=DIR)", contract.outputs)
    if !contract.parameters.isEmpty {
      lines.append("Parameters (--set KEY=VALUE, the value is YAML)")
      for parameter in contract.parameters { lines += describe(parameter) }
    }
    return lines.joined(separator: "\n")
  }

  private static func ports(_ title: String, _ ports: [ContractPort]) -> [String] {
    guard !ports.isEmpty else { return [] }
    return [title]
      + ports.map { port in
        let marks = [port.optional ? "optional" : nil, port.several ? "several" : nil]
          .compactMap { $0 }
        let mark = marks.isEmpty ? "" : " (\(marks.joined(separator: ", ")))"
        return "  \(port.name): \(port.kind)\(mark). \(port.help)"
      } + [""]
  }

  private static func describe(_ parameter: ContractParameter) -> [String] {
    var type = parameter.kind.description
    if parameter.minimum != nil || parameter.maximum != nil { type += ", \(parameter.range)" }
    let fallback = parameter.fallback.map { "default \($0.canonical)" } ?? "required"
    return ["  \(parameter.name): \(type) (\(fallback)).", "      \(parameter.help)"]
  }
}
