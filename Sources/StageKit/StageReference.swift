import Artifacts

/// A stage's reference page, written from its contract.
enum StageReference {
  static func markdown(_ contract: Contract) -> String {
    var lines = ["# ferry-\(contract.name)", "", contract.summary, ""]
    lines += ["Revision \(contract.revision).", ""]
    lines += ports("Inputs", contract.inputs)
    lines += ports("Outputs", contract.outputs)
    guard !contract.parameters.isEmpty else { return lines.joined(separator: "\n") }
    lines += ["## Parameters", "", "| name | type | default | meaning |", "|---|---|---|---|"]
    lines += contract.parameters.map { parameter in
      var type = parameter.kind.description
      if parameter.minimum != nil || parameter.maximum != nil { type += ", \(parameter.range)" }
      let fallback = parameter.fallback.map { "`\($0.canonical)`" } ?? "required"
      let key = parameter.affectsOutput ? "" : " Does not affect the output."
      return "| `\(parameter.name)` | \(cell(type)) | \(cell(fallback)) "
        + "| \(cell(parameter.help))\(key) |"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func ports(_ title: String, _ ports: [ContractPort]) -> [String] {
    guard !ports.isEmpty else { return [] }
    let rows = ports.map { port in
      let marks = [port.optional ? "optional" : "", port.several ? "several" : ""]
        .filter { !$0.isEmpty }.joined(separator: ", ")
      return "| `\(port.name)` | \(port.kind) \(port.schema) | \(marks) | \(cell(port.help)) |"
    }
    return ["## \(title)", "", "| port | kind, version | | holds |", "|---|---|---|---|"] + rows
      + [""]
  }

  /// Text that cannot end a table cell.
  private static func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
