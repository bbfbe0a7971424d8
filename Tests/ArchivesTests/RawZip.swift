/// A zip made by hand, so that every field can lie.
struct RawZip {
  struct Entry {
    var name: [UInt8]
    var bytes: [UInt8]
    var crc: UInt32?
    var statedSize: Int?
    /// The upper half of the external attributes: a Unix mode.
    var mode: UInt32 = 0o100644
    /// Extra fields, of the local header and of the directory.
    var extra: [UInt8] = []
  }
  var entries: [Entry] = []
  /// Whether the end is stated in ZIP64's records alone.
  var isLarge = false
  /// What stands behind the directory's last record.
  var afterDirectory: [UInt8] = []

  mutating func add(
    _ name: String, _ bytes: [UInt8], crc: UInt32? = nil, statedSize: Int? = nil,
    mode: UInt32 = 0o100644
  ) {
    entries.append(
      Entry(name: Array(name.utf8), bytes: bytes, crc: crc, statedSize: statedSize, mode: mode))
  }

  var bytes: [UInt8] {
    var out: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = out.count
      let crc = entry.crc ?? Self.checksum(entry.bytes)
      let common =
        number(0, 2) + number(0, 2) + number(0x0021_0000, 4) + number(Int(crc), 4)
        + number(entry.bytes.count, 4) + number(entry.statedSize ?? entry.bytes.count, 4)
        + number(entry.name.count, 2) + number(entry.extra.count, 2)
      out += number(0x0403_4B50, 4) + number(10, 2) + common + entry.name
      out += entry.extra + entry.bytes
      directory += number(0x0201_4B50, 4) + number(0x0314, 2) + number(10, 2) + common
      directory += number(0, 2) + number(0, 2) + number(0, 2) + number(Int(entry.mode) << 16, 4)
      directory += number(offset, 4) + entry.name + entry.extra
    }
    let start = out.count
    directory += afterDirectory
    out += directory
    if isLarge {
      let end = out.count
      out += number(0x0606_4B50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8)
      out += number(entries.count, 8) + number(entries.count, 8) + number(directory.count, 8)
      out += number(start, 8) + number(0x0706_4B50, 4) + number(0, 4) + number(end, 8)
      out += number(1, 4) + number(0x0605_4B50, 4) + number(0, 4) + number(0xFFFF, 2)
      return out + number(0xFFFF, 2) + number(0xFFFF_FFFF, 4) + number(0xFFFF_FFFF, 4)
        + number(0, 2)
    }
    out += number(0x0605_4B50, 4) + number(0, 4) + number(entries.count, 2)
    out += number(entries.count, 2) + number(directory.count, 4) + number(start, 4) + number(0, 2)
    return out
  }

  private func number(_ value: Int, _ width: Int) -> [UInt8] { Self.number(value, width) }

  static func number(_ value: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// Stored entries, each of which holds the headers of all that follow and the same last bytes: a
  /// few bytes of zip a copy.
  static func overlapping(_ count: Int, kernel: [UInt8]) -> [UInt8] {
    let names = (0..<count).map { Array("file\(1000 + $0)".utf8) }
    var body = kernel
    var directory: [UInt8] = []
    // From the last entry to the first: each one's data begins after its own header.
    for name in names.reversed() {
      let common =
        number(0, 2) + number(0, 2) + number(0x0021_0000, 4) + number(Int(checksum(body)), 4)
        + number(body.count, 4) + number(body.count, 4) + number(name.count, 2) + number(0, 2)
      let local = number(0x0403_4B50, 4) + number(10, 2) + common + name
      body = local + body
      // Offsets count from the end for now: the front still grows.
      directory =
        number(0x0201_4B50, 4) + number(0x0314, 2) + number(10, 2) + common + number(0, 2)
        + number(0, 2) + number(0, 2) + number(0o100644 << 16, 4) + number(body.count, 4) + name
        + directory
    }
    let entry = directory.count / count
    for index in 0..<count {
      let at = index * entry + 42
      let fromEnd = (0..<4).reduce(0) { $0 | Int(directory[at + $1]) << (8 * $1) }
      directory.replaceSubrange(at..<at + 4, with: number(body.count - fromEnd, 4))
    }
    let end =
      number(0x0605_4B50, 4) + number(0, 4) + number(count, 2) + number(count, 2)
      + number(directory.count, 4) + number(body.count, 4) + number(0, 2)
    return body + directory + end
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in
        value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
      }
    }
  }
}
