import Artifacts
import Platform
import YAML

/// A run's checked inputs, outputs and parameters.
package struct StageRequest: Sendable {
  /// Paths by input port, in the order given.
  package let inputs: [String: [String]]
  /// The directory by output port.
  package let outputs: [String: String]
  /// Every parameter's value.
  package let parameters: [String: JSONValue]
  /// The parameters that were given, by name.
  package let given: [String: JSONValue]

  package init(
    contract: Contract, inputs: [String], outputs: [String], settings: [String],
    parametersFile: String?
  ) throws {
    self.inputs = try Self.inputs(inputs, contract)
    self.outputs = try Self.outputs(outputs, contract)
    given = try Self.given(settings, parametersFile)
    parameters = try contract.resolve(given)
  }

  private static func split(_ text: String, option: String) throws -> (String, String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw Fault(.usage, "--\(option) takes NAME=VALUE, not '\(text)'")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private static func unknownPort(_ name: String, _ ports: [ContractPort], _ side: String) -> Fault
  {
    let near = nearestWord(to: name, among: ports.map(\.name)).map { "did you mean '\($0)'?" }
    let all = ports.map(\.name).joined(separator: ", ")
    return Fault(
      .usage, "there is no \(side) port '\(name)'",
      remedy: near ?? (ports.isEmpty ? "this stage has none" : "the ports are: \(all)"))
  }

  private static func inputs(_ options: [String], _ contract: Contract) throws
    -> [String: [String]]
  {
    var inputs: [String: [String]] = [:]
    for option in options {
      let (name, path) = try split(option, option: "in")
      guard let port = contract.input(name) else {
        throw unknownPort(name, contract.inputs, "input")
      }
      inputs[name, default: []].append(path)
      guard port.several || inputs[name]?.count == 1 else {
        throw Fault(.usage, "the input port '\(name)' takes one artifact, several were given")
      }
      guard Files.exists(path) else {
        throw Fault(.missingInput, "there is nothing at '\(path)', the input '\(name)'")
      }
    }
    for port in contract.inputs where !port.optional && inputs[port.name] == nil {
      throw Fault(
        .usage, "the input '\(port.name)' is missing",
        remedy: "add --in \(port.name)=PATH (\(port.help))")
    }
    return inputs
  }

  private static func outputs(_ options: [String], _ contract: Contract) throws
    -> [String: String]
  {
    var outputs: [String: String] = [:]
    for option in options {
      let (name, path) = try split(option, option: "out")
      guard contract.output(name) != nil else {
        throw unknownPort(name, contract.outputs, "output")
      }
      guard outputs.updateValue(path, forKey: name) == nil else {
        throw Fault(.usage, "the output '\(name)' was given twice")
      }
    }
    for port in contract.outputs where outputs[port.name] == nil {
      throw Fault(
        .usage, "the output '\(port.name)' is missing", remedy: "add --out \(port.name)=DIR")
    }
    return outputs
  }

  private static func given(_ settings: [String], _ file: String?) throws -> [String: JSONValue] {
    var given: [String: JSONValue] = [:]
    if let file {
      guard let members = try JSONValue.read(file).object else {
        throw Fault(.usage, "the parameters file is not a JSON object", at: .init(file))
      }
      given = members
    }
    for setting in settings {
      let (name, text) = try split(setting, option: "set")
      do { given[name] = JSONValue(try YAML.parse(text, file: "--set \(name)")) } catch {
        throw Fault(.usage, "the value of --set \(name)=\(text) is not YAML", cause: "\(error)")
      }
    }
    return given
  }
}

extension JSONValue {
  /// The same value without its places.
  package init(_ node: YAMLNode) {
    switch node.value {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .real(let value): self = .number(value)
    case .text(let value): self = .string(value)
    case .list(let nodes): self = .array(nodes.map { JSONValue($0) })
    case .map(let entries):
      self = .object(
        Dictionary(
          entries.map { ($0.key, JSONValue($0.value)) }, uniquingKeysWith: { first, _ in first }))
    }
  }
}
