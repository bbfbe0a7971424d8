import Neural
import Platform
import Tensors
import Testing

func random(_ shape: [Int], seed: UInt64) -> Tensor {
  var generator = SeededGenerator(seed: seed, UInt64(shape.count))
  return Tensor(shape, values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) })
}

/// Compares a layer's gradients with central differences along random directions.
///
/// With the loss L = sum y r for a fixed random r, the derivative of L along a direction d of the
/// input or of a parameter must be the gradient times d.
struct GradientCheck {
  /// Distance of the two points; float rounding of L asks for a large one, curvature for a small one.
  var distance: Float = 1e-2
  /// Rounding: |L| eps / distance is near 1e-4 of a derivative; curvature adds distance^2.
  var tolerance = 5e-3

  func check(
    _ layer: any Layer, _ x: Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let y = layer.forward(x, training: true)
    let r = random(y.shape, seed: 77)
    layer.zeroGradients()
    let dx = layer.backward(r.converted(to: y.layout).copy()).converted(to: .plain)
    compare(x, dx, "input", layer, x, r, sourceLocation)
    for parameter in layer.parameters {
      compare(
        parameter.value, parameter.gradient, parameter.name, layer, x, r, sourceLocation)
    }
  }

  /// Only the gradient of the input, of a layer whose parameters are frozen.
  func checkInput(
    _ layer: any Layer, _ x: Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let y = layer.forward(x, training: true)
    let r = random(y.shape, seed: 77)
    let dx = layer.backward(r.converted(to: y.layout).copy()).converted(to: .plain)
    compare(x, dx, "input", layer, x, r, sourceLocation)
  }

  private func compare(
    _ value: Tensor, _ gradient: Tensor, _ name: String, _ layer: any Layer, _ x: Tensor,
    _ r: Tensor, _ sourceLocation: SourceLocation
  ) {
    let before = value.copy()
    let direction = random(value.shape, seed: 78)
    let length = Elementwise.sumOfSquares(direction).squareRoot()
    Elementwise.multiply(direction, by: Float(1 / length))
    func loss(_ step: Float) -> Double {
      for i in 0..<value.count {
        value.pointer[i] = before.pointer[i] + step * direction.pointer[i]
      }
      let y = layer.forward(x, training: true).values
      return zip(y, r.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let slope = (loss(distance) - loss(-distance)) / Double(2 * distance)
    value.copy(from: before)
    let expected = zip(gradient.values, direction.values).reduce(0) {
      $0 + Double($1.0) * Double($1.1)
    }
    let scale = max(Elementwise.sumOfSquares(gradient).squareRoot(), abs(slope), 1e-2)
    #expect(
      abs(slope - expected) < tolerance * scale, "\(name): \(slope) but \(expected)",
      sourceLocation: sourceLocation)
  }
}
