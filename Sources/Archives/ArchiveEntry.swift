import Platform

/// One file met while reading a source, with its bytes still unread.
///
/// An entry is valid only inside the visit that received it.
public final class ArchiveEntry {
  /// The path inside the source, archives counted as folders:
  /// `basic/Image/original.zip/original/train_00001.jpg`.
  public let path: String
  /// The size that the archive states, where it states one; never trusted for allocation.
  public let statedSize: Int?
  private let limits: ArchiveLimits
  private let pull: (UnsafeMutableRawBufferPointer) throws -> Int
  private var isSpent = false

  /// An entry of bytes in memory, as a parser sees it.
  package convenience init(path: String, bytes: [UInt8]) {
    var position = 0
    self.init(path: path, statedSize: bytes.count, limits: ArchiveLimits()) { buffer in
      let count = min(buffer.count, bytes.count - position)
      bytes.withUnsafeBytes {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
      }
      position += count
      return count
    }
  }

  init(
    path: String, statedSize: Int?, limits: ArchiveLimits,
    pull: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
  ) {
    self.path = path
    self.statedSize = statedSize
    self.limits = limits
    self.pull = pull
  }

  /// Reads all bytes of the entry, at most `limit` (by default the reader's bound on an entry).
  ///
  /// - Throws: `Fault` where the bytes are damaged, encrypted, larger than the limit or of another
  ///   size than stated.
  public func read(limit: Int? = nil) throws -> [UInt8] {
    let bound = limit ?? limits.bytesPerEntry
    if let statedSize {
      guard statedSize <= bound else { throw tooLarge(bound) }
      return try read(exactly: statedSize)
    }
    var bytes: [UInt8] = []
    try forEachChunk { chunk in
      guard chunk.count <= bound - bytes.count else { throw self.tooLarge(bound) }
      bytes.append(contentsOf: chunk)
    }
    return bytes
  }

  /// Reads without a buffer between; a byte beyond the stated size, or one that is missing, is a fault.
  private func read(exactly size: Int) throws -> [UInt8] {
    precondition(!isSpent, "an entry's bytes can be read once")
    isSpent = true
    var beyond = 0
    let bytes = try [UInt8](unsafeUninitializedCapacity: size) { target, count in
      let all = UnsafeMutableRawBufferPointer(target)
      while count < size {
        let got = try pull(UnsafeMutableRawBufferPointer(rebasing: all[count..<size]))
        if got == 0 { return }
        count += got
      }
      try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { beyond = try pull($0) }
    }
    guard bytes.count == size, beyond == 0 else { throw wrongSize(size, bytes.count + beyond) }
    return bytes
  }

  private func wrongSize(_ stated: Int, _ found: Int) -> Fault {
    Fault(
      .badInput,
      "the entry states \(stated) bytes and holds \(found > stated ? "more" : String(found))",
      at: .init(path), remedy: "the archive is damaged: fetch it again")
  }

  /// Hands the bytes to `body` piece by piece, so that an entry of any size takes constant memory.
  public func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    precondition(!isSpent, "an entry's bytes can be read once")
    isSpent = true
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: ArchiveLimits.chunk, alignment: 16)
    defer { buffer.deallocate() }
    var total = 0
    while true {
      let count = try pull(buffer)
      if count == 0 { break }
      total += count
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    if let statedSize, statedSize != total { throw wrongSize(statedSize, total) }
  }

  private func tooLarge(_ bound: Int) -> Fault {
    Fault(
      .badInput, "the entry is larger than the limit of \(bound) bytes", at: .init(path),
      remedy: "remove it from the archive if it is not a part of the dataset")
  }
}

/// Something in a source that was passed over, and why.
public struct ArchiveIssue: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// An absolute name, one that climbs with `..`, or one with control characters.
    case unsafeName = "unsafe-name"
    /// A name that is not UTF-8.
    case undecodableName = "undecodable-name"
    /// A symbolic or hard link inside an archive.
    case link
    /// A device, a pipe or a socket.
    case special
    /// A second entry of the same name.
    case duplicateName = "duplicate-name"
  }
  public var kind: Kind
  /// The path inside the source, with undecodable bytes escaped.
  public var path: String
  public var reason: String

  public init(_ kind: Kind, _ path: String, _ reason: String) {
    self.kind = kind
    self.path = path
    self.reason = reason
  }
}

/// The bounds within which a source is read.
///
/// Together they keep reading any source, however hostile, under 256 MiB: one entry, the inner
/// archives and the dictionary.
public struct ArchiveLimits: Sendable, Equatable {
  /// Bytes of one entry read as a whole.
  public var bytesPerEntry = 64 << 20
  /// Unpacked bytes for each packed byte of an archive, beyond the first `freeBytes`.
  public var ratio = 250
  /// Unpacked bytes that an archive of any size may hold.
  public var freeBytes = 64 << 20
  /// Archives inside archives, the outermost counted.
  public var depth = 4
  /// Inner archives are held in memory, which gives access to their directories, up to this many
  /// bytes for all that are open; others are read as streams.
  public var nestedInMemory = 32 << 20
  /// Memory that unpacking may take for its dictionary.
  public var dictionary = 96 << 20
  /// A zip's directory is held in memory by parts of this size, each at least as large as its longest
  /// record (at most 192 KiB).
  public var directoryPart = 256 << 10
  /// Entries of one source.
  public var entries = 5_000_000

  static let chunk = 64 << 10

  public init() {}

  func checkExpansion(unpacked: Int, packed: Int, at path: String) throws {
    guard unpacked > freeBytes, unpacked / ratio > packed else { return }
    throw Fault(
      .badInput,
      "the archive unpacks to more than \(ratio) times its \(packed) bytes: a decompression bomb",
      at: .init(path), remedy: "do not use this archive")
  }
}
