import Glibc
import Platform

/// A new file that is written from start to end through a buffer.
public final class BufferedFile {
  private let path: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private var hasher: DigestHasher?
  /// Bytes appended so far.
  public private(set) var size = 0
  /// Bytes that the system has, and of these, those that it was asked to bring to disk.
  private var written = 0
  private var begun = 0

  /// Bytes that are written at once.
  private static let room = 256 << 10
  /// The disk is set to work after so many bytes, so that little is left to wait for at the end.
  private static let stretch = 8 << 20

  /// - Parameter digesting: whether `close` is to return the digest of what was written.
  public init(_ path: String, digesting: Bool = false) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Files.fault("create", path) }
    hasher = digesting ? DigestHasher() : nil
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  public func append(_ bytes: some Collection<UInt8>) throws {
    if buffer.count + bytes.count > Self.room { try flush() }
    if buffer.isEmpty { buffer.reserveCapacity(Self.room) }
    buffer += bytes
    size += bytes.count
  }

  private func flush() throws {
    try buffer.withUnsafeBytes {
      hasher?.update($0)
      try Files.writeAll($0, to: descriptor, path: path)
    }
    written += buffer.count
    buffer.removeAll(keepingCapacity: buffer.count <= Self.room)
    guard written - begun >= Self.stretch else { return }
    #if os(Linux)
      // Of bytes that are not on disk yet this says no more than that they may go there now.
      posix_fadvise(descriptor, off_t(begun), off_t(written - begun), POSIX_FADV_DONTNEED)
    #endif
    begun = written
  }

  /// Reads back what was appended; fewer bytes where the range ends beyond it.
  func read(_ range: Range<Int>) throws -> [UInt8] {
    if range.upperBound > written { try flush() }
    return try Files.read(range, of: descriptor, path: path)
  }

  /// Writes what is left and forces the file to disk.
  public func close() throws { try closeMeanwhile().done.get() }

  /// Writes what is left; the file is on disk, and closed, when `done` is. The digest is there where
  /// it was asked for.
  func closeMeanwhile() throws -> (digest: Digest?, done: Future<Void>) {
    try flush()
    let (open, path) = (descriptor, path)
    descriptor = -1
    let digest: Digest?
    if let hasher = hasher.take() { digest = hasher.finish() } else { digest = nil }
    let done = Future {
      defer { Glibc.close(open) }
      guard fsync(open) == 0 else { throw Files.fault("flush", path) }
    }
    return (digest, done)
  }
}
