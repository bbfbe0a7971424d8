import Platform

/// Memory for a picture in the making; when the picture is done, the next one takes it over.
///
/// Returned to the system instead, every page would be cleared anew for every picture: a sixth of
/// the time that a picture takes. The content is undefined until it is written.
final class Scratch<Element> {
  let base: UnsafeMutablePointer<Element>
  private let bytes: Int

  init(_ count: Int) {
    bytes = ScratchPool.sizeClass(max(1, count) * MemoryLayout<Element>.stride)
    base = ScratchPool.take(bytes).bindMemory(to: Element.self, capacity: count)
  }

  deinit { ScratchPool.give(UnsafeMutableRawPointer(base), bytes) }
}

private enum ScratchPool {
  private static let free = Locked<[Int: [UnsafeMutableRawPointer]]>([:])
  /// Blocks kept of one size: enough for the threads of one machine.
  private static let limit = 64

  /// Sizes are rounded up in steps of a quarter, so that pictures of similar sizes share blocks.
  static func sizeClass(_ bytes: Int) -> Int {
    let step = max(4096, 1 << (Int.bitWidth - bytes.leadingZeroBitCount - 3))
    return (bytes + step - 1) / step * step
  }

  static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    free.withLock { $0[bytes]?.popLast() } ?? .allocate(byteCount: bytes, alignment: 64)
  }

  static func give(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    let isKept = free.withLock { free in
      guard free[bytes, default: []].count < limit else { return false }
      free[bytes, default: []].append(block)
      return true
    }
    if !isKept { block.deallocate() }
  }
}
