import Artifacts

/// What a job's result depends on, and nothing else: threads, memory, paths, times, retries and
/// priorities have no part in it.
///
/// The components are kept beside the key, so that `explain` compares two small records.
public struct ActionKey: Sendable, Hashable {
  /// Raised when the meaning of a component changes.
  static let schema = 1

  public let digest: Digest

  /// The components of `job` once its inputs' digests are known.
  static func components(_ job: Job, inputs: [String: [Digest]]) -> JSONValue {
    var components = job.components
    components["schema"] = .integer(schema)
    components["inputs"] = .object(
      inputs.mapValues { .array($0.map { .string($0.hex) }) })
    return components
  }

  init(digest: Digest) { self.digest = digest }

  /// The key of a set of components.
  init(_ components: JSONValue) {
    var encoder = CanonicalEncoder()
    encoder.append("ferry action")
    encoder.append(components)
    digest = encoder.digest
  }
}
