import CArchive
import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where libarchive gets an archive's packed bytes.
protocol ArchiveInput: AnyObject {
  var isSeekable: Bool { get }
  /// The size of the archive, or where it is unknown the bytes given so far.
  var packedBytes: Int { get }
  /// The next bytes, valid until the next call; none at the end.
  func next() throws -> UnsafeRawBufferPointer
  /// Moves as `lseek` does; returns the new position, or a negative number.
  func seek(_ offset: Int, from whence: Int32) -> Int64
}

/// The position that a seek asks for, or a negative number where it lies outside.
private func target(_ offset: Int, _ whence: Int32, position: Int, size: Int) -> Int {
  let base =
    switch whence {
    case SEEK_SET: 0
    case SEEK_CUR: position
    default: size
    }
  let (target, overflow) = base.addingReportingOverflow(offset)
  return !overflow && target >= 0 && target <= size ? target : Int(ARCHIVE_FATAL)
}

/// Files on disk that together are one archive, read as if they were one file.
///
/// libarchive 3.6.2 can chain files by itself, but frees a wrong pointer when the first ones are
/// shorter than its look-ahead.
final class FilesInput: ArchiveInput {
  let isSeekable = true
  private(set) var packedBytes = 0
  private var pieces: [(descriptor: Int32, path: String, start: Int, end: Int)] = []
  private var position = 0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: ArchiveLimits.chunk, alignment: 16)

  init(_ paths: [String]) throws {
    for path in paths {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Files.fault("open", path) }
      let size = max(0, Int(lseek(descriptor, 0, SEEK_END)))
      pieces.append((descriptor, path, packedBytes, packedBytes + size))
      packedBytes += size
    }
  }

  deinit {
    for piece in pieces { close(piece.descriptor) }
    buffer.deallocate()
  }

  func next() throws -> UnsafeRawBufferPointer {
    guard let piece = pieces.first(where: { position < $0.end }) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    while true {
      let count = min(buffer.count, piece.end - position)
      let got = pread(
        piece.descriptor, buffer.baseAddress, count, off_t(position - piece.start))
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw Files.fault("read", piece.path) }
      position += got
      return UnsafeRawBufferPointer(rebasing: buffer[..<got])
    }
  }

  func seek(_ offset: Int, from whence: Int32) -> Int64 {
    let found = target(offset, whence, position: position, size: packedBytes)
    if found >= 0 { position = found }
    return Int64(found)
  }
}

/// An inner archive held in memory.
final class MemoryInput: ArchiveInput {
  let isSeekable = true
  let packedBytes: Int
  private let buffer: UnsafeMutableRawBufferPointer
  private var position = 0

  init(_ bytes: [UInt8]) {
    packedBytes = bytes.count
    buffer = .allocate(byteCount: max(1, bytes.count), alignment: 16)
    bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
  }

  deinit { buffer.deallocate() }

  func next() -> UnsafeRawBufferPointer {
    let end = min(packedBytes, position + ArchiveLimits.chunk)
    defer { position = end }
    return UnsafeRawBufferPointer(rebasing: buffer[position..<end])
  }

  func seek(_ offset: Int, from whence: Int32) -> Int64 {
    let found = target(offset, whence, position: position, size: packedBytes)
    if found >= 0 { position = found }
    return Int64(found)
  }
}

/// An inner archive read once, as the outer one yields it.
final class StreamInput: ArchiveInput {
  let isSeekable = false
  private(set) var packedBytes = 0
  private let pull: (UnsafeMutableRawBufferPointer) throws -> Int
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: ArchiveLimits.chunk, alignment: 16)

  /// `pull` fills a buffer and returns how much, 0 at the end.
  init(_ pull: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) { self.pull = pull }

  deinit { buffer.deallocate() }

  func next() throws -> UnsafeRawBufferPointer {
    let count = try pull(buffer)
    packedBytes += count
    return UnsafeRawBufferPointer(rebasing: buffer[..<count])
  }

  func seek(_ offset: Int, from whence: Int32) -> Int64 { Int64(ARCHIVE_FATAL) }
}
