import Artifacts
import Platform

/// The index of weights in several files, as Hugging Face writes it:
/// `{"weight_map": {"name": "model-00001-of-00002.safetensors", ...}}`.
enum ShardIndex {
  static let fileLimit = 1024

  static func isIndex(_ json: JSONValue) -> Bool { json["weight_map"]?.object != nil }

  /// The tensors of all files; each must be in the file that the index names, and nowhere else.
  static func tensors(_ json: JSONValue, file: String) throws -> [WeightTensor] {
    var wanted: [String: Set<String>] = [:]
    for (name, value) in json["weight_map"]?.object ?? [:] {
      guard let shard = value.string, SafeName.isPlain(shard) else {
        throw Fault(
          .badInput, "the index names the file \(value.canonical) for '\(name)'", at: .init(file))
      }
      wanted[shard, default: []].insert(name)
    }
    guard wanted.count <= fileLimit else {
      throw Fault(.badInput, "the index names \(wanted.count) files", at: .init(file))
    }
    var tensors: [WeightTensor] = []
    for (shard, names) in wanted.sorted(by: { $0.key < $1.key }) {
      let path = Files.join(Files.parent(of: file), shard)
      guard Files.exists(path) else {
        throw Fault(
          .missingInput, "the index names '\(shard)', which is missing", at: .init(file),
          remedy: "fetch all files of the model into one folder")
      }
      let found = try WeightFile.open(path, depth: 1).tensors
      let foundNames = Set(found.map(\.name))
      let lacking = names.subtracting(foundNames).sorted().prefix(5)
      let extra = foundNames.subtracting(names).sorted().prefix(5)
      guard lacking.isEmpty, extra.isEmpty else {
        let parts =
          (lacking.isEmpty ? [] : ["lacks \(lacking.joined(separator: ", "))"])
          + (extra.isEmpty ? [] : ["also has \(extra.joined(separator: ", "))"])
        throw Fault(
          .badInput, "differs from its index: it \(parts.joined(separator: " and "))",
          at: .init(path))
      }
      tensors += found
    }
    return tensors
  }
}
