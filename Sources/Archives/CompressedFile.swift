import CArchive
import Platform

/// One file that may be compressed by itself (gzip, xz, bzip2, zstd), as in `words.txt.gz`.
public enum CompressedFile {
  /// Reads a file, undoing its compression where it has one.
  ///
  /// - Throws: `Fault` where the file is not there, is damaged, or holds more than `limit` bytes.
  public static func read(_ path: String, limit: Int) throws -> [UInt8] {
    guard Files.status(path)?.kind == .file else {
      throw Fault(.missingInput, "there is no file '\(path)'")
    }
    guard let reader = archive_read_new() else {
      throw Fault(.internal, "libarchive has no memory")
    }
    defer { archive_read_free(reader) }
    for support in [
      archive_read_support_filter_all(reader), archive_read_support_format_raw(reader),
      archive_read_support_format_empty(reader),
    ] where support < ARCHIVE_WARN {
      throw Fault(.internal, "libarchive lacks a filter")
    }
    func damaged() -> Fault {
      let cause = archive_error_string(reader).map { String(cString: $0) }
      return Fault(.badInput, "the file cannot be read", at: .init(path), cause: cause)
    }
    guard archive_read_open_filename(reader, path, 1 << 18) == ARCHIVE_OK else { throw damaged() }
    var entry: OpaquePointer?
    let opened = archive_read_next_header(reader, &entry)
    if opened == ARCHIVE_EOF { return [] }
    guard opened == ARCHIVE_OK else { throw damaged() }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let got = chunk.withUnsafeMutableBytes { archive_read_data(reader, $0.baseAddress, $0.count) }
      guard got >= 0 else { throw damaged() }
      if got == 0 { return bytes }
      guard bytes.count + got <= limit else {
        throw Fault(.badInput, "the file holds more than \(limit) bytes", at: .init(path))
      }
      bytes += chunk[..<got]
    }
  }
}
