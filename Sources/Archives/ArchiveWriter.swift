import CArchive
import Platform

/// Writes an archive whose bytes depend only on the names and bytes added, in their order.
///
/// No entry has an owner or a time stamp (zip shows 1980-01-01).
public final class ArchiveWriter {
  public enum Format: Sendable { case zip, tar, tarGzip, tarXz, sevenZip }
  /// How entries of a zip are packed; images are best stored.
  public enum Packing: Sendable { case store, deflate }
  /// How entries of a zip are encrypted. Salts are random: such a zip's bytes differ each time.
  public enum Encryption: String, Sendable {
    case zipCrypto = "zipcrypt"
    case aes256
  }

  private let handle: OpaquePointer
  private let path: String
  private var isFinished = false

  /// Creates the archive file at `path`, replacing what is there; a zip may be encrypted.
  public init(
    _ path: String, format: Format = .zip, packing: Packing = .store,
    encryption: Encryption? = nil, _ passphrase: String = ""
  ) throws {
    guard let handle = archive_write_new() else {
      throw Fault(.internal, "libarchive has no memory for a writer")
    }
    self.handle = handle
    self.path = path
    try configure(format, packing)
    if let encryption {
      precondition(format == .zip && !passphrase.isEmpty)
      let option = "zip:encryption=\(encryption.rawValue)"
      try check(archive_write_set_options(handle, option), "format")
      try check(archive_write_set_passphrase(handle, passphrase), "format")
    }
    archive_write_set_bytes_in_last_block(handle, 1)
    try check(archive_write_open_filename(handle, path), "create")
  }

  deinit { archive_write_free(handle) }

  private func configure(_ format: Format, _ packing: Packing) throws {
    switch format {
    case .zip:
      try check(archive_write_set_format_zip(handle), "format")
      try check(
        packing == .store
          ? archive_write_zip_set_compression_store(handle)
          : archive_write_zip_set_compression_deflate(handle), "format")
    case .sevenZip: try check(archive_write_set_format_7zip(handle), "format")
    case .tar, .tarGzip, .tarXz:
      try check(archive_write_set_format_pax_restricted(handle), "format")
      if format == .tarGzip {
        try check(archive_write_add_filter_gzip(handle), "format")
        try check(archive_write_set_options(handle, "gzip:!timestamp"), "format")
      }
      if format == .tarXz { try check(archive_write_add_filter_xz(handle), "format") }
    }
  }

  /// Adds one file; folders need no entries of their own.
  public func add(_ name: String, _ bytes: [UInt8]) throws {
    let entry = archive_entry_new()
    defer { archive_entry_free(entry) }
    archive_entry_update_pathname_utf8(entry, name)
    archive_entry_set_filetype(entry, FileType.regular)
    archive_entry_set_perm(entry, 0o644)
    archive_entry_set_size(entry, Int64(bytes.count))
    try withUTF8Names { try check(archive_write_header(handle, entry), "write") }
    let written = bytes.withUnsafeBytes { archive_write_data(handle, $0.baseAddress, $0.count) }
    guard written == bytes.count else { throw fault("write") }
    try check(archive_write_finish_entry(handle), "write")
  }

  /// Adds an entry for a folder, which an archive needs only to show an empty one.
  public func addFolder(_ name: String) throws {
    let entry = archive_entry_new()
    defer { archive_entry_free(entry) }
    archive_entry_update_pathname_utf8(entry, name.hasSuffix("/") ? name : name + "/")
    archive_entry_set_filetype(entry, FileType.directory)
    archive_entry_set_perm(entry, 0o755)
    archive_entry_set_size(entry, 0)
    try withUTF8Names { try check(archive_write_header(handle, entry), "write") }
    try check(archive_write_finish_entry(handle), "write")
  }

  public func add(_ name: String, text: String) throws { try add(name, Array(text.utf8)) }

  /// Writes the directory and closes the file; an archive that is not finished is not readable.
  public func finish() throws {
    precondition(!isFinished, "an archive is finished once")
    isFinished = true
    try withUTF8Names { try check(archive_write_close(handle), "finish") }
  }

  private func check(_ status: Int32, _ action: String) throws {
    // A warning concerns what the header cannot say (an unset owner), never the bytes.
    if status != ARCHIVE_OK, status != ARCHIVE_WARN { throw fault(action) }
  }

  private func fault(_ action: String) -> Fault {
    Fault(
      .inputOutput, "cannot \(action) the archive '\(path)'",
      cause: archive_error_string(handle).map { String(cString: $0) })
  }
}
