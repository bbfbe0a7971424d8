import Glibc
import Platform

/// A source of files as datasets are handed out: a folder, an archive, or archives in folders and
/// archives, read in one pass without unpacking anything to disk.
///
/// Folders are read in the order of their names' bytes; archives in the order of their entries.
/// Memory is bounded by `ArchiveLimits`: one entry and the inner archives held open.
public struct ArchiveReader {
  /// The path of the source on disk.
  public let root: String
  private let passphrase: String?
  private let limits: ArchiveLimits

  /// Opens a folder, an archive or a plain file.
  ///
  /// - Throws: `Fault` with code `missingInput` where nothing is at `path`.
  public static func open(
    _ path: String, passphrase: String? = nil, limits: ArchiveLimits = ArchiveLimits()
  ) throws -> ArchiveReader {
    guard let status = Files.status(path) else {
      throw Fault(
        .missingInput, "there is no archive or folder at '\(path)'",
        remedy: "check the path given for the source")
    }
    guard status.kind == .file || status.kind == .directory else {
      throw Fault(.badInput, "'\(path)' is neither a file nor a folder")
    }
    return ArchiveReader(root: path, passphrase: passphrase, limits: limits)
  }

  /// Visits every file once, in order, and returns what was passed over.
  ///
  /// - Throws: `Fault` where an archive is damaged, encrypted without a pass-phrase, or a bomb, and
  ///   whatever `body` throws.
  public func visit(_ body: (ArchiveEntry) throws -> Void) throws -> [ArchiveIssue] {
    try withUTF8Names {
      try withoutActuallyEscaping(body) { visit in
        let walk = Walk(passphrase: passphrase, limits: limits, visit: visit)
        if Files.isDirectory(root) {
          try walk.folder(root, path: "", above: [])
        } else {
          try walk.file(root, path: Files.name(of: root), isRoot: true)
        }
        return walk.issues
      }
    }
  }
}

/// One pass over a source.
private final class Walk {
  private let passphrase: String?
  private let limits: ArchiveLimits
  private let visit: (ArchiveEntry) throws -> Void
  private(set) var issues: [ArchiveIssue] = []
  private var visited = 0
  /// Bytes of the inner archives that are open in memory.
  private var heldInMemory = 0

  init(passphrase: String?, limits: ArchiveLimits, visit: @escaping (ArchiveEntry) throws -> Void) {
    self.passphrase = passphrase
    self.limits = limits
    self.visit = visit
  }

  /// Links in a folder are followed: its owner put them there, and stores are built of them.
  func folder(_ disk: String, path: String, above: [Files.Status]) throws {
    guard let here = Files.status(disk) else { throw Files.fault("open", disk) }
    let isLoop = above.contains { $0.inode == here.inode && $0.device == here.device }
    if isLoop {
      issues.append(ArchiveIssue(.link, path, "the link leads back to a folder that holds it"))
      return
    }
    for name in try Files.list(disk) {
      let target = Files.join(disk, name)
      let inner = path.isEmpty ? name : "\(path)/\(name)"
      guard case .accepted = EntryName.judge(Array(name.utf8)) else {
        issues.append(ArchiveIssue(.unsafeName, inner, "the name is not plain UTF-8 text"))
        continue
      }
      switch Files.status(target)?.kind {
      case .directory: try folder(target, path: inner, above: above + [here])
      case .file: try file(target, path: inner, isRoot: false)
      case .link, nil: issues.append(ArchiveIssue(.link, inner, "the link leads nowhere"))
      case .other: issues.append(ArchiveIssue(.special, inner, "not a regular file"))
      }
    }
  }

