import Platform
import Synchronization

/// A stored entry of a zip archive: its bytes are compared with its checksum once, before they are
/// first used.
final class StoredEntry: Sendable {
  let map: MappedFile
  private let entry: WeightZipIndex.Entry
  private let isWhole = Mutex(false)

  init(_ map: MappedFile, _ entry: WeightZipIndex.Entry) {
    self.map = map
    self.entry = entry
  }

  /// - Throws: `Fault` where the bytes are not those that were written.
  func check() throws {
    try isWhole.withLock { isWhole in
      if isWhole { return }
      let found = map.withBytes {
        Checksum.crc32(UnsafeRawBufferPointer(rebasing: $0[entry.range]))
      }
      guard found == entry.checksum else {
        throw Fault(
          .badInput, "the archive's entry '\(entry.name)' is damaged: its checksum differs",
          at: .init(map.path), remedy: "fetch the file again")
      }
      isWhole = true
    }
  }
}

/// CRC-32 as zip archives use it (ISO 3309, reflected polynomial EDB88320), eight bytes a step.
enum Checksum {
  /// Table k, entry b: the checksum of the byte b followed by k zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
      tables[byte] = value
    }
    for index in 256..<8 * 256 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { table in
      var sum = UInt32.max
      var position = 0
      while position + 8 <= bytes.count {
        let word =
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
          ^ UInt64(sum)
        sum = 0
        for place in 0..<8 {
          sum ^= table[(7 - place) << 8 | Int(word >> (8 * UInt64(place)) & 0xFF)]
        }
        position += 8
      }
      while position < bytes.count {
        sum = sum >> 8 ^ table[Int((sum ^ UInt32(bytes[position])) & 0xFF)]
        position += 1
      }
      return ~sum
    }
  }
}
