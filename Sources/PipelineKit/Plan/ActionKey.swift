import Artifacts

/// What a job's result depends on, and nothing else: threads, memory, paths, times, retries and
/// priorities have no part in it.
///
/// The components are kept beside the key, so that `explain` compares two small records.
public struct ActionKey: Sendable, Hashable {
  /// Raised when the meaning of a component changes.
  static let schema = 1

  public let digest: Digest

  init(digest: Digest) { self.digest = digest }

  /// The key of a set of components.
  package init(_ components: JSONValue) {
    var encoder = CanonicalEncoder()
    encoder.append("ferry action")
    encoder.append(components)
    digest = encoder.digest
  }

  /// The key of `job`, its inputs' digests standing in the order of its ports: the key of the
  /// job's components, without making them.
  package init(_ job: Job, inputs: [[Digest]]) {
    var encoder = CanonicalEncoder()
    encoder.append("ferry action")
    job.encode(inputs, to: &encoder)
    digest = encoder.digest
  }
}

extension Job {
  /// The components of the action key that do not depend on inputs.
  package var components: JSONValue {
    var components: JSONValue = [
      "environment": .object(environment.mapValues { $0.map { .string($0) } ?? .null }),
      "outputs": .object(
        Dictionary(
          uniqueKeysWithValues: outputs.map { output -> (String, JSONValue) in
            (output.port, ["kind": .string(output.kind), "schema": .integer(output.schema)])
          })),
    ]
    components["binary"] = binary.map { .string($0.hex) }
    components["directory"] = directory.map { .string($0) }
    if !wrapper.isEmpty { components["wrapper"] = .array(wrapper.map(\.json)) }
    switch program {
    case .stage(let program):
      components["stage"] = .string(program.contract.name)
      components["revision"] = .integer(program.contract.revision)
      components["parameters"] = .object(countedParameters(program.contract))
    case .command(let words):
      components["command"] = .array(words.map(\.json))
    }
    return components
  }

  /// All components of the action key, the inputs' digests standing in the order of the ports.
  package func components(inputs digests: [[Digest]]) -> JSONValue {
    var components = components
    components["schema"] = .integer(ActionKey.schema)
    components["inputs"] = .object(
      Dictionary(
        zip(inputs.map(\.port), digests.map { .array($0.map { .string($0.hex) }) }),
        uniquingKeysWith: { $1 }))
    return components
  }

  private func countedParameters(_ contract: Contract) -> [String: JSONValue] {
    parameters.filter { contract.parameter($0.key)?.affectsOutput ?? true }
  }

  /// Appends what `components(inputs:)` encodes to, member by member in the order of their names.
  fileprivate func encode(_ digests: [[Digest]], to encoder: inout CanonicalEncoder) {
    var members = binary == nil ? 4 : 5
    if case .stage = program { members += 3 } else { members += 1 }
    members += (directory == nil ? 0 : 1) + (wrapper.isEmpty ? 0 : 1)
    encoder.beginObject(members)
    if let binary {
      encoder.append("binary")
      encoder.append(hex: binary)
    }
    if case .command(let words) = program {
      encoder.append("command")
      encoder.beginArray(words.count)
      for word in words { word.encode(to: &encoder) }
    }
    if let directory {
      encoder.append("directory")
      encoder.append(directory)
    }
    encodeEnvironment(to: &encoder)
    encoder.append("inputs")
    encoder.beginObject(inputs.count)
    for (input, digests) in zip(inputs, digests) {
      encoder.append(input.port)
      encoder.beginArray(digests.count)
      for digest in digests { encoder.append(hex: digest) }
    }
    encoder.append("outputs")
    encoder.beginObject(outputs.count)
    for output in outputs { output.encode(to: &encoder) }
    if case .stage(let program) = program {
      encoder.append("parameters")
      encoder.append(.object(countedParameters(program.contract)))
      encoder.append("revision")
      encoder.append(program.contract.revision)
    }
    encoder.append("schema")
    encoder.append(ActionKey.schema)
    if case .stage(let program) = program {
      encoder.append("stage")
      encoder.append(program.contract.name)
    }
    if !wrapper.isEmpty {
      encoder.append("wrapper")
      encoder.beginArray(wrapper.count)
      for word in wrapper { word.encode(to: &encoder) }
    }
  }

  private func encodeEnvironment(to encoder: inout CanonicalEncoder) {
    encoder.append("environment")
    encoder.beginObject(environment.count)
    guard !environment.isEmpty else { return }
    for (name, value) in environment.sorted(by: { $0.key.utf8Precedes($1.key) }) {
      encoder.append(name)
      encoder.append(value.map { .string($0) } ?? .null)
    }
  }
}

extension Job.Output {
  fileprivate func encode(to encoder: inout CanonicalEncoder) {
    encoder.append(port)
    encoder.beginObject(2)
    encoder.append("kind")
    encoder.append(kind)
    encoder.append("schema")
    encoder.append(schema)
  }
}

extension CommandWord {
  fileprivate var json: JSONValue {
    .array(
      parts.map {
        switch $0 {
        case .text(let text): .string(text)
        case .input(let port): ["in": .string(port)]
        case .output(let port): ["out": .string(port)]
        case .place(let place): ["place": .string(place.rawValue)]
        }
      })
  }

  fileprivate func encode(to encoder: inout CanonicalEncoder) {
    encoder.beginArray(parts.count)
    for part in parts {
      switch part {
      case .text(let text): encoder.append(text)
      case .input(let port):
        encoder.beginObject(1)
        encoder.append("in")
        encoder.append(port)
      case .output(let port):
        encoder.beginObject(1)
        encoder.append("out")
        encoder.append(port)
      case .place(let place):
        encoder.beginObject(1)
        encoder.append("place")
        encoder.append(place.rawValue)
      }
    }
  }
}

extension String {
  /// Whether its UTF-8 bytes come before another text's: the order of names in records and keys.
  func utf8Precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
