import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A new file that is written from start to end through a buffer.
public final class BufferedFile {
  private let path: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  /// Bytes appended so far.
  public private(set) var size = 0

  public init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Files.fault("create", path) }
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  public func append(_ bytes: some Collection<UInt8>) throws {
    buffer += bytes
    size += bytes.count
    if buffer.count >= 1 << 20 { try flush() }
  }

  private func flush() throws {
    try buffer.withUnsafeBytes { try Files.writeAll($0, to: descriptor, path: path) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes what is left and forces the file to disk.
  public func close() throws {
    try flush()
    guard fsync(descriptor) == 0 else { throw Files.fault("flush", path) }
    Glibc.close(descriptor)
    descriptor = -1
  }
}
