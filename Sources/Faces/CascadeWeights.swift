import Platform
import Weights

/// The tensors of the three networks, under facenet-pytorch's names and in PyTorch's layouts.
struct CascadeWeights {
  private let weights: ImportedWeights

  /// The message for a run without weights.
  static let remedy =
    "the weights are public: the folder data of facenet-pytorch (pnet.pt, rnet.pt, onet.pt), "
    + "src/align of davidsandberg/facenet (det1.npy, det2.npy, det3.npy), or the mtcnn model of "
    + "face-api.js; 'ferry-fetch list' shows their addresses; give the folder with the files as "
    + "it is, or the model that ferry-import makes of it"

  /// Opens a folder or file of weights in any of their public forms, or an imported model.
  /// - Throws: `Fault` that says which files are wanted and where they come from.
  init(_ path: String) throws {
    guard Files.exists(path) else {
      throw Fault(.missingInput, "there are no MTCNN weights at '\(path)'", remedy: Self.remedy)
    }
    do { weights = try ImportedWeights.open(path, as: .mtcnn) } catch {
      guard var fault = error as? Fault, fault.code == .badInput else { throw error }
      fault.cause = fault.message
      fault.message = "there are no MTCNN weights in '\(path)'"
      fault.remedy = Self.remedy
      throw fault
    }
  }

  private func tensor(_ name: String) throws -> [Float] {
    guard let tensor = weights[name] else { throw Fault(.internal, "no tensor '\(name)'") }
    return try tensor.floats()
  }

  /// A convolution `network.name` and, where given, its PReLU.
  func convolution(
    _ network: String, _ name: String, prelu: String, _ shape: CascadeLayer.Shape
  ) throws -> CascadeLayer {
    CascadeLayer(
      shape, weights: try tensor("\(network).\(name).weight"),
      bias: try tensor("\(network).\(name).bias"), slope: try tensor("\(network).\(prelu).weight"))
  }

  /// A dense layer on a whole map of `side` x `side` pixels.
  ///
  /// The networks were trained on transposed pictures, so the layer's inputs are ordered by column,
  /// row and channel; here they become row, column and channel.
  func dense(
    _ network: String, _ name: String, prelu: String, side: Int, channels: Int, outputs: Int
  ) throws -> CascadeLayer {
    let inputs = side * side * channels
    let stored = try tensor("\(network).\(name).weight")
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
      bias: try tensor("\(network).\(name).bias"), slope: try tensor("\(network).\(prelu).weight"))
  }

  /// Several layers on the same input as one, without an activation.
  func heads(_ network: String, _ names: [String], inputs: Int) throws -> CascadeLayer {
    let weights = try names.flatMap { try tensor("\(network).\($0).weight") }
    let bias = try names.flatMap { try tensor("\(network).\($0).bias") }
    return CascadeLayer(
      .init(inputs: inputs, outputs: bias.count), weights: weights, bias: bias, slope: nil)
  }
}
