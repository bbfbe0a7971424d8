/// A grey PNG whose pixels are stored, not packed.
///
/// Tens of thousands of small noisy pictures hardly shrink, and packing them would take more time than
/// everything else together. Equal pixels give equal bytes.
enum StoredPNG {
  /// - Parameter pixels: [height, width], 8 bits each.
  static func grey(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity((width + 1) * height)
    for y in 0..<height {
      rows.append(0)  // No filter.
      rows += pixels[y * width..<(y + 1) * width]
    }
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes.reserveCapacity(rows.count + 128)
    append("IHDR", big(width) + big(height) + [8, 0, 0, 0, 0], to: &bytes)
    append("IDAT", stored(rows), to: &bytes)
    append("IEND", [], to: &bytes)
    return bytes
  }

  /// A zlib stream of stored blocks (RFC 1950, 1951).
  private static func stored(_ data: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    let largest = 65_535
    for start in stride(from: 0, to: data.count, by: largest) {
      let end = min(data.count, start + largest)
      let size = end - start
      stream.append(end == data.count ? 1 : 0)
      for value in [size, ~size] {
        stream += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
      }
      stream += data[start..<end]
    }
    // Sums of at most 5552 bytes fit 32 bits (RFC 1950's Adler-32).
    var (low, high): (UInt32, UInt32) = (1, 0)
    for start in stride(from: 0, to: data.count, by: 5552) {
      for byte in data[start..<min(data.count, start + 5552)] {
        low &+= UInt32(byte)
        high &+= low
      }
      low %= 65_521
      high %= 65_521
    }
    return stream + big(Int(high << 16 | low))
  }

  private static func append(_ kind: String, _ body: [UInt8], to bytes: inout [UInt8]) {
    bytes += big(body.count)
    let start = bytes.count
    bytes += kind.utf8
    bytes += body
    bytes += big(
      Int(
        ~bytes[start...].reduce(~UInt32(0)) { crc, byte in
          table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8
        }))
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }

  private static func big(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
