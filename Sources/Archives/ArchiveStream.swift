import CArchive
import Glibc
import Platform

/// One archive opened by libarchive, from files, from memory or from another archive's entry.
///
/// Only formats and filters that libarchive reads by itself are enabled: no helper program is ever
/// started, and no format that refers to other files (mtree) is known.
final class ArchiveStream {
  /// The content of a header.
  struct Header {
    enum Kind { case file, directory, link, special }
    var name: [UInt8]
    var kind: Kind
    var size: Int?
    var isEncrypted: Bool
  }

  let path: String
  private var handle: OpaquePointer
  private let passphrase: String?
  private var input: any ArchiveInput
  /// Where the archive is a zip with a long directory: its parts, of which `input` is one.
  private let directory: ZipDirectory?
  private var inputFailure: Fault?
  private var isEncrypted = false
  private var hasHeader = false
  private var isFirstRead = true
  private let memory: DictionaryLimit

  /// Opens the archive whose bytes `input` gives; `path` names it in faults.
  init(
    _ input: any ArchiveInput, path: String, passphrase: String?, limits: ArchiveLimits
  ) throws {
    self.path = path
    self.passphrase = passphrase
    memory = DictionaryLimit(bytes: limits.dictionary)
    directory = try ZipDirectory(input, partBytes: limits.directoryPart)
    self.input = try directory?.nextPart() ?? input
    // Looking for a directory has moved the input.
    if input.isSeekable { _ = self.input.seek(0, from: SEEK_SET) }
    handle = try Self.reader(passphrase)
    try openInput()
  }

  private static func reader(_ passphrase: String?) throws -> OpaquePointer {
    guard let handle = archive_read_new() else {
      throw Fault(.internal, "libarchive has no memory for a reader")
    }
    archive_read_support_format_zip(handle)
    archive_read_support_format_tar(handle)
    archive_read_support_format_7zip(handle)
    archive_read_support_format_rar(handle)
    archive_read_support_format_rar5(handle)
    archive_read_support_filter_gzip(handle)
    archive_read_support_filter_bzip2(handle)
    archive_read_support_filter_xz(handle)
    archive_read_support_filter_zstd(handle)
    if let passphrase { archive_read_add_passphrase(handle, passphrase) }
    return handle
  }

  deinit { archive_read_free(handle) }