  func file(_ disk: String, path: String, isRoot: Bool) throws {
    let pieces = ArchiveName.pieces(of: disk, exists: Files.exists)
    if ArchiveName.isLaterPiece(disk, exists: Files.exists) {
      guard isRoot else { return }
      throw Fault(
        .badInput, "the file is a later piece of an archive", at: .init(path),
        remedy: "give the first piece, or the folder that holds all")
    }
    if let whole = ArchiveName.splitZip(of: disk, exists: Files.exists) {
      throw Fault(
        .badInput, "a zip split into .z01, .z02 and so on cannot be read", at: .init(path),
        remedy: "join it first: zip -s 0 \(Files.name(of: whole)) --out whole.zip")
    }
    if try ArchiveName.isArchive(path) || pieces.count > 1 || (isRoot && hasMagic(disk)) {
      let stream = try ArchiveStream(
        try FilesInput(pieces), path: path, passphrase: passphrase, limits: limits)
      // The outermost archive is the source itself: its name is no part of the entries' paths.
      return try archive(stream, prefix: isRoot ? "" : path + "/", depth: 1)
    }
    let descriptor = open(disk, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", disk) }
    defer { close(descriptor) }
    try count()
    let entry = ArchiveEntry(
      path: path, statedSize: Files.status(disk)?.size, limits: limits
    ) { buffer in
      while true {
        let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if got >= 0 { return got }
        if errno != EINTR { throw Files.fault("read", disk) }
      }
    }
    try visit(entry)
  }

  private func hasMagic(_ disk: String) throws -> Bool {
    let descriptor = open(disk, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", disk) }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: 512)
    let got = pread(descriptor, &head, head.count, 0)
    return ArchiveName.hasArchiveMagic(Array(head.prefix(max(0, got))))
  }

  private func count() throws {
    visited += 1
    guard visited <= limits.entries else {
      throw Fault(.badInput, "the source has more than \(limits.entries) entries")
    }
  }

  private func archive(_ stream: ArchiveStream, prefix: String, depth: Int) throws {
    var seen = TextSet()
    var unpacked = 0
    while let header = try stream.next() {
      try count()
      try limits.checkExpansion(
        unpacked: stream.filteredBytes, packed: stream.packedBytes, at: stream.path)
      guard let name = accept(header, prefix: prefix) else { continue }
      guard seen.insert(name) else {
        issues.append(
          ArchiveIssue(.duplicateName, prefix + name, "an earlier entry has the same name"))
        continue
      }
      let path = prefix + name
      let pull: (UnsafeMutableRawBufferPointer) throws -> Int = { buffer in
        let got = try stream.read(into: buffer, entry: path)
        unpacked += got
        try self.limits.checkExpansion(
          unpacked: unpacked, packed: stream.packedBytes, at: stream.path)
        return got
      }
      if ArchiveName.isArchive(name) {
        try inner(header, path: path, depth: depth, pull: pull)
      } else {
        try visit(
          ArchiveEntry(path: path, statedSize: header.size, limits: limits, pull: pull))
      }
    }
  }

  /// Returns the cleaned name of an entry that may be read; notes why others may not.
  private func accept(_ header: ArchiveStream.Header, prefix: String) -> String? {
    if header.kind == .directory { return nil }
    switch EntryName.judge(header.name) {
    case .refused(let kind, let shown, let reason):
      issues.append(ArchiveIssue(kind, prefix + shown, reason))
      return nil
    case .accepted(let name):
      if header.kind == .file { return name }
      let isLink = header.kind == .link
      issues.append(
        ArchiveIssue(
          isLink ? .link : .special, prefix + name,
          isLink ? "links in archives are not followed" : "not a regular file"))
      return nil
    }
  }

  private func inner(
    _ header: ArchiveStream.Header, path: String, depth: Int,
    pull: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws {
    guard depth < limits.depth else {
      throw Fault(
        .badInput, "archives are nested more than \(limits.depth) deep", at: .init(path),
        remedy: "unpack the outer ones")
    }
    let room = limits.nestedInMemory - heldInMemory
    if let size = header.size, size <= room {
      heldInMemory += size
      defer { heldInMemory -= size }
      let entry = ArchiveEntry(path: path, statedSize: size, limits: limits, pull: pull)
      let stream = try ArchiveStream(
        MemoryInput(entry, size: size), path: path, passphrase: passphrase, limits: limits)
      return try archive(stream, prefix: path + "/", depth: depth + 1)
    }
    guard !path.lowercased().hasSuffix(".7z") else {
      throw Fault(
        .badInput, "a 7z archive inside an archive is read only up to \(room) bytes",
        at: .init(path), remedy: "unpack the outer archive")
    }
    let stream = try ArchiveStream(
      StreamInput(pull), path: path, passphrase: passphrase, limits: limits)
    try archive(stream, prefix: path + "/", depth: depth + 1)
  }
}
