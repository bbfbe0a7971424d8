import Platform

/// What tells one state of a file from another without reading it.
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
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

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

  /// A length and as many bytes.
  mutating func block() -> ArraySlice<UInt8>? {
    guard let count = integer(), count <= UInt64(bytes.count) else { return nil }
    return take(Int(count))
  }
}
