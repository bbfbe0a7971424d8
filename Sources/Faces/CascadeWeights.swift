import Artifacts
import Platform

/// The tensors of the three networks, under facenet-pytorch's names and in PyTorch's layouts.
struct CascadeWeights {
  private let file: SafetensorsFile

  /// What a run without weights is told.
  static let remedy =
    "download pnet.pt, rnet.pt and onet.pt from the folder data of facenet-pytorch, or det1.npy, "
    + "det2.npy and det3.npy from davidsandberg/facenet, make a model of them with ferry-import, "
    + "and give that, or its model.safetensors"

  /// Opens a safetensors file, or the one in a model's folder.
  /// - Throws: `Fault` that says which file is wanted and where it comes from.
  init(_ path: String) throws {
    var name = path
    if Files.isDirectory(path) { name = Files.join(path, "model.safetensors") }
    guard Files.exists(name) else {
      throw Fault(.missingInput, "there are no MTCNN weights at '\(name)'", remedy: Self.remedy)
    }
    file = try SafetensorsFile(name)
  }

  private func tensor(_ name: String, _ shape: [Int]) throws -> [Float] {
    // An imported model may keep its encoder's names apart.
    let entry = file["encoder.\(name)"] == nil ? name : "encoder.\(name)"
    do { return try file.floats(try file.require(entry, .float32, shape: shape)) } catch {
      guard var fault = error as? Fault else { throw error }
      fault.cause = fault.message
      fault.message = "these are no MTCNN weights: '\(name)' \(shape) is wanted"
      fault.remedy = Self.remedy
      throw fault
    }
  }

  /// A convolution `network.name` and, where given, its PReLU.
  func convolution(
    _ network: String, _ name: String, prelu: String? = nil, _ shape: CascadeLayer.Shape
  ) throws -> CascadeLayer {
    let extents = [shape.outputs, shape.inputs, shape.kernel, shape.kernel]
    return CascadeLayer(
      shape, weights: try tensor("\(network).\(name).weight", extents),
      bias: try tensor("\(network).\(name).bias", [shape.outputs]),
      slope: try slope(network, prelu, shape.outputs))
  }

  private func slope(_ network: String, _ prelu: String?, _ count: Int) throws -> [Float]? {
    try prelu.map { try tensor("\(network).\($0).weight", [count]) }
  }

  /// A dense layer on a whole map of `side` x `side` pixels.
  ///
  /// The networks were trained on transposed pictures, so the layer's inputs are ordered by column,
  /// row and channel; here they become row, column and channel.
  func dense(
    _ network: String, _ name: String, prelu: String, side: Int, channels: Int, outputs: Int
  ) throws -> CascadeLayer {
    let inputs = side * side * channels
    let stored = try tensor("\(network).\(name).weight", [outputs, inputs])
    var weights = stored
    for k in 0..<outputs {
      for place in 0..<side * side {
        let (row, column) = (place / side, place % side)
        let from = k * inputs + (column * side + row) * channels
        let to = k * inputs + place * channels
        for c in 0..<channels { weights[to + c] = stored[from + c] }
      }
    }
    return CascadeLayer(
      .init(inputs: inputs, outputs: outputs), weights: weights,
      bias: try tensor("\(network).\(name).bias", [outputs]),
      slope: try slope(network, prelu, outputs))
  }

  /// Several layers on the same input as one, without an activation.
  func heads(
    _ network: String, _ names: [String], outputs: [Int], inputs: Int, isConvolution: Bool = false
  ) throws -> CascadeLayer {
    var (weights, bias): ([Float], [Float]) = ([], [])
    for (name, count) in zip(names, outputs) {
      let shape = isConvolution ? [count, inputs, 1, 1] : [count, inputs]
      weights += try tensor("\(network).\(name).weight", shape)
      bias += try tensor("\(network).\(name).bias", [count])
    }
    return CascadeLayer(
      .init(inputs: inputs, outputs: bias.count), weights: weights, bias: bias, slope: nil)
  }
}
