import Glibc

/// Plain file operations with faults that name the path; nothing here needs Foundation.
public enum Files {
  /// The result of `lstat` or `stat` for a path.
  public struct Status: Sendable, Equatable {
    public enum Kind: Sendable { case file, directory, link, other }
    public var kind: Kind
    public var size: Int
    public var device: UInt64
    public var inode: UInt64
    public var mode: UInt32
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// Nanoseconds since 1970.
    public var changed: Int64
  }

  /// Returns the status of `path`, or nil where nothing is there.
  public static func status(_ path: String, followLinks: Bool = true) -> Status? {
    var info = stat()
    let result = followLinks ? stat(path, &info) : lstat(path, &info)
    guard result == 0 else { return nil }
    let kind: Status.Kind =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      default: .other
      }
    return Status(
      kind: kind, size: Int(info.st_size), device: UInt64(info.st_dev), inode: UInt64(info.st_ino),
      mode: UInt32(info.st_mode), modified: nanoseconds(info.st_mtim),
      changed: nanoseconds(info.st_ctim))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  public static func isDirectory(_ path: String) -> Bool { status(path)?.kind == .directory }

  /// The fault for the current `errno`.
  public static func fault(_ action: String, _ path: String) -> Fault {
    let number = errno
    let code: Fault.Code = number == ENOENT ? .missingInput : .inputOutput
    return Fault(code, "cannot \(action) '\(path)'", cause: String(cString: strerror(number)))
  }

  /// Reads a whole file; `limit` bytes at most, more is a fault.
  public static func read(_ path: String, limit: Int = .max) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault("open", path) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw fault("read", path) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.badInput, "'\(path)' is not a regular file")
    }
    let size = Int(info.st_size)
    guard size <= limit else {
      throw Fault(.badInput, "'\(path)' has \(size) bytes, more than the limit of \(limit)")
    }
    var filled = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while filled < size {
        let got = Glibc.read(descriptor, buffer.baseAddress! + filled, size - filled)
        if got < 0, errno == EINTR { continue }
        if got <= 0 { break }
        filled += got
      }
      count = filled
    }
    guard filled == size else { throw fault("read all of", path) }
    return bytes
  }

  /// Reads a range of a file; fewer bytes where it ends before.
  public static func read(_ range: Range<Int>, of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault("open", path) }
    defer { close(descriptor) }
    return try read(range, of: descriptor, path: path)
  }

  /// Reads a range of an open file; fewer bytes where it ends before.
  public static func read(
    _ range: Range<Int>, of descriptor: Int32, path: String
  ) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count, let base = buffer.baseAddress {
        let got = pread(
          descriptor, base + count, range.count - count, off_t(range.lowerBound + count))
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw fault("read", path) }
        if got == 0 { return }
        count += got
      }
    }
  }

  /// Reads a whole text file, which must be UTF-8.
  public static func readText(_ path: String, limit: Int = .max) throws -> String {
    guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
      throw Fault(.badInput, "'\(path)' is not UTF-8 text")
    }
    return text
  }

  /// Writes a new file (or replaces one in place); `durable` forces it to disk.
  public static func write(
    _ bytes: some Sequence<UInt8>, to path: String, mode: UInt32 = 0o644, durable: Bool = false
  ) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else { throw fault("create", path) }
    defer { close(descriptor) }
    let array = Array(bytes)
    try array.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    if durable, fsync(descriptor) != 0 { throw fault("flush", path) }
  }

  public static func write(_ text: String, to path: String, durable: Bool = false) throws {
    try write(Array(text.utf8), to: path, durable: durable)
  }

  /// Writes all of `bytes` to an open descriptor.
  public static func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
  ) throws {
    var done = 0
    while done < bytes.count {
      let wrote = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if wrote < 0, errno == EINTR { continue }
      guard wrote > 0 else { throw fault("write", path) }
      done += wrote
    }
  }

  /// Replaces `path` as a whole: a reader sees the old file or the new one.
  public static func replace(_ path: String, with bytes: some Sequence<UInt8>) throws {
    let temporary = "\(path).tmp-\(getpid())-\(temporaryNumber())"
    do {
      try write(bytes, to: temporary, durable: true)
      try rename(temporary, to: path)
      try syncDirectory(parent(of: path))
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static let counter = Locked(0)

  /// A number no other call in this process gets.
  public static func temporaryNumber() -> Int {
    counter.withLock {
      $0 += 1
      return $0
    }
  }

  public static func rename(_ source: String, to target: String) throws {
    guard Glibc.rename(source, target) == 0 else {
      throw fault("rename '\(source)' to", target)
    }
  }

  /// Makes a symbolic link at `path` whose text is `target`.
  public static func symbolicLink(to target: String, at path: String) throws {
    guard symlink(target, path) == 0 else { throw fault("link", path) }
  }

  /// Forces a directory's entries to disk.
  public static func syncDirectory(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw fault("flush", path) }
  }

  /// Creates a directory and its parents.
  public static func makeDirectories(_ path: String) throws {
    if isDirectory(path) { return }
    let above = parent(of: path)
    if above != path, !isDirectory(above) { try makeDirectories(above) }
    guard mkdir(path, 0o777) == 0 || (errno == EEXIST && isDirectory(path)) else {
      throw fault("create directory", path)
    }
  }

  /// The names in a directory, sorted by bytes, without `.` and `..`.
  public static func list(_ path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw fault("list", path) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(cString: $0.bindMemory(to: CChar.self).baseAddress!)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a file, a link or a whole directory tree; links are never followed.
  public static func removeTree(_ path: String) throws {
    guard let found = status(path, followLinks: false) else { return }
    if found.kind == .directory {
      chmod(path, 0o755)
      for name in try list(path) { try removeTree(join(path, name)) }
      guard rmdir(path) == 0 else { throw fault("remove", path) }
    } else {
      guard unlink(path) == 0 else { throw fault("remove", path) }
    }
  }

  /// `a/b` from `a` and `b`; an absolute `b` stands alone.
  public static func join(_ base: String, _ name: String) -> String {
    if name.hasPrefix("/") || base.isEmpty { return name }
    return base.hasSuffix("/") ? base + name : "\(base)/\(name)"
  }

  /// The directory a path lies in (`.` for a bare name).
  public static func parent(of path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }

  /// The last component of a path.
  public static func name(of path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : Substring(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return String(trimmed) }
    return String(trimmed[trimmed.index(after: slash)...])
  }

  /// The absolute path with links resolved; the path itself where it does not exist.
  public static func resolve(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// A file's bytes, mapped read-only for as long as this object lives.
///
/// The compiler may release an object after its last use: hold it in a property, or read through
/// `withBytes`, while a pointer into `bytes` is in use.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  public let bytes: UnsafeRawBufferPointer

  public init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", path) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.badInput, "'\(path)' is not a regular file")
    }
    let size = Int(info.st_size)
    if size == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { throw Files.fault("map", path) }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  /// Calls `body` with the bytes, keeping the map alive meanwhile.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try body(bytes) }
  }

  deinit {
    if let base = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }
  }
}
