import Archives
import Artifacts
import Platform

/// The location of a tensor's or storage's bytes; nothing is read before `withBytes`.
enum WeightBytes: Sendable {
  /// A part of a mapped file.
  case mapped(MappedFile, Range<Int>)
  /// A part of a mapped archive, inside an entry with a checksum.
  case stored(StoredEntry, Range<Int>)
  /// A tensor of a safetensors file.
  case safetensors(SafetensorsFile, TensorEntry)
  /// A part of bytes in memory.
  case memory([UInt8], Range<Int>)
  /// A compressed entry of a zip archive.
  case packed(PackedEntry)

  var count: Int {
    switch self {
    case .mapped(_, let range), .memory(_, let range), .stored(_, let range): range.count
    case .safetensors(_, let entry): entry.range.count
    case .packed(let entry): entry.size
    }
  }

  /// Whether reading needs no memory beyond the file's map.
  var isMapped: Bool {
    switch self {
    case .mapped, .stored, .safetensors: true
    case .memory, .packed: false
    }
  }

  /// Calls `body` with the bytes.
  /// - Throws: `Fault` where an archive's entry is damaged, and what `body` throws.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    switch self {
    case .mapped(let file, let range):
      return try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case .stored(let entry, let range):
      try entry.check()
      return try entry.map.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case .safetensors(let file, let entry): return try file.withBytes(entry, body)
    case .memory(let bytes, let range):
      return try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case .packed(let entry): return try entry.read().withUnsafeBytes(body)
    }
  }

  /// A part of these bytes.
  func slice(_ part: Range<Int>) throws -> WeightBytes {
    precondition(part.lowerBound >= 0 && part.upperBound <= count, "a slice lies inside its bytes")
    switch self {
    case .mapped(let file, let range):
      let start = range.lowerBound + part.lowerBound
      return .mapped(file, start..<start + part.count)
    case .stored(let entry, let range):
      let start = range.lowerBound + part.lowerBound
      return .stored(entry, start..<start + part.count)
    case .memory(let bytes, let range):
      let start = range.lowerBound + part.lowerBound
      return .memory(bytes, start..<start + part.count)
    case .safetensors, .packed:
      let copy = try withBytes { Array($0[part]) }
      return .memory(copy, 0..<copy.count)
    }
  }

  /// The same bytes without compression: a compressed entry is read into memory once.
  func unpacked() throws -> WeightBytes {
    guard case .packed(let entry) = self else { return self }
    let bytes = try entry.read()
    return .memory(bytes, 0..<bytes.count)
  }
}

/// A compressed entry of a zip archive, read again each time it is asked for.
struct PackedEntry: Sendable {
  let archive: String
  let name: String
  /// The unpacked size that the archive states; reading checks it.
  let size: Int

  func read() throws -> [UInt8] {
    var limits = ArchiveLimits()
    limits.bytesPerEntry = size
    var found: [UInt8]?
    _ = try ArchiveReader.open(archive, limits: limits).visit { entry in
      if found == nil, entry.path == name { found = try entry.read(limit: size) }
    }
    guard let found, found.count == size else {
      throw Fault(
        .badInput, "the archive's entry '\(name)' cannot be read", at: .init(archive),
        remedy: "the file is damaged: fetch it again")
    }
    return found
  }
}
