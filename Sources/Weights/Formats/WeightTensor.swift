import Artifacts
import Platform

/// A named tensor of a weight file: shape and type are known, the numbers are read when asked for.
public struct WeightTensor: Sendable {
  /// The name in the file, levels joined by dots: `state_dict.module.conv1.weight`.
  public var name: String
  /// The element type as stored.
  public let type: ElementType
  public let shape: [Int]
  /// Elements to skip for one step along each axis.
  let strides: [Int]
  /// The first element's place in `bytes`, in elements.
  let offset: Int
  let isBigEndian: Bool
  let bytes: WeightBytes

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// Whether the elements stand in row order without gaps.
  var isContiguous: Bool { strides == Self.rowOrder(shape) }

  /// Whether `withFloats` gives the file's own memory: row-ordered F32 in a mapped file.
  public var isViewOfFile: Bool {
    type == .float32 && !isBigEndian && isContiguous && bytes.isMapped
  }

  /// The strides of row order.
  static func rowOrder(_ shape: [Int]) -> [Int] {
    var strides = shape
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step &*= max(1, shape[axis])
    }
    return strides
  }

  /// The strides of column order.
  static func columnOrder(_ shape: [Int]) -> [Int] {
    var strides = shape
    var step = 1
    for axis in shape.indices {
      strides[axis] = step
      step &*= max(1, shape[axis])
    }
    return strides
  }

  /// A tensor over `bytes`, or a fault where it reaches outside them or repeats their elements.
  ///
  /// - Parameter strides: nil for row order.
  init(
    name: String, type: ElementType, shape: [Int], strides: [Int]? = nil, offset: Int = 0,
    isBigEndian: Bool = false, bytes: WeightBytes, file: String
  ) throws {
    func fault(_ message: String) -> Fault {
      Fault(.badInput, "the tensor '\(name)' \(message)", at: .init(file))
    }
    let available = bytes.count / type.width
    var elements = 1
    for extent in shape {
      guard extent >= 0 else { throw fault("has the negative extent \(extent)") }
      let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw fault("has a shape too large to count: \(shape)") }
      elements = product
    }
    guard elements <= available else {
      throw fault("has \(elements) elements \(shape), its storage \(available)")
    }
    let steps = strides ?? Self.rowOrder(shape)
    guard steps.count == shape.count else { throw fault("has \(steps.count) strides for \(shape)") }
    var last = offset
    for (extent, step) in zip(shape, steps) where elements > 0 {
      let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: step)
      let (sum, carry) = last.addingReportingOverflow(reach)
      guard step >= 0, !overflow, !carry else { throw fault("has the strides \(steps)") }
      last = sum
    }
    guard offset >= 0, elements == 0 || last < available else {
      throw fault("reaches element \(last) of a storage of \(available)")
    }
    self.name = name
    self.type = type
    self.shape = shape
    self.strides = steps
    self.offset = offset
    self.isBigEndian = isBigEndian
    self.bytes = bytes
  }

  /// The elements in row order as floats: F16, BF16, F64, whole numbers and booleans are converted.
  /// - Throws: `Fault` where a compressed entry is damaged.
  public func floats() throws -> [Float] {
    if isViewOfFile { return try withFloats { Array($0) } }
    return try bytes.withBytes { raw in
      switch type {
      case .float32: gather(raw, UInt32.self) { Float(bitPattern: $0) }
      case .float64: gather(raw, UInt64.self) { Float(Double(bitPattern: $0)) }
      case .float16: gather(raw, UInt16.self) { widenHalf($0) }
      case .bfloat16: gather(raw, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .int8: gather(raw, UInt8.self) { Float(Int8(bitPattern: $0)) }
      case .uint8: gather(raw, UInt8.self) { Float($0) }
      case .bool: gather(raw, UInt8.self) { $0 == 0 ? 0 : 1 }
      case .int16: gather(raw, UInt16.self) { Float(Int16(bitPattern: $0)) }
      case .uint16: gather(raw, UInt16.self) { Float($0) }
      case .int32: gather(raw, UInt32.self) { Float(Int32(bitPattern: $0)) }
      case .uint32: gather(raw, UInt32.self) { Float($0) }
      case .int64: gather(raw, UInt64.self) { Float(Int64(bitPattern: $0)) }
      case .uint64: gather(raw, UInt64.self) { Float($0) }
      }
    }
  }

  /// Calls `body` with the elements in row order; without a copy where `isViewOfFile`.
  public func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) throws -> R {
    if isViewOfFile {
      let done: R? = try bytes.withBytes { raw in
        guard count > 0, let base = raw.baseAddress?.advanced(by: offset * 4),
          UInt(bitPattern: base) % 4 == 0
        else { return nil }
        return try body(
          UnsafeBufferPointer(start: base.assumingMemoryBound(to: Float.self), count: count))
      }
      if let done { return done }
      return try bytes.withBytes { gather($0, UInt32.self) { Float(bitPattern: $0) } }
        .withUnsafeBufferPointer(body)
    }
    return try floats().withUnsafeBufferPointer(body)
  }

  private func gather<Raw: FixedWidthInteger>(
    _ raw: UnsafeRawBufferPointer, _: Raw.Type, _ convert: (Raw) -> Float
  ) -> [Float] {
    let total = count
    guard total > 0 else { return [] }
    let swap = isBigEndian
    func element(_ index: Int) -> Float {
      let bits = raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Raw>.size, as: Raw.self)
      return convert(swap ? Raw(bigEndian: bits) : Raw(littleEndian: bits))
    }
    return [Float](unsafeUninitializedCapacity: total) { target, filled in
      let inner = shape.last ?? 1
      let step = strides.last ?? 1
      var position = [Int](repeating: 0, count: max(0, shape.count - 1))
      var start = offset
      while filled < total {
        for index in 0..<inner { target[filled + index] = element(start + index * step) }
        filled += inner
        var axis = position.count - 1
        while axis >= 0 {
          position[axis] += 1
          start += strides[axis]
          if position[axis] < shape[axis] { break }
          start -= position[axis] * strides[axis]
          position[axis] = 0
          axis -= 1
        }
      }
    }
  }
}
