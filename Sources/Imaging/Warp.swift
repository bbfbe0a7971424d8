import CCodecs
import Platform

extension Image {
  /// The values that a warp reads outside the picture.
  public enum Border: Sendable, Equatable {
    /// The nearest pixel of the edge.
    case edge
    /// One value.
    case constant(UInt8)
    /// The picture mirrored at its edge pixels, which are not repeated.
    case reflect
  }

  /// Maps the picture into a new frame.
  ///
  /// Where the map enlarges, the kernel interpolates between source pixels. Where it reduces, the
  /// kernel lies along the axes of the new frame and is one target pixel wide in them, so that
  /// nothing aliases; a pure scaling is then the same as `resized`. From a reduction of 4 on the
  /// picture is first averaged over blocks, which bounds the cost a target pixel.
  /// - Parameter transform: source to target; both have pixel centres at integer + 0.5.
  /// - Parameter filter: `bilinear` or `bicubic`.
  /// - Complexity: O(source + target pixels).
  /// - Throws: `Fault` where the map has no inverse.
  public func warped(
    by transform: AffineTransform, width newWidth: Int, height newHeight: Int,
    filter: Filter = .bilinear, border: Border = .edge
  ) throws -> Image {
    precondition(newWidth > 0 && newHeight > 0)
    precondition(filter == .bilinear || filter == .bicubic)
    let factor = reductionFactor(transform)
    let fromReduced = AffineTransform.scaling(Double(factor), Double(factor)).then(transform)
    // The bound keeps every position that the kernel computes finite.
    guard let inverse = fromReduced.inverse, inverse.entries.allSatisfy({ abs($0) < 1e12 }) else {
      throw Fault(.badInput, "the transform \(transform.entries) has no inverse")
    }
    return reduced(by: factor).sampled(
      by: fromReduced, inverse: inverse, width: newWidth, height: newHeight, filter: filter,
      border: border)
  }

  /// Warps by a map whose inverse is known and which reduces by less than about 4.
  func sampled(
    by transform: AffineTransform, inverse: AffineTransform, width newWidth: Int,
    height newHeight: Int, filter: Filter, border: Border
  ) -> Image {
    var plan = ferry_warp_plan()
    plan.inverse = (inverse.a, inverse.b, inverse.tx, inverse.c, inverse.d, inverse.ty)
    plan.cubic = filter == .bicubic ? 1 : 0
    switch border {
    case .edge: plan.border = 0
    case .constant(let value): (plan.border, plan.fill) = (1, Int32(value))
    case .reflect: plan.border = 2
    }
    setKernel(&plan, transform, radius: filter.radius)
    return Image(width: newWidth, height: newHeight, channels: channels) { target in
      ferry_warp(
        pixels, Int32(width), Int32(height), Int32(channels), &plan, target, Int32(newWidth),
        Int32(newHeight))
    }
  }

  /// The blocks to average before a warp: half the reduction, so that the warp's own kernel still
  /// decides the result.
  private func reductionFactor(_ transform: AffineTransform) -> Int {
    let scale = max(transform.rowScales.0, transform.rowScales.1)
    guard scale < 0.25 else { return 1 }
    return max(1, Int(min(Double(max(width, height)), (0.5 / scale).rounded(.down))))
  }

  private func setKernel(
    _ plan: inout ferry_warp_plan, _ transform: AffineTransform, radius: Double
  ) {
    plan.footprint = (1, 0, 0, 1)
    plan.reach = (radius, radius)
    let (first, second) = transform.rowScales
    // A pure turn reduces nothing, whatever the last bit of its scale says.
    guard min(first, second) < 1 - 1e-9 else { return }
    let (p, q) = (1 / max(1, first), 1 / max(1, second))
    let kernel = AffineTransform(
      a: transform.a * p, b: transform.b * p, c: transform.c * q, d: transform.d * q, tx: 0, ty: 0)
    guard let inverse = kernel.inverse else { return }
    plan.footprint = (kernel.a, kernel.b, kernel.c, kernel.d)
    // A nearly collapsed map would reach without end for a target that shows next to nothing.
    let limit = 32.0
    plan.reach = (
      min(limit, radius * (abs(inverse.a) + abs(inverse.b))),
      min(limit, radius * (abs(inverse.c) + abs(inverse.d)))
    )
  }
}

extension AffineTransform {
  /// How far a source step can move along each target axis.
  fileprivate var rowScales: (Double, Double) {
    ((a * a + b * b).squareRoot(), (c * c + d * d).squareRoot())
  }
}
