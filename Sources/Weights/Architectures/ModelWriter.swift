import Artifacts
import Platform

extension ImportedWeights {
  /// The name of the published file.
  public static let fileName = "model.safetensors"
  /// The key of the description in the published file's metadata.
  public static let metadataKey = "ferry.weights"

  /// Bytes written for each byte given: F8 would give 4, compression twice that.
  static let growthLimit = 16
  static let freeGrowth = 4 << 20

  private static func size(of path: String) throws -> Int {
    guard Files.isDirectory(path) else { return Files.status(path)?.size ?? 0 }
    return try Files.list(path).reduce(0) {
      $0 + (Files.status(Files.join(path, $1))?.size ?? 0)
    }
  }

  /// Bytes that the tensors take as F32.
  public var publishedSize: Int { tensors.reduce(0) { $0 + $1.count * 4 } }

  /// Writes the tensors as F32 under their canonical names.
  ///
  /// - Parameters:
  ///   - namePrefix: put before every name: `encoder.` where a trained model has it.
  ///   - turnsColours: write the filters of weights that saw blue first for red first.
  ///   - description: what the file says of itself.
  ///   - progress: called with the number of tensors written, before each one.
  /// - Throws: `Fault` naming a tensor whose numbers are not finite.
  public func write(
    to path: String, namePrefix: String = "", turnsColours: Bool = false, description: JSONValue,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    let given = try Self.size(of: file.path)
    guard publishedSize / Self.growthLimit <= given + Self.freeGrowth else {
      throw Fault(
        .badInput,
        "\(given) bytes of weights would become \(publishedSize): its tensors share their storage",
        at: .init(file.path))
    }
    let writer = try SafetensorsWriter(
      path, tensors: tensors.map { (namePrefix + $0.name, .float32, $0.shape) },
      metadata: ["format": "pt", Self.metadataKey: description.canonical])
    for (index, tensor) in tensors.enumerated() {
      try progress(index)
      try tensor.withFloats { values in
        guard values.allSatisfy({ $0.isFinite }) else {
          throw Fault(
            .badInput, "the tensor '\(tensor.name)' holds numbers that are not finite",
            at: .init(file.path))
        }
        if turnsColours, tensor.name == architecture.table.colours {
          return try writer.append(try Self.turned(values, tensor.shape, file.path))
        }
        try writer.append(UnsafeRawBufferPointer(values))
      }
    }
    try writer.finish()
  }

  /// Filters `[N, 3, ...]` with their colours in reverse order.
  private static func turned(
    _ values: UnsafeBufferPointer<Float>, _ shape: [Int], _ path: String
  ) throws -> [Float] {
    guard shape.count == 4, shape[1] == 3 else {
      throw Fault(
        .badInput, "the first filters have the shape \(shape), not those of three colours",
        at: .init(path))
    }
    let plane = shape[2] * shape[3]
    return (0..<shape[0] * 3).flatMap { index in
      let source = index / 3 * 3 + (2 - index % 3)
      return values[source * plane..<(source + 1) * plane]
    }
  }
}
