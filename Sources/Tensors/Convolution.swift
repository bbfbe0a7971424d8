import CKernels
import Glibc

/// The geometry of a two-dimensional convolution and its passes.
///
/// Equation: y[n,k,i,j] = sum over c,r,s of w[k,c,r,s] x[n,c, i stride + r - padding, ...] + b[k].
public struct Convolution: Sendable, Equatable {
  public var inputChannels: Int
  public var outputChannels: Int
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var stride: Int
  public var padding: Int
  /// Whether 3x3 kernels with stride 1 may run by Winograd's F(4x4, 3x3), which has about five times
  /// the rounding error of the direct sum; `FERRY_CONVOLUTION=direct` makes false the default.
  public var allowsWinograd = Self.winogradIsDefault

  private static let winogradIsDefault =
    getenv("FERRY_CONVOLUTION").map { String(cString: $0) } != "direct"

  public init(
    inputChannels: Int, outputChannels: Int, kernelHeight: Int, kernelWidth: Int, stride: Int,
    padding: Int
  ) {
    precondition(inputChannels > 0 && outputChannels > 0, "a convolution needs channels")
    precondition(kernelHeight > 0 && kernelWidth > 0 && stride > 0 && padding >= 0)
    precondition(kernelHeight * kernelWidth <= 128 && kernelWidth <= 16, "kernel too large")
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
  }

  /// The operation applied to a sum before it is stored.
  public struct Epilogue {
    /// Each filter's factor, folded into the weights.
    public var scale: Tensor?
    /// A multiple of sixteen entries.
    public var bias: Tensor?
    /// Added after the bias; blocked, of the output's shape.
    public var residual: Tensor?
    public var relu = false

    public init() {}
  }

  /// Images with fewer channels than this are read plain, through unrolled patches.
  private static let stemChannels = 8

  /// Whether the input is read in its plain layout.
  public func readsPlain(_ x: Tensor) -> Bool {
    x.layout == .plain && inputChannels < Self.stemChannels
  }

  /// The output's shape.
  public func outputShape(_ shape: [Int]) -> [Int] {
    precondition(shape.count == 4 && shape[1] == inputChannels, "the input is \(shape)")
    let height = (shape[2] + 2 * padding - kernelHeight) / stride + 1
    let width = (shape[3] + 2 * padding - kernelWidth) / stride + 1
    precondition(height > 0 && width > 0, "the input \(shape) is smaller than the kernel")
    return [shape[0], outputChannels, height, width]
  }

  /// Outputs of no more pixels than this waste too much of Winograd's 4x4 tiles.
  private static let fewPixels = 9

  private func isWinograd(_ input: [Int]) -> Bool {
    guard allowsWinograd, kernelHeight == 3, kernelWidth == 3, stride == 1, padding <= 2 else {
      return false
    }
    let output = outputShape(input)
    return output[2] * output[3] > Self.fewPixels
  }

  private func geometry(_ input: [Int]) -> ferry_conv {
    let output = outputShape(input)
    return ferry_conv(
      n: input[0], c: input[1], h: input[2], w: input[3], k: output[1], oh: output[2],
      ow: output[3], r: kernelHeight, s: kernelWidth, stride: stride, padding: padding)
  }

  /// The output, blocked, of an input of either layout and weights [K, C, R, S].
  public func forward(_ x: Tensor, weights: Tensor, epilogue: Epilogue = Epilogue()) -> Tensor {
    var shape = geometry(x.shape)
    let y = Tensor(outputShape(x.shape), layout: .blocked)
    var finish = ferry_epilogue(
      bias: epilogue.bias.map { UnsafePointer($0.pointer) },
      residual: epilogue.residual.map { UnsafePointer($0.pointer) }, relu: epilogue.relu ? 1 : 0)
    let scale = epilogue.scale.map { UnsafePointer($0.pointer) }
    if readsPlain(x) {
      let packed = Tensor([ferry_stem_packed_count(&shape)])
      ferry_stem_pack(&shape, weights.pointer, scale, packed.pointer)
      ferry_stem_forward(&shape, x.pointer, packed.pointer, &finish, y.pointer)
    } else if isWinograd(x.shape) {
      let blocked = x.converted(to: .blocked)
      ferry_winograd_forward(
        &shape, blocked.pointer, weights.pointer, scale, &finish, y.pointer)
    } else {
      let blocked = x.converted(to: .blocked)
      let packed = Tensor([ferry_conv_packed_count(&shape)])
      ferry_conv_pack(&shape, weights.pointer, scale, packed.pointer)
      ferry_conv_forward(&shape, blocked.pointer, packed.pointer, &finish, y.pointer)
    }
    return y
  }

  /// The gradient of the input, blocked; added to `sum` where one is given.
  public func backwardInput(
    _ dy: Tensor, weights: Tensor, input: [Int], addingTo sum: Tensor? = nil
  )
    -> Tensor
  {
    var shape = geometry(input)
    precondition(dy.shape == outputShape(input) && dy.layout == .blocked)
    let dx = sum ?? Tensor(input, layout: .blocked)
    precondition(dx.shape == input && dx.layout == .blocked)
    if isWinograd(input) {
      ferry_winograd_backward_data(
        &shape, dy.pointer, weights.pointer, sum == nil ? 0 : 1, dx.pointer)
      return dx
    }
    let packed = Tensor([ferry_conv_packed_count(&shape)])
    ferry_conv_pack_transposed(&shape, weights.pointer, packed.pointer)
    ferry_conv_backward_data(
      &shape, dy.pointer, packed.pointer, sum == nil ? 0 : 1, dx.pointer)
    return dx
  }

  /// Writes, or adds, the gradient of the weights [K, C, R, S].
  public func backwardWeights(_ dy: Tensor, input x: Tensor, accumulate: Bool, into dw: Tensor) {
    var shape = geometry(x.shape)
    precondition(dy.shape == outputShape(x.shape) && dy.layout == .blocked)
    if readsPlain(x) {
      ferry_stem_backward_weights(
        &shape, x.pointer, dy.pointer, accumulate ? 1 : 0, dw.pointer)
    } else {
      let blocked = x.converted(to: .blocked)
      let kernel =
        isWinograd(x.shape) ? ferry_winograd_backward_weights : ferry_conv_backward_weights
      kernel(&shape, blocked.pointer, dy.pointer, accumulate ? 1 : 0, dw.pointer)
    }
  }

  /// Writes, or adds, the gradient of the bias [K].
  public func backwardBias(_ dy: Tensor, accumulate: Bool, into db: Tensor) {
    ferry_conv_backward_bias(
      dy.pointer, dy.shape[0], dy.shape[1], dy.shape[2] * dy.shape[3], accumulate ? 1 : 0,
      db.pointer)
  }
}
