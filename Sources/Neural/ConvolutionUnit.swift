import Platform
import Tensors

/// Convolution, batch normalisation, an optional residual sum and ReLU: one fused unit.
///
/// Training overwrites the convolution's output with its gradient; inference folds the running
/// statistics into the convolution's weights and writes each output once.
package final class ConvolutionUnit {
  package let convolution: Conv2d
  package let norm: BatchNorm2d

  package init(
    convolution: String, norm: String, inputs: Int, outputs: Int, kernel: Int, stride: Int,
    relu: Bool, generator: inout SeededGenerator
  ) {
    self.convolution = Conv2d(
      convolution, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride,
      padding: kernel / 2, generator: &generator)
    self.norm = BatchNorm2d(norm, channels: outputs, relu: relu)
  }

  package var parameters: [Parameter] { convolution.parameters + norm.parameters }
  package var buffers: [NamedTensor] { norm.buffers }

  package func forward(_ x: Tensor, training: Bool, adding residual: Tensor? = nil) -> Tensor {
    if training {
      return norm.forward(
        convolution.forward(x, training: true), training: true, adding: residual)
    }
    var epilogue = Convolution.Epilogue()
    (epilogue.scale, epilogue.bias) = norm.inferenceFactors
    epilogue.residual = residual
    epilogue.relu = norm.relu
    return convolution.forward(x, folding: epilogue)
  }

  package func backward(_ dy: Tensor, inputGradient: Bool = true, addingTo sum: Tensor? = nil)
    -> Tensor?
  {
    let (gradient, _) = norm.backward(dy, overwriting: true)
    return convolution.backward(gradient, inputGradient: inputGradient, addingTo: sum)
  }
}
