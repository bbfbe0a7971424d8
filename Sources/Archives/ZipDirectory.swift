import Glibc

/// A zip whose directory is taken part by part.
///
/// libarchive keeps 150 bytes in memory of each entry that a directory lists, for as long as the
/// archive is open. So a zip with a long directory is shown to it as several archives, one after
/// another: each has the zip's own bytes up to its directory, the next part of that directory, and an
/// end record made for this part. What is understood here is where records of the directory begin;
/// libarchive reads and judges all the rest.
final class ZipDirectory {
  /// libarchive looks for the end record this far from the end.
  private static let tailBytes = 16 << 10

  private let input: any ArchiveInput
  private let start: Int
  private let end: EndRecord
  /// Bytes of a part, and the size up to which a directory is left as it is.
  private let partBytes: Int
  private var position: Int
  private var isDone = false

  /// What the end of a zip says of its directory, as far as it is needed to say it again.
  private struct EndRecord {
    var isLarge: Bool
    /// The offset stated, which differs from the true one where something stands before the archive.
    var statedOffset: Int
  }

  /// Nil where the input is no zip, or one with a short directory.
  init?(_ input: any ArchiveInput, partBytes: Int) throws {
    guard input.isSeekable, input.packedBytes > partBytes else { return nil }
    // Other archives may end with a zip.
    guard Self.begins(try Self.read(input, from: 0, 4)[...], with: 3, 4) else { return nil }
    let size = input.packedBytes
    let tail = try Self.read(input, from: max(0, size - Self.tailBytes), Self.tailBytes)
    guard let place = Self.endRecord(in: tail) else { return nil }
    let record = tail[place...]
    let end = size - tail.count + place
    let locator = place >= 20 ? tail[(place - 20)...] : []
    if Self.begins(locator, with: 6, 7) {
      let far = try Self.read(input, from: Self.number(locator, 8, 8), 56)
      guard far.count == 56, Self.begins(far[...], with: 6, 6) else { return nil }
      start = Self.number(far[...], 48, 8)
      self.end = EndRecord(isLarge: true, statedOffset: start)
    } else {
      start = end - Self.number(record, 12, 4)
      self.end = EndRecord(isLarge: false, statedOffset: Self.number(record, 16, 4))
    }
    guard start > 0, start < end, end - start > partBytes else { return nil }
    self.input = input
    self.partBytes = partBytes
    position = start
  }

  /// The next part as an archive, or nil after the last one.
  func nextPart() throws -> (any ArchiveInput)? {
    if isDone { return nil }
    var part = try Self.read(input, from: position, partBytes)
    let length = Self.records(in: part)
    let rest = part[length...]
    let isEnd = Self.begins(rest, with: 5, 6) || Self.begins(rest, with: 6, 6)
    let isCut = !isEnd && length > 0 && part.count == partBytes && Self.mayBeRecord(rest)
    isDone = !isCut
    if isEnd, length == 0, position > start { return nil }
    // What is neither a record nor the end is for libarchive to complain of.
    if isEnd || isCut { part.removeSubrange(length...) }
    position += length
    return ZipPart(input, start: start, tail: part + endRecords(directory: part.count))
  }

  /// How many bytes of a part are whole records.
  private static func records(in part: [UInt8]) -> Int {
    var length = 0
    while part.count - length >= 46, begins(part[length...], with: 1, 2) {
      let header = part[length...]
      let size = 46 + number(header, 28, 2) + number(header, 30, 2) + number(header, 32, 2)
      guard part.count - length >= size else { break }
      length += size
    }
    return length
  }

  private static func mayBeRecord(_ rest: ArraySlice<UInt8>) -> Bool {
    rest.count < 4 || begins(rest, with: 1, 2)
  }

  private func endRecords(directory: Int) -> [UInt8] {
    func field(_ value: Int, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var records: [UInt8] = []
    if end.isLarge {
      records += [0x50, 0x4B, 6, 6] + field(44, 8) + field(45, 2) + field(45, 2) + field(0, 8)
      records += field(0, 16) + field(directory, 8) + field(end.statedOffset, 8)
      records += [0x50, 0x4B, 6, 7] + field(0, 4) + field(start + directory, 8) + field(1, 4)
    }
    let most = end.isLarge ? 0xFFFF_FFFF : Int.max
    return records + [0x50, 0x4B, 5, 6] + field(0, 8) + field(min(directory, most), 4)
      + field(end.isLarge ? most : end.statedOffset, 4) + field(0, 2)
  }

  /// The offset of the last end record in the bytes.
  private static func endRecord(in tail: [UInt8]) -> Int? {
    guard tail.count >= 22 else { return nil }
    return (0...tail.count - 22).last { begins(tail[$0...], with: 5, 6) }
  }

  private static func begins(_ bytes: ArraySlice<UInt8>, with first: UInt8, _ second: UInt8) -> Bool
  {
    bytes.starts(with: [0x50, 0x4B, first, second])
  }

  private static func number(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ width: Int) -> Int {
    let first = bytes.startIndex + offset
    let value = bytes[first..<first + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(clamping: value)
  }

  /// Up to `count` bytes from a position on; none outside.
  private static func read(_ input: any ArchiveInput, from position: Int, _ count: Int) throws
    -> [UInt8]
  {
    guard position >= 0, position < input.packedBytes, input.seek(position, from: SEEK_SET) >= 0
    else { return [] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let next = try input.next()
      if next.isEmpty { break }
      bytes += next.prefix(count - bytes.count)
    }
    return bytes
  }
}

/// The bytes of an archive up to a place, followed by others.
private final class ZipPart: PositionedInput {
  private let input: any ArchiveInput
  private let start: Int
  private let tail: UnsafeMutableRawBufferPointer
  var position = 0

  init(_ input: any ArchiveInput, start: Int, tail: [UInt8]) {
    self.input = input
    self.start = start
    self.tail = .allocate(byteCount: tail.count, alignment: 16)
    self.tail.copyBytes(from: tail)
  }

  deinit { tail.deallocate() }

  var packedBytes: Int { input.packedBytes }

  var size: Int { start + tail.count }

  func next() throws -> UnsafeRawBufferPointer {
    var bytes: UnsafeRawBufferPointer
    if position < start {
      guard input.seek(position, from: SEEK_SET) >= 0 else {
        return UnsafeRawBufferPointer(start: nil, count: 0)
      }
      bytes = try input.next()
      bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(start - position))
    } else {
      let first = position - start
      let last = min(tail.count, first + ArchiveLimits.chunk)
      bytes = UnsafeRawBufferPointer(rebasing: tail[first..<last])
    }
    position += bytes.count
    return bytes
  }
}
