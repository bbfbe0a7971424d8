import Artifacts

/// The JSON Schema of manifests, built from the stages' contracts, for editors.
public enum ManifestSchema {
  /// The schema (draft 2020-12) for the stages of a catalogue.
  public static func make(_ contracts: [Contract]) -> JSONValue {
    [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Ferry manifest", "type": "object", "required": ["ferry", "stages"],
      "additionalProperties": false,
      "properties": [
        "ferry": ["const": 1, "description": "The version of the manifest's format."],
        "name": ["type": "string"],
        "variables": described(
          "Values that ${name} stands for; null must be given with --set; "
            + "{ if: CONDITION, then: A, else: B } chooses."),
        "include": [
          "type": "array", "items": ["type": "string"],
          "description": "Further manifests, inside the project.",
        ],
        "sources": [
          "type": "object", "description": "Files and folders outside, watched by content.",
          "additionalProperties": [
            "anyOf": [
              ["type": "string"],
              [
                "type": "object", "required": ["path"], "additionalProperties": false,
                "properties": ["path": ["type": "string"]],
              ],
            ]
          ],
        ],
        "parameters": [
          "type": ["string", "array"],
          "description": "YAML or JSON files; ${train.lr} is the value lr under train.",
        ],
        "cache": ["type": "string", "description": "A folder shared with other workspaces."],
        "tokens": described("How many of each named token there are; one by default."),
        "stages": [
          "type": "object",
          "additionalProperties": ["anyOf": stages(contracts)],
        ],
      ],
    ]
  }

  private static func described(_ text: String) -> JSONValue {
    ["type": "object", "description": .string(text)]
  }

  private static func stages(_ contracts: [Contract]) -> JSONValue {
    .array(contracts.map { stage($0) } + [command])
  }

  /// Keys that every stage may have.
  private static var common: [String: JSONValue] {
    [
      "matrix": ["type": "object", "description": "Axes; every combination is an instance."],
      "foreach": ["type": "array", "items": ["type": "object"]],
      "when": ["description": "A condition such as ${size} == 112."],
      "resources": [
        "type": "object", "additionalProperties": false,
        "properties": [
          "cpu": orReference("integer"), "memory": ["type": ["integer", "string"]],
          "gpu": orReference("integer"), "tokens": ["type": "object"],
        ],
      ],
      "retries": orReference("integer"),
      "timeout": ["type": ["number", "string"], "description": "Such as 90s, 10m or 2h."],
      "pin": ["enum": ["revision", "binary"]],
      "intermediate": ["type": "boolean"],
      "always": ["type": "boolean", "description": "Run in every run."],
      "wrapper": [
        "type": "array", "minItems": 1,
        "description": "Words before the program, such as [apptainer, exec, IMAGE].",
      ],
      "environment": ["type": "array", "items": ["type": "string"]],
      "writes": [
        "type": "array", "items": ["type": "string"],
        "description": "Further places the stage may write to; '/' for anywhere.",
      ],
    ]
  }

  private static var command: JSONValue {
    var properties = common
    properties["command"] = ["type": "array", "minItems": 1]
    properties["in"] = ["type": "object"]
    properties["directory"] = [
      "type": "string", "description": "The folder of the project that it runs in.",
    ]
    properties["out"] = [
      "type": "object",
      "additionalProperties": ["type": "string", "pattern": "^files?(\\.[A-Za-z0-9._-]+)?$"],
    ]
    return [
      "type": "object", "required": ["command"], "additionalProperties": false,
      "properties": .object(properties),
    ]
  }

  private static func stage(_ contract: Contract) -> JSONValue {
    var properties = common
    properties["stage"] = [
      "const": .string(contract.name), "description": .string(contract.summary),
    ]
    let ports = contract.inputs.map { port -> (String, JSONValue) in
      (port.name, ["type": ["string", "array"], "description": .string(port.help)])
    }
    properties["in"] = [
      "type": "object", "additionalProperties": false,
      "properties": .object(Dictionary(ports, uniquingKeysWith: { $1 })),
      "required": JSONValue(contract.inputs.filter { !$0.optional }.map(\.name)),
    ]
    let parameters = contract.parameters.map { ($0.name, parameter($0)) }
    properties["with"] = [
      "type": "object", "additionalProperties": false,
      "properties": .object(Dictionary(parameters, uniquingKeysWith: { $1 })),
    ]
    return [
      "type": "object", "required": ["stage"], "additionalProperties": false,
      "properties": .object(properties),
    ]
  }

  private static func parameter(_ parameter: ContractParameter) -> JSONValue {
    var kinds: [JSONValue] = [kind(parameter.kind, parameter), reference]
    if parameter.nullable { kinds.append(["type": "null"]) }
    var schema: JSONValue = ["anyOf": .array(kinds), "description": .string(parameter.help)]
    schema["default"] = parameter.fallback
    return schema
  }

  private static let reference: JSONValue = ["type": "string", "pattern": "\\$\\{"]

  private static func orReference(_ type: String) -> JSONValue {
    ["anyOf": [["type": .string(type)], reference]]
  }

  private static func kind(
    _ kind: ContractParameter.Kind, _ parameter: ContractParameter
  ) -> JSONValue {
    switch kind {
    case .boolean: return ["type": "boolean"]
    case .string: return ["type": "string"]
    case .map: return ["type": "object"]
    case .choice(let words): return ["enum": JSONValue(words)]
    case .list(let element): return ["type": "array", "items": self.kind(element, parameter)]
    case .either(let kinds): return ["anyOf": .array(kinds.map { self.kind($0, parameter) })]
    case .integer, .number:
      var schema: JSONValue = ["type": kind == .integer ? "integer" : "number"]
      schema["minimum"] = parameter.minimum.map { .number($0) }
      schema["maximum"] = parameter.maximum.map { .number($0) }
      return schema
    }
  }
}
