import Glibc
import Platform

/// Metadata that distinguishes two states of a file without reading it.
struct FileStamp: Equatable, Sendable {
  var device: UInt64
  var inode: UInt64
  var size: Int
  var modified: Int64
  var changed: Int64

  init(_ status: Files.Status) {
    device = status.device
    inode = status.inode
    size = status.size
    modified = status.modified
    changed = status.changed
  }

  init(_ info: stat) {
    device = UInt64(info.st_dev)
    inode = UInt64(info.st_ino)
    size = Int(info.st_size)
    modified = Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec)
    changed = Int64(info.st_ctim.tv_sec) * 1_000_000_000 + Int64(info.st_ctim.tv_nsec)
  }

  /// Whether the stamp's bytes stand at an offset.
  func matches(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    func value(_ index: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8 * index, as: UInt64.self))
    }
    return value(0) == device && value(1) == inode && value(2) == UInt64(bitPattern: Int64(size))
      && value(3) == UInt64(bitPattern: modified) && value(4) == UInt64(bitPattern: changed)
  }

  /// Whether a file of this stamp, read at `time`, may change later and keep the stamp.
  ///
  /// Git's racily-clean rule: a file system's clock ticks every few milliseconds (every two seconds
  /// on some), and a write within the tick of the last one leaves no trace. Where the clock has
  /// gone backwards, every file of the future is racy, and is read again each time.
  func isRacy(readAt time: Int64) -> Bool {
    let coarse = modified % 1_000_000_000 == 0 && changed % 1_000_000_000 == 0
    let tick: Int64 = coarse ? 2_000_000_000 : 20_000_000
    return max(modified, changed) + tick >= time
  }

  /// The stamp's 40 bytes, little-endian.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(40)
    append(to: &bytes)
    return bytes
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(little: device)
    bytes.append(little: inode)
    bytes.append(little: UInt64(bitPattern: Int64(size)))
    bytes.append(little: UInt64(bitPattern: modified))
    bytes.append(little: UInt64(bitPattern: changed))
  }

  init?(_ reader: inout ByteReader) {
    guard let device = reader.integer(), let inode = reader.integer(),
      let size = reader.integer(), let modified = reader.integer(),
      let changed = reader.integer()
    else { return nil }
    self.device = device
    self.inode = inode
    self.size = Int(truncatingIfNeeded: size)
    self.modified = Int64(bitPattern: modified)
    self.changed = Int64(bitPattern: changed)
  }
}

extension [UInt8] {
  mutating func append(little value: UInt64) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}

/// Reads numbers and texts from the front of a buffer; nil at its end.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], from position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  mutating func integer() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    let value = bytes.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    }
    position += 8
    return UInt64(littleEndian: value)
  }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, bytes.count - position >= count else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
