import CKernels

/// A dense array of single-precision numbers, 64-byte aligned.
///
/// Memory is not initialised by `init(_:)` and comes back to a free list when the last tensor that
/// shares it ends. A tensor is a reference: who writes to it must be its only user at that time,
/// which is also what makes passing it between threads sound.
public final class Tensor: @unchecked Sendable {
  /// How the elements lie in memory.
  public enum Layout: Sendable {
    /// Row-major, as the shape says.
    case plain
    /// Shape [N, C, H, W] stored as [N][ceil(C/16)][H][W][16], padding channels zero.
    case blocked
  }

  public let shape: [Int]
  public let layout: Layout
  /// The stored elements, `storedCount` of them.
  public let pointer: UnsafeMutablePointer<Float>
  /// The number of elements, padding left out.
  public let count: Int
  /// The number of floats in memory, padding included.
  public let storedCount: Int
  private let memory: TensorMemory

  private init(_ shape: [Int], _ layout: Layout, memory: TensorMemory?, offset: Int) {
    precondition(shape.allSatisfy { $0 >= 0 }, "a tensor's extents are not negative")
    precondition(layout == .plain || shape.count == 4, "blocked tensors have four extents")
    self.shape = shape
    self.layout = layout
    count = shape.reduce(1, *)
    storedCount =
      layout == .plain ? count : shape[0] * Self.blocks(shape[1]) * 16 * shape[2] * shape[3]
    self.memory = memory ?? TensorMemory(floats: storedCount)
    pointer = self.memory.pointer + offset
  }

  /// A tensor whose elements are not set yet.
  public convenience init(_ shape: [Int], layout: Layout = .plain) {
    self.init(shape, layout, memory: nil, offset: 0)
  }

  /// A plain tensor of the given elements.
  public convenience init(_ shape: [Int], values: [Float]) {
    self.init(shape, .plain, memory: nil, offset: 0)
    precondition(values.count == count, "\(values.count) values for the shape \(shape)")
    for (i, value) in values.enumerated() { pointer[i] = value }
  }

  /// A plain tensor that only reads memory of someone else, such as a mapped file; frozen weights
  /// need no copy.
  ///
  /// - Parameter owner: keeps the memory; it lives as long as the tensor.
  public convenience init(
    _ shape: [Int], reading pointer: UnsafePointer<Float>, owner: AnyObject
  ) {
    self.init(shape, .plain, memory: TensorMemory(pointer, owner: owner), offset: 0)
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], layout: Layout = .plain) -> Tensor {
    let tensor = Tensor(shape, layout: layout)
    tensor.fill(0)
    return tensor
  }

  /// Blocks of sixteen that `channels` channels take.
  static func blocks(_ channels: Int) -> Int { (channels + 15) / 16 }

  /// Sets every element; meant for plain tensors, and for zero in blocked ones.
  public func fill(_ value: Float) { pointer.update(repeating: value, count: storedCount) }

  /// The stored elements.
  public var buffer: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: storedCount)
  }

  /// A copy of the elements in row-major order.
  public var values: [Float] {
    layout == .plain ? Array(buffer) : converted(to: .plain).values
  }

  /// The element at a flat index of a plain tensor.
  public subscript(index: Int) -> Float {
    get {
      precondition(layout == .plain && index >= 0 && index < count)
      return pointer[index]
    }
    set {
      precondition(layout == .plain && index >= 0 && index < count)
      pointer[index] = newValue
    }
  }

  /// The same memory under another shape of as many elements; plain tensors only.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(layout == .plain, "only plain tensors change their shape")
    precondition(shape.reduce(1, *) == count, "\(self.shape) does not have the size of \(shape)")
    return Tensor(shape, .plain, memory: memory, offset: pointer - memory.pointer)
  }

  /// Rows `range` of the first extent, sharing memory; of either layout.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[0], "rows outside the tensor")
    let stride = shape[0] == 0 ? 0 : storedCount / shape[0]
    return Tensor(
      [range.count] + shape.dropFirst(), layout, memory: memory,
      offset: pointer - memory.pointer + range.lowerBound * stride)
  }

  /// A copy with its own memory.
  public func copy() -> Tensor {
    let other = Tensor(shape, layout: layout)
    other.pointer.update(from: pointer, count: storedCount)
    return other
  }

  /// Copies the elements of a tensor of the same shape.
  public func copy(from other: Tensor) {
    precondition(other.shape == shape && other.layout == layout, "shapes or layouts differ")
    pointer.update(from: other.pointer, count: storedCount)
  }

  /// This tensor where it has that layout, else a converted copy.
  public func converted(to layout: Layout) -> Tensor {
    if layout == self.layout { return self }
    precondition(shape.count == 4, "only tensors of four extents have a blocked layout")
    let result = Tensor(shape, layout: layout)
    let pixels = shape[2] * shape[3]
    switch layout {
    case .blocked: ferry_to_blocks(pointer, result.pointer, shape[0], shape[1], pixels)
    case .plain: ferry_from_blocks(pointer, result.pointer, shape[0], shape[1], pixels)
    }
    return result
  }

  /// Gives memory kept for reuse back to the system.
  public static func releaseCachedMemory() { Recycler.shared.drop() }
}
