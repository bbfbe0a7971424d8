import Platform

/// The central directory of a zip archive, for entries used in place.
///
/// Format: APPNOTE 6.3.9, with ZIP64. Stored entries are parts of the mapped file; compressed ones
/// are read through libarchive when asked for.
struct WeightZipIndex: Sendable {
  struct Entry: Sendable {
    var name: String
    var isStored: Bool
    /// Bytes after unpacking.
    var size: Int
    /// The location of a stored entry's bytes in the file.
    var range: Range<Int>
    /// The CRC-32 of its bytes; 0 where its writer left it out.
    var checksum: UInt32
  }
  /// Bytes of one compressed entry, at most.
  static let packedLimit = 1 << 30
  static let entryLimit = 1 << 20

  let path: String
  let entries: [Entry]
  private let map: MappedFile
  private let byName: [String: Int]
  /// Stored entries that state a checksum, in the order of `entries`.
  private let stored: [StoredEntry?]

  static func isZip(_ head: UnsafeRawBufferPointer) -> Bool {
    head.starts(with: [0x50, 0x4B, 3, 4]) || head.starts(with: [0x50, 0x4B, 5, 6])
  }

  init(_ map: MappedFile) throws {
    path = map.path
    self.map = map
    entries = try map.withBytes { try ZipReader($0, file: map.path).entries() }
    var byName: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      guard byName.updateValue(index, forKey: entry.name) == nil else {
        throw Fault(.badInput, "two entries are called '\(entry.name)'", at: .init(map.path))
      }
    }
    self.byName = byName
    stored = entries.map { entry in
      entry.isStored && entry.checksum != 0 ? StoredEntry(map, entry) : nil
    }
  }

  subscript(name: String) -> Entry? { byName[name].map { entries[$0] } }

  func bytes(_ entry: Entry) -> WeightBytes {
    guard entry.isStored else {
      return .packed(PackedEntry(archive: path, name: entry.name, size: entry.size))
    }
    guard let index = byName[entry.name], let checked = stored[index] else {
      return .mapped(map, entry.range)
    }
    return .stored(checked, entry.range)
  }
}

private struct ZipReader {
  let bytes: UnsafeRawBufferPointer
  let file: String

  init(_ bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  private func fault(_ message: String) -> Fault {
    Fault(
      .badInput, "not a valid zip archive: \(message)", at: .init(file),
      remedy: "the file is damaged or cut: fetch it again")
  }

  private func number(_ offset: Int, _ width: Int) throws -> Int {
    guard offset >= 0, offset <= bytes.count - width else { throw fault("it ends early") }
    let value = (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
    guard let number = Int(exactly: value) else { throw fault("a number is too large") }
    return number
  }

  func entries() throws -> [WeightZipIndex.Entry] {
    var (count, offset, size) = try directory()
    guard count <= WeightZipIndex.entryLimit, size <= bytes.count, offset <= bytes.count - size,
      count <= size / 46
    else { throw fault("its directory lies outside the file") }
    var entries: [WeightZipIndex.Entry] = []
    while count > 0 {
      let (entry, next) = try entry(at: offset)
      if let entry { entries.append(entry) }
      offset = next
      count -= 1
    }
    return entries
  }

  /// The number of entries, and where the central directory is.
  private func directory() throws -> (count: Int, offset: Int, size: Int) {
    var end = bytes.count - 22
    let first = max(0, end - 65_535)
    while end >= first {
      if try number(end, 4) == 0x0605_4B50, try number(end + 20, 2) == bytes.count - end - 22 {
        break
      }
      end -= 1
    }
    guard end >= first else { throw fault("it has no end record") }
    if end >= 20, try number(end - 20, 4) == 0x0706_4B50 {
      let wide = try number(end - 12, 8)
      guard try number(wide, 4) == 0x0606_4B50 else { throw fault("its ZIP64 record is missing") }
      return (try number(wide + 32, 8), try number(wide + 48, 8), try number(wide + 40, 8))
    }
    return (try number(end + 10, 2), try number(end + 16, 4), try number(end + 12, 4))
  }

  /// The entry whose central record is at `start` (nil for a folder), and the next record's place.
  private func entry(at start: Int) throws -> (WeightZipIndex.Entry?, next: Int) {
    guard try number(start, 4) == 0x0201_4B50 else { throw fault("a directory record is damaged") }
    let method = try number(start + 10, 2)
    let nameLength = try number(start + 28, 2)
    let extra = try number(start + 30, 2)
    let next = start + 46 + nameLength + extra + (try number(start + 32, 2))
    guard next <= bytes.count else { throw fault("a directory record is cut") }
    let nameBytes = bytes[start + 46..<start + 46 + nameLength]
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      throw fault("an entry's name is not UTF-8")
    }
    guard try number(start + 8, 2) & 1 == 0 else { throw fault("'\(name)' is encrypted") }
    if name.hasSuffix("/") { return (nil, next) }
    var sizes = [
      try number(start + 24, 4), try number(start + 20, 4), try number(start + 42, 4),
    ]
    try widen(&sizes, extra: start + 46 + nameLength, length: extra)
    let (size, packed, local) = (sizes[0], sizes[1], sizes[2])
    let data = try dataStart(local, name: name)
    guard packed <= bytes.count - data else { throw fault("'\(name)' is cut") }
    switch method {
    case 0:
      guard size == packed else { throw fault("'\(name)' states two sizes") }
    case 8:
      // Deflate packs at most 1032 to 1.
      guard size <= WeightZipIndex.packedLimit, size / 1040 <= packed else {
        throw fault("'\(name)' claims to unpack to \(size) bytes")
      }
    default: throw fault("'\(name)' is packed by method \(method)")
    }
    return (
      .init(
        name: name, isStored: method == 0, size: size, range: data..<data + packed,
        checksum: UInt32(truncatingIfNeeded: try number(start + 16, 4))), next
    )
  }

  /// Takes sizes that do not fit 32 bits from the ZIP64 extra field, in its order.
  private func widen(_ sizes: inout [Int], extra: Int, length: Int) throws {
    guard sizes.contains(0xFFFF_FFFF) else { return }
    var position = extra
    while position + 4 <= extra + length {
      let size = try number(position + 2, 2)
      if try number(position, 2) == 1 {
        var field = position + 4
        for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
          guard field + 8 <= position + 4 + size else { throw fault("a ZIP64 field is cut") }
          sizes[index] = try number(field, 8)
          field += 8
        }
        return
      }
      position += 4 + size
    }
    throw fault("a ZIP64 field is missing")
  }

  private func dataStart(_ local: Int, name: String) throws -> Int {
    guard local <= bytes.count, try number(local, 4) == 0x0403_4B50 else {
      throw fault("'\(name)' is not where the directory says")
    }
    let start = local + 30 + (try number(local + 26, 2)) + (try number(local + 28, 2))
    guard start <= bytes.count else { throw fault("'\(name)' is cut") }
    return start
  }
}
