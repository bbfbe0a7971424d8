import Artifacts
import Platform
import Tensors

/// The source of a network's parameters: fresh random numbers, or a file of weights.
public final class ParameterSource {
  /// How a fresh parameter starts.
  public enum Initial: Sendable {
    case zeros
    case ones
    /// Normal numbers of this deviation.
    case normal(Double)
  }

  /// Put before every name.
  package let prefix: String
  private let file: (weights: SafetensorsFile, prefix: String, frozen: Bool)?
  /// The state of the random numbers, for who draws on after a fresh network.
  public private(set) var generator: SeededGenerator

  /// Fresh numbers; names get `prefix` in front.
  public init(prefix: String = "", generator: SeededGenerator) {
    self.prefix = prefix
    self.generator = generator
    file = nil
  }

  /// The tensors of a file whose names begin with `filePrefix`.
  ///
  /// - Parameter frozen: the parameters are not trainable and read the mapped file without a copy,
  ///   where it holds F32.
  public init(
    _ weights: SafetensorsFile, filePrefix: String = "", prefix: String = "", frozen: Bool = true
  ) {
    self.prefix = prefix
    file = (weights, filePrefix, frozen)
    generator = SeededGenerator(seed: 0)
  }

  /// A parameter by its name in the state dictionary.
  /// - Throws: `Fault` that names the tensor which is missing or has another shape.
  public func parameter(_ name: String, _ shape: [Int], _ initial: Initial) throws -> Parameter {
    guard let file else { return Parameter(prefix + name, fresh(shape, initial)) }
    let full = file.prefix + name
    let entry = try file.weights.require(
      full, file.weights[full]?.type ?? .float32, shape: shape)
    let parameter = Parameter(prefix + name, try tensor(entry, file.weights, file.frozen))
    parameter.isTrainable = !file.frozen
    return parameter
  }

  private func fresh(_ shape: [Int], _ initial: Initial) -> Tensor {
    switch initial {
    case .zeros: return .zeros(shape)
    case .ones: return Initialisation.constant(shape, 1)
    case .normal where !Initialisation.isDrawn: return .zeros(shape)
    case .normal(let standardDeviation):
      let tensor = Tensor(shape)
      for i in 0..<tensor.count {
        tensor.pointer[i] = Float(standardDeviation * generator.normal())
      }
      return tensor
    }
  }

  private func tensor(_ entry: TensorEntry, _ weights: SafetensorsFile, _ frozen: Bool) throws
    -> Tensor
  {
    let bytes = weights.bytes(entry)
    if frozen, entry.type == .float32, let base = bytes.baseAddress,
      UInt(bitPattern: base) % 4 == 0
    {
      return Tensor(
        entry.shape, reading: base.assumingMemoryBound(to: Float.self), owner: weights)
    }
    return Tensor(entry.shape, values: try weights.floats(entry))
  }
}
