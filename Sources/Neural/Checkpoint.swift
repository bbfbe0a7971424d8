import Artifacts
import Platform
import Tensors

/// Named tensors in a safetensors file.
public enum Checkpoint {
  /// Writes plain F32 tensors in the given order.
  public static func save(
    _ tensors: [NamedTensor], to path: String, metadata: [String: String] = [:]
  ) throws {
    let writer = try SafetensorsWriter(
      path, tensors: tensors.map { ($0.name, .float32, $0.tensor.shape) }, metadata: metadata)
    for named in tensors {
      try writer.append(UnsafeRawBufferPointer(named.tensor.converted(to: .plain).buffer))
    }
    try writer.finish()
  }

  /// Fills `tensors` from a file: each must be there under `prefix` + its name, with its shape.
  ///
  /// Other tensors in the file are left alone. F16, BF16 and F64 are converted.
  /// - Throws: `Fault` naming the tensor that is missing or of another shape; then some tensors may
  ///   be filled already.
  public static func load(_ path: String, into tensors: [NamedTensor], prefix: String = "") throws {
    try load(try SafetensorsFile(path), into: tensors, prefix: prefix)
  }

  public static func load(
    _ file: SafetensorsFile, into tensors: [NamedTensor], prefix: String = ""
  ) throws {
    for named in tensors {
      let name = prefix + named.name
      let type = file[name]?.type ?? .float32
      let entry = try file.require(name, type, shape: named.tensor.shape)
      let values = try file.floats(entry)
      values.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        named.tensor.pointer.update(from: base, count: source.count)
      }
    }
  }
}
