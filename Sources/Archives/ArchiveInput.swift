import CArchive
import Glibc
import Platform

/// The source of an archive's packed bytes for libarchive.
protocol ArchiveInput: AnyObject {
  var isSeekable: Bool { get }
  /// The size of the archive, or where it is unknown the bytes given so far.
  var packedBytes: Int { get }
  /// The next bytes, valid until the next call; none at the end.
  func next() throws -> UnsafeRawBufferPointer
  /// Moves as `lseek` does; returns the new position, or a negative number.
  func seek(_ offset: Int, from whence: Int32) -> Int64
  /// Passes over up to `count` bytes without reading them; returns how many.
  func skip(_ count: Int) -> Int
}

/// Bytes of known size, among which a position is all that a move changes.
protocol PositionedInput: ArchiveInput {
  /// Of the next byte.
  var position: Int { get set }
  /// Bytes in all.
  var size: Int { get }
}

extension PositionedInput {
  var isSeekable: Bool { true }
  var size: Int { packedBytes }

  func seek(_ offset: Int, from whence: Int32) -> Int64 {
    let base =
      switch whence {
      case SEEK_SET: 0
      case SEEK_CUR: position
      default: size
      }
    let (target, overflow) = base.addingReportingOverflow(offset)
    guard !overflow, target >= 0, target <= size else { return Int64(ARCHIVE_FATAL) }
    position = target
    return Int64(target)
  }

  func skip(_ count: Int) -> Int {
    let step = min(count, size - position)
    position += step
    return step
  }
}

/// Files on disk that together are one archive, read as if they were one file.
///
/// libarchive 3.6.2 can chain files by itself, but frees a wrong pointer when the first ones are
/// shorter than its look-ahead. A zip is read by seeking from entry to entry, nearly always forward
/// by little: a window of the file stays in memory, so that most seeks cost nothing.
final class FilesInput: PositionedInput {
  private(set) var packedBytes = 0
  private var pieces: [(descriptor: Int32, path: String, start: Int, end: Int)] = []
  var position = 0
  /// The offset of the bytes in `buffer` in the whole input.
  private var window = 0..<0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: FilesInput.windowBytes, alignment: 16)

  private static let windowBytes = 1 << 20

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
    if !window.contains(position) { try fill() }
    let start = position - window.lowerBound
    let end = min(window.count, start + ArchiveLimits.chunk)
    position = window.lowerBound + end
    return UnsafeRawBufferPointer(rebasing: buffer[start..<end])
  }

  /// Moves the window to the position; it is empty at the end.
  private func fill() throws {
    window = position..<position
    guard let piece = pieces.first(where: { position < $0.end }) else { return }
    // A jump far ahead is likely to be followed by another: read little at first.
    let isSequential = position == lastEnd
    let count = min(isSequential ? buffer.count : ArchiveLimits.chunk, piece.end - position)
    while true {
      let got = pread(piece.descriptor, buffer.baseAddress, count, off_t(position - piece.start))
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw Files.fault("read", piece.path) }
      window = position..<position + got
      lastEnd = window.upperBound
      return
    }
  }

  private var lastEnd = 0
}

/// An inner archive held in memory.
final class MemoryInput: PositionedInput {
  private(set) var packedBytes = 0
  private let buffer: UnsafeMutableRawBufferPointer
  var position = 0

  /// Reads all of an entry of at most `size` bytes.
  init(_ entry: ArchiveEntry, size: Int) throws {
    buffer = .allocate(byteCount: max(1, size), alignment: 16)
    try entry.forEachChunk { chunk in
      guard chunk.count <= size - packedBytes else {
        throw Fault(
          .badInput, "the entry holds more than the \(size) bytes it states",
          at: .init(entry.path), remedy: "the archive is damaged: fetch it again")
      }
      UnsafeMutableRawBufferPointer(rebasing: buffer[packedBytes...]).copyMemory(from: chunk)
      packedBytes += chunk.count
    }
  }

  deinit { buffer.deallocate() }

  func next() -> UnsafeRawBufferPointer {
    let end = min(packedBytes, position + ArchiveLimits.chunk)
    defer { position = end }
    return UnsafeRawBufferPointer(rebasing: buffer[position..<end])
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

  func skip(_ count: Int) -> Int { 0 }
}
