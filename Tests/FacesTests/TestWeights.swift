import Artifacts
import Platform
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The public test data, where FERRY_TEST_DATA names its folder.
enum TestData {
  static let folder: String? = getenv("FERRY_TEST_DATA").map { String(cString: $0) }

  static func path(_ name: String) throws -> String {
    Files.join(try #require(folder, "set FERRY_TEST_DATA to the folder of test data"), name)
  }
}

/// The MTCNN weights of the test data, as an import writes them.
enum TestWeights {
  /// The numbers of the layers under the raw form's names.
  private static let denseNumbers = [
    "rnet": ["fc1": "dense4", "fc2_1": "dense5_1", "fc2_2": "dense5_2"],
    "onet": ["fc1": "dense5", "fc2_1": "dense6_1", "fc2_2": "dense6_2", "fc2_3": "dense6_3"],
  ]

  /// Writes a safetensors file from the raw float32 values.
  ///
  /// They were trained on transposed pictures: kernels are stored [x][y][in][out].
  static func make(_ target: String) throws {
    let folder = try TestData.path("mtcnn/raw-float32")
    let manifest = try JSONValue.read(
      Files.join(folder, "mtcnn_model-weights_manifest.json"))
    let bytes = try Files.read(Files.join(folder, "mtcnn_model-shard1"))
    var position = 0
    var tensors: [(name: String, shape: [Int], values: [Float])] = []
    for entry in manifest.array?.first?["weights"]?.array ?? [] {
      let name = try #require(entry["name"]?.string)
      let shape = try #require(entry["shape"]?.array).compactMap(\.integer)
      let count = shape.reduce(1, *)
      let values = bytes.withUnsafeBytes { raw in
        (0..<count).map { raw.loadUnaligned(fromByteOffset: position + 4 * $0, as: Float.self) }
      }
      position += 4 * count
      tensors.append(stored(name, shape, values))
    }
    let writer = try SafetensorsWriter(
      target, tensors: tensors.map { ($0.name, .float32, $0.shape) }, metadata: [:])
    for tensor in tensors { try writer.append(tensor.values) }
    try writer.finish()
  }

  private static func stored(
    _ name: String, _ shape: [Int], _ values: [Float]
  ) -> (name: String, shape: [Int], values: [Float]) {
    let parts = name.split(separator: "/").map(String.init)
    if parts[1].hasSuffix("_alpha") {
      return ("\(parts[0]).\(parts[1].dropLast(6)).weight", shape, values)
    }
    let layer = denseNumbers[parts[0]]?[parts[1]] ?? parts[1]
    guard parts[2] == "weights" else { return ("\(parts[0]).\(layer).bias", shape, values) }
    // Dense layers are kernels of one pixel here.
    let full = shape.count == 2 ? [1, 1] + shape : shape
    let (width, height, inputs, outputs) = (full[0], full[1], full[2], full[3])
    var result = [Float](repeating: 0, count: values.count)
    for k in 0..<outputs {
      for c in 0..<inputs {
        for y in 0..<height {
          for x in 0..<width {
            result[((k * inputs + c) * height + y) * width + x] =
              values[((x * height + y) * inputs + c) * outputs + k]
          }
        }
      }
    }
    let target = shape.count == 2 ? [outputs, inputs] : [outputs, inputs, height, width]
    return ("\(parts[0]).\(layer).weight", target, result)
  }
}
