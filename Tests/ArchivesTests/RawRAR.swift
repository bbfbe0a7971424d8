/// RAR archives of stored files, made by hand: no free program writes the format.
enum RawRAR {
  /// A RAR 4 volume set: one file, cut into parts, one a volume.
  static func volumes(_ name: String, _ bytes: [UInt8], parts: Int) -> [[UInt8]] {
    let size = (bytes.count + parts - 1) / parts
    let whole = RawZip.checksum(bytes)
    return (0..<parts).map { number in
      let part = Array(
        bytes[min(bytes.count, number * size)..<min(bytes.count, (number + 1) * size)])
      let isFirst = number == 0
      let isLast = number == parts - 1
      // Volume; new naming; first volume.
      var volume: [UInt8] = [0x52, 0x61, 0x72, 0x21, 0x1A, 7, 0]
      volume += block(0x73, flags: 0x0011 | (isFirst ? 0x0100 : 0), [UInt8](repeating: 0, count: 6))
      // Continued from, continued in; a dictionary size of its own marks no folder.
      let flags = (isFirst ? 0 : 1) | (isLast ? 0 : 2) | 0x8000
      let crc = isLast ? whole : RawZip.checksum(part)
      volume += block(
        0x74, flags: flags,
        number4(part.count) + number4(bytes.count) + [3] + number4(Int(crc)) + number4(0x0021_0000)
          + [20, 0x30] + number2(name.utf8.count) + number4(0o100644) + Array(name.utf8))
      volume += part
      volume += block(0x7B, flags: isLast ? 0x4000 : 0x4001, [])
      return volume
    }
  }

  /// A header: checksum, type, flags, size and what it states.
  private static func block(_ type: UInt8, flags: Int, _ body: [UInt8]) -> [UInt8] {
    let checked = [type] + number2(flags) + number2(7 + body.count) + body
    return number2(Int(RawZip.checksum(checked) & 0xFFFF)) + checked
  }

  private static func number2(_ value: Int) -> [UInt8] {
    (0..<2).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func number4(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