  private func openInput() throws {
    if input.isSeekable {
      archive_read_set_seek_callback(handle) { _, context, offset, whence in
        ArchiveStream.from(context).input.seek(Int(offset), from: whence)
      }
      archive_read_set_skip_callback(handle) { _, context, count in
        Int64(ArchiveStream.from(context).input.skip(Int(count)))
      }
    }
    // The stream outlives the handle, which `deinit` frees.
    archive_read_set_callback_data(handle, Unmanaged.passUnretained(self).toOpaque())
    archive_read_set_read_callback(handle) { _, context, buffer in
      ArchiveStream.from(context).deliver(to: buffer)
    }
    let status = try memory.measured(at: path) { archive_read_open1(handle) }
    try check(status, "open")
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> ArchiveStream {
    Unmanaged<ArchiveStream>.fromOpaque(context!).takeUnretainedValue()
  }

  private func deliver(to target: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    do {
      let bytes = try input.next()
      target?.pointee = bytes.baseAddress
      return bytes.count
    } catch {
      inputFailure = error as? Fault ?? Fault(.internal, "\(error)")
      return Int(ARCHIVE_FATAL)
    }
  }

  /// Packed bytes of this archive: all of them where known, else those consumed so far.
  var packedBytes: Int { input.packedBytes }

  /// Bytes that the outermost compression (`.gz` of `.tar.gz`) has yielded so far.
  var filteredBytes: Int { Int(archive_filter_bytes(handle, 0)) }

  /// Goes on to the next part of a long directory; false where there is none.
  private func openNextPart() throws -> Bool {
    guard let part = try directory?.nextPart() else { return false }
    let next = try Self.reader(passphrase)
    archive_read_free(handle)
    handle = next
    input = part
    hasHeader = false
    try openInput()
    return true
  }

  /// Returns the next header, or nil at the end of the archive.
  func next() throws -> Header? {
    var entry: OpaquePointer?
    // The first header shows what the archive as a whole is packed with.
    let status =
      hasHeader && !isSolid
      ? archive_read_next_header(handle, &entry)
      : try memory.measured(at: path) { archive_read_next_header(handle, &entry) }
    hasHeader = true
    isFirstRead = true
    if status == ARCHIVE_EOF { return try openNextPart() ? next() : nil }
    // ARCHIVE_WARN comes with a usable entry, for instance one whose name needs judging.
    if status != ARCHIVE_WARN { try check(status, "read") }
    guard let entry else { return nil }
    isEncrypted = archive_entry_is_encrypted(entry) != 0
    let name = archive_entry_pathname(entry).map {
      UnsafeRawBufferPointer(start: $0, count: strlen($0)).map { $0 }
    }
    return Header(
      name: name ?? [], kind: kind(of: entry),
      size: archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil,
      isEncrypted: isEncrypted)
  }

  private func kind(of entry: OpaquePointer) -> Header.Kind {
    if archive_entry_hardlink(entry) != nil { return .link }
    return switch UInt32(archive_entry_filetype(entry)) & FileType.mask {
    case FileType.regular, 0: .file
    case FileType.directory: .directory
    case FileType.link: .link
    default: .special
    }
  }

  /// Whether reading one entry may unpack others with it, as in 7z and RAR.
  private var isSolid: Bool {
    switch archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK {
    case ARCHIVE_FORMAT_7ZIP, ARCHIVE_FORMAT_RAR, ARCHIVE_FORMAT_RAR_V5: true
    default: false
    }
  }

  /// Whether an entry may come with a dictionary of its own: not where it is stored or deflated.
  private var needsMeasure: Bool {
    if isSolid { return true }
    guard archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP,
      let name = archive_format_name(handle)
    else { return false }
    return strstr(name, "(deflation)") == nil && strstr(name, "(uncompressed)") == nil
  }

  /// Fills `buffer` with the current entry's next bytes and returns how many; 0 at its end.
  func read(into buffer: UnsafeMutableRawBufferPointer, entry: String) throws -> Int {
    if isEncrypted, passphrase == nil {
      throw Fault(
        .badInput, "the entry is encrypted", at: .init(entry),
        remedy: "give the pass-phrase with passphrase_file or FERRY_PASSPHRASE")
    }
    while true {
      let count =
        isFirstRead && needsMeasure
        ? try memory.measured(at: entry) {
          archive_read_data(handle, buffer.baseAddress, buffer.count)
        } : archive_read_data(handle, buffer.baseAddress, buffer.count)
      isFirstRead = false
      if count == Int(ARCHIVE_RETRY) { continue }
      if count >= 0 { return count }
      throw fault("read", at: entry)
    }
  }

  private func check(_ status: Int32, _ action: String) throws {
    if status != ARCHIVE_OK { throw fault(action, at: path) }
  }

  private func fault(_ action: String, at place: String) -> Fault {
    if let inputFailure { return inputFailure }
    let text = archive_error_string(handle).map { String(cString: $0) } ?? "unknown error"
    let remedy =
      if text.lowercased().contains("passphrase") {
        "check the pass-phrase in passphrase_file or FERRY_PASSPHRASE"
      } else if text.contains("encrypted"), text.contains("not supported") {
        "unpack the archive, or pack it as a zip, which FERRY_PASSPHRASE may open"
      } else if text.contains("too much memory") {
        // libzstd's own bound, which is larger than ours.
        "unpack the archive and give the folder, or pack it as zip"
      } else if text.contains("multi-volume") || text.contains("split") {
        "put all volumes into one folder, or join the pieces into one archive"
      } else {
        "the archive is damaged or of an unknown kind: fetch it again"
      }
    return Fault(
      .badInput, "cannot \(action) the \(place == path ? "archive" : "entry")",
      at: .init(place), remedy: remedy, cause: text)
  }
}

/// File types as archive headers state them (the octal values of POSIX).
enum FileType {
  static let mask: UInt32 = 0o170000
  static let regular: UInt32 = 0o100000
  static let directory: UInt32 = 0o040000
  static let link: UInt32 = 0o120000
}
