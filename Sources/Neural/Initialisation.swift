import Platform
import Tensors

/// How fresh weights are drawn, as torchvision and PyTorch do.
public enum Initialisation {
  /// Normal with deviation sqrt(2 / fanOut) (He et al. 2015).
  public static func heNormal(_ shape: [Int], fanOut: Int, _ generator: inout SeededGenerator)
    -> Tensor
  {
    let deviation = (2 / Double(fanOut)).squareRoot()
    let tensor = Tensor(shape)
    for i in 0..<tensor.count { tensor.pointer[i] = Float(deviation * generator.normal()) }
    return tensor
  }

  /// Uniform in +-1 / sqrt(fanIn), PyTorch's default for linear layers and biases.
  public static func uniform(_ shape: [Int], fanIn: Int, _ generator: inout SeededGenerator)
    -> Tensor
  {
    let bound = 1 / Double(fanIn).squareRoot()
    let tensor = Tensor(shape)
    for i in 0..<tensor.count { tensor.pointer[i] = Float(generator.uniform(-bound, bound)) }
    return tensor
  }

  public static func constant(_ shape: [Int], _ value: Float) -> Tensor {
    let tensor = Tensor(shape)
    tensor.fill(value)
    return tensor
  }
}
