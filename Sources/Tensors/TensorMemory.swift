import Glibc
import Platform

/// Counts the memory of the tensors that are made while it is in place.
///
/// ```swift
/// let meter = MemoryMeter()
/// MemoryMeter.$current.withValue(meter) { step() }
/// print(meter.peak)
/// ```
public final class MemoryMeter: Sendable {
  @TaskLocal public static var current: MemoryMeter?
  private let bytes = Locked((now: 0, peak: 0))

  public init() {}

  /// The most bytes that tensors held at a time.
  public var peak: Int { bytes.withLock { $0.peak } }

  fileprivate func add(_ count: Int) {
    bytes.withLock {
      $0.now += count
      $0.peak = max($0.peak, $0.now)
    }
  }
}

/// A run of 64-byte aligned memory that goes back to a free list when its last tensor ends.
///
/// A training step asks for the same sizes in the same order every time, so from the second step on
/// no memory is taken from or given to the system, and no page is touched for the first time.
final class TensorMemory: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Float>
  private let bytes: Int
  /// Whose memory this is, where it is not ours.
  private let owner: AnyObject?
  private let meter: MemoryMeter?

  init(floats: Int) {
    let block = Recycler.shared.take(bytes: Recycler.rounded(floats * 4))
    pointer = block.pointer.assumingMemoryBound(to: Float.self)
    bytes = block.bytes
    owner = nil
    meter = MemoryMeter.current
    meter?.add(bytes)
  }

  /// Memory that lives as long as its owner, and is not written to.
  init(_ pointer: UnsafePointer<Float>, owner: AnyObject) {
    self.pointer = UnsafeMutablePointer(mutating: pointer)
    self.owner = owner
    bytes = 0
    meter = nil
  }

  deinit {
    guard owner == nil else { return }
    meter?.add(-bytes)
    Recycler.shared.give(.init(pointer: UnsafeMutableRawPointer(pointer), bytes: bytes))
  }
}

/// Free blocks by size.
final class Recycler: Sendable {
  struct Block: @unchecked Sendable {
    var pointer: UnsafeMutableRawPointer
    var bytes: Int
  }

  static let shared = Recycler()

  /// A block may serve a request this much smaller than itself, in percent.
  private static let slack = 25

  private let free = Locked<[Int: [Block]]>([:])

  /// Sizes are whole cache lines; large ones whole pages, so that near sizes share blocks.
  static func rounded(_ bytes: Int) -> Int {
    let unit = bytes > 65536 ? 4096 : 64
    return max(unit, (bytes + unit - 1) / unit * unit)
  }

  func take(bytes: Int) -> Block {
    free.withLock { free in
      if let block = free[bytes]?.popLast() { return block }
      let limit = bytes + bytes / 100 * Self.slack
      let near = free.filter { $0.key > bytes && $0.key <= limit && !$0.value.isEmpty }.keys.min()
      if let near, let block = free[near]?.popLast() { return block }
      return Self.allocate(bytes)
    }
  }

  func give(_ block: Block) { free.withLock { $0[block.bytes, default: []].append(block) } }

  /// Returns all free blocks to the system.
  func drop() {
    free.withLock { free in
      for block in free.values.joined() { block.pointer.deallocate() }
      free.removeAll()
    }
  }

  private static func allocate(_ bytes: Int) -> Block {
    let alignment = bytes > 65536 ? 4096 : 64
    return Block(
      pointer: .allocate(byteCount: bytes, alignment: alignment), bytes: bytes)
  }
}
