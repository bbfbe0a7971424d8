import Platform

extension Contract {
  /// The contract as `describe` prints it.
  public var json: JSONValue {
    [
      "contract": .integer(Self.schema), "name": .string(name), "revision": .integer(revision),
      "summary": .string(summary), "parameters": .array(parameters.map(\.json)),
      "inputs": .array(inputs.map(\.json)), "outputs": .array(outputs.map(\.json)),
    ]
  }

  /// Reads what `describe` printed.
  /// - Throws: `Fault` where it is not a contract of a version this Ferry knows.
  public init(json: JSONValue, file: String) throws {
    guard let version = json["contract"]?.integer else {
      throw Fault(.badInput, "not a stage contract", at: .init(file))
    }
    guard version == Self.schema else {
      throw Fault(
        .badInput, "the contract has version \(version), this Ferry reads \(Self.schema)",
        at: .init(file), remedy: "build the stage and ferry from the same release")
    }
    guard let name = json["name"]?.string, let revision = json["revision"]?.integer,
      let parameters = json["parameters"]?.array, let inputs = json["inputs"]?.array,
      let outputs = json["outputs"]?.array
    else {
      throw Fault(
        .badInput, "the contract lacks name, revision, parameters, inputs or outputs",
        at: .init(file))
    }
    self.init(
      name: name, revision: revision, summary: json["summary"]?.string ?? "",
      parameters: try parameters.map { try ContractParameter(json: $0, file: file) },
      inputs: try inputs.map { try ContractPort(json: $0, file: file) },
      outputs: try outputs.map { try ContractPort(json: $0, file: file) })
  }
}

extension ContractPort {
  var json: JSONValue {
    [
      "name": .string(name), "kind": .string(kind), "schema": .integer(schema),
      "several": .bool(several), "optional": .bool(optional), "help": .string(help),
    ]
  }

  init(json: JSONValue, file: String) throws {
    guard let name = json["name"]?.string, let kind = json["kind"]?.string else {
      throw Fault(.badInput, "a port of the contract lacks name or kind", at: .init(file))
    }
    self.init(
      name, kind: kind, schema: json["schema"]?.integer ?? 1,
      several: json["several"]?.bool ?? false, optional: json["optional"]?.bool ?? false,
      help: json["help"]?.string ?? "")
  }
}

extension ContractParameter {
  var json: JSONValue {
    var json: JSONValue = [
      "name": .string(name), "type": kind.json, "nullable": .bool(nullable),
      "help": .string(help), "affects_output": .bool(affectsOutput),
    ]
    json["default"] = fallback
    json["minimum"] = minimum.map { .number($0) }
    json["maximum"] = maximum.map { .number($0) }
    return json
  }

  init(json: JSONValue, file: String) throws {
    guard let name = json["name"]?.string, let type = json["type"] else {
      throw Fault(.badInput, "a parameter of the contract lacks name or type", at: .init(file))
    }
    self.init(
      name, try Kind(json: type, file: file), default: json["default"],
      minimum: json["minimum"]?.number, maximum: json["maximum"]?.number,
      nullable: json["nullable"]?.bool ?? false,
      affectsOutput: json["affects_output"]?.bool ?? true, help: json["help"]?.string ?? "")
  }
}

extension ContractParameter.Kind {
  var json: JSONValue {
    switch self {
    case .boolean: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .string: "string"
    case .map: "map"
    case .choice(let words): ["choice": JSONValue(words)]
    case .list(let element): ["list": element.json]
    case .either(let kinds): ["either": .array(kinds.map(\.json))]
    }
  }

  init(json: JSONValue, file: String) throws {
    switch json {
    case "boolean": self = .boolean
    case "integer": self = .integer
    case "number": self = .number
    case "string": self = .string
    case "map": self = .map
    case .object(let members):
      if let words = members["choice"]?.strings {
        self = .choice(words)
      } else if let element = members["list"] {
        self = .list(try Self(json: element, file: file))
      } else if let kinds = members["either"]?.array {
        self = .either(try kinds.map { try Self(json: $0, file: file) })
      } else {
        fallthrough
      }
    default:
      throw Fault(
        .badInput, "the contract has an unknown parameter type \(json.canonical)", at: .init(file))
    }
  }
}
