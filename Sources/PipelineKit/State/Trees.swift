import Artifacts
import Glibc
import Platform

/// The digests of files and folders, remembered by stamp so that unchanged files are not read.
///
/// One record holds one directory's files, so that an edit rewrites little and a look at a million
/// files is a walk and a merge. The digest of a folder is that of its listing (see `Listing`).
package final class Trees {
  fileprivate struct Entry {
    var stamp: FileStamp
    var isRacy: Bool
    var digest: Digest
  }

  /// What is remembered of one directory's files, in the order of their names: of each the length
  /// and bytes of the name, the stamp, whether that is racy, the digest.
  private struct Records {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Goes on to the record of `name`; false where there is none.
    private mutating func seek(_ name: UnsafeRawBufferPointer) -> Bool {
      bytes.withUnsafeBytes { bytes in
        while bytes.count - position >= 88 {
          let count = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
          guard count <= UInt64(bytes.count - position - 88) else { return false }
          let found = UnsafeRawBufferPointer(rebasing: bytes[(position + 8)...].prefix(Int(count)))
          let order = Self.order(found, name)
          if order == 0 { return true }
          if order > 0 { return false }
          position += 88 + Int(count)
        }
        return false
      }
    }

    private static func order(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
      guard let first = a.baseAddress, let second = b.baseAddress else { return a.count - b.count }
      let order = Int(memcmp(first, second, min(a.count, b.count)))
      return order == 0 ? a.count - b.count : order
    }

    /// What is remembered of `name`, which comes after all names that were asked for before.
    mutating func entry(_ name: UnsafeRawBufferPointer) -> Entry? {
      guard seek(name) else { return nil }
      var reader = ByteReader(bytes, from: position + 8 + name.count)
      guard let stamp = FileStamp(&reader), let racy = reader.integer(),
        let digest = reader.take(32)
      else { return nil }
      return Entry(stamp: stamp, isRacy: racy != 0, digest: Digest(bytes: Array(digest)))
    }

    /// Gives the digest of `name`, where it is remembered under this stamp; false where it is not.
    mutating func find(
      _ name: UnsafeRawBufferPointer, _ stamp: FileStamp,
      _ take: (Slice<UnsafeRawBufferPointer>) -> Void
    ) -> Bool {
      guard seek(name) else { return false }
      let start = position + 8 + name.count
      return bytes.withUnsafeBytes { bytes in
        guard stamp.matches(bytes, at: start),
          bytes.loadUnaligned(fromByteOffset: start + 40, as: UInt64.self) == 0
        else { return false }
        take(bytes[(start + 48)..<(start + 80)])
        return true
      }
    }
  }

  private let state: State
  private let threads: Int
  /// Files that were read, by this object.
  package private(set) var filesRead = 0
  package private(set) var bytesRead = 0

  package init(_ state: State, threads: Int) {
    self.state = state
    self.threads = threads
  }

  /// The digest of a file's or folder's content, and the stamps under which it was computed.
  struct Content: Equatable {
    var digest: Digest
    /// The digest of the stamps of every file and folder, and of the link that leads there.
    ///
    /// Two equal contents hold the same bytes; where the stamps are equal too, nothing was written,
    /// moved or swapped in between, not even to be put back afterwards.
    var stamps: Digest
  }

  /// The digest of a file's bytes or of a folder's listing, reading only files whose stamp is new
  /// or racy. Links are followed: what they lead to is part of the content.
  package func digest(_ path: String) throws -> Digest { try content(path).digest }

  /// The digest of a file or folder together with that of its stamps.
  func content(_ path: String) throws -> Content {
    guard let link = Files.status(path, followLinks: false), let status = Files.status(path) else {
      throw Fault(.missingInput, "there is nothing at '\(path)'")
    }
    var stamps = DigestHasher()
    stamps.update(FileStamp(link).bytes)
    guard status.kind == .file else {
      var hasher = FolderHasher()
      try walk(path, try DirectoryEntries(path), prefix: [], above: [], &hasher, &stamps)
      return Content(digest: hasher.finish(), stamps: stamps.finish())
    }
    stamps.update(FileStamp(status).bytes)
    return Content(digest: try digest(ofFile: path, status), stamps: stamps.finish())
  }

  private func digest(ofFile path: String, _ status: Files.Status) throws -> Digest {
    if let entry = try remembered(file: path), !entry.isRacy, entry.stamp == FileStamp(status) {
      return entry.digest
    }
    let entry = try read([path])[0]
    guard entry.stamp == FileStamp(status) else { throw Self.changed(path) }
    var blob: [UInt8] = []
    append(Array(Files.name(of: path).utf8)[...], entry, to: &blob)
    try remember(path, blob)
    return entry.digest
  }

  /// The stamp under which a file's digest is remembered, where it is sure to change with the file.
  func cleanStamp(ofFile path: String) throws -> FileStamp? {
    guard let status = Files.status(path), let entry = try remembered(file: path), !entry.isRacy,
      entry.stamp == FileStamp(status)
    else { return nil }
    return entry.stamp
  }

  private func remembered(file path: String) throws -> Entry? {
    var records = Records(try remembered(path))
    return Array(Files.name(of: path).utf8).withUnsafeBytes { records.entry($0) }
  }

  /// Adds the files below a directory in the order of their paths.
  private func walk(
    _ directory: String, _ entries: DirectoryEntries, prefix: [UInt8], above: [[UInt64]],
    _ hasher: inout FolderHasher, _ stamps: inout DigestHasher
  ) throws {
    guard !above.contains(entries.identity) else {
      throw Fault(.badInput, "'\(directory)' is a link to a folder around it")
    }
    let digests = try digests(entries, of: directory)
    var seen = entries.stamp.bytes
    for item in entries.items where !item.isDirectory { item.stamp.append(to: &seen) }
    stamps.update(seen)
    var folders = Folders(entries, of: directory, threads: threads)
    for (index, item) in entries.items.enumerated() {
      guard item.isDirectory else {
        digests.withUnsafeBytes { digests in
          let digest = UnsafeRawBufferPointer(rebasing: digests[(32 * index)..<(32 * index + 32)])
          entries.withName(item) {
            hasher.add(prefix, $0, size: item.stamp.size, digest: digest)
          }
        }
        continue
      }
      let (path, inside) = try folders.next()
      try walk(
        path, inside, prefix: prefix + entries.name(item) + [UInt8(ascii: "/")],
        above: above + [entries.identity], &hasher, &stamps)
    }
  }

  /// The folders in a directory, read a few ahead by several threads.
  private struct Folders {
    private let directory: String
    private let threads: Int
    private let names: DirectoryEntries
    private var waiting: ArraySlice<DirectoryEntries.Item>
    private var ahead: [(path: String, entries: DirectoryEntries)] = []

    /// What is read ahead at once, so that memory stays bounded.
    private static let batch = 32

    init(_ names: DirectoryEntries, of directory: String, threads: Int) {
      self.directory = directory
      self.threads = threads
      self.names = names
      waiting = names.items.filter(\.isDirectory)[...]
    }

    mutating func next() throws -> (path: String, entries: DirectoryEntries) {
      if ahead.isEmpty {
        let paths = try waiting.prefix(Self.batch).map {
          Files.join(directory, try names.text($0, in: directory))
        }
        waiting = waiting.dropFirst(Self.batch)
        let read = try Parallel.map(paths.count, threads: min(threads, paths.count)) {
          try DirectoryEntries(paths[$0])
        }
        ahead = Array(zip(paths, read)).reversed()
      }
      return ahead.removeLast()
    }
  }

  /// The digests of a directory's files, 32 bytes an item; those of folders are zero.
  private func digests(_ entries: DirectoryEntries, of directory: String) throws -> [UInt8] {
    var digests = [UInt8](repeating: 0, count: 32 * entries.items.count)
    guard entries.items.contains(where: { !$0.isDirectory }) else { return digests }
    var records = Records(try remembered(directory))
    var stale: [Int] = []
    for (index, item) in entries.items.enumerated() where !item.isDirectory {
      let isKnown = entries.withName(item) { name in
        records.find(name, item.stamp) { digest in
          digests.replaceSubrange((32 * index)..<(32 * index + 32), with: digest)
        }
      }
      if !isKnown { stale.append(index) }
    }
    guard !stale.isEmpty else { return digests }
    let fresh = try read(
      stale.map { index in
        Files.join(directory, try entries.text(entries.items[index], in: directory))
      })
    var read: [Int: Entry] = [:]
    for (index, entry) in zip(stale, fresh) {
      guard entry.stamp == entries.items[index].stamp else {
        throw Self.changed(
          Files.join(directory, try entries.text(entries.items[index], in: directory)))
      }
      digests.replaceSubrange((32 * index)..<(32 * index + 32), with: entry.digest.bytes)
      read[index] = entry
    }
    var blob: [UInt8] = []
    for (index, item) in entries.items.enumerated() where !item.isDirectory {
      let known = Entry(
        stamp: item.stamp, isRacy: false,
        digest: Digest(bytes: Array(digests[(32 * index)..<(32 * index + 32)])))
      append(entries.name(item), read[index] ?? known, to: &blob)
    }
    try remember(directory, blob)
    return digests
  }

  private static func changed(_ path: String) -> Fault {
    Fault(
      .temporary, "'\(path)' changed while it was read", remedy: "run again when it is complete")
  }

  /// Hashes files; one that changes meanwhile is a fault.
  private func read(_ paths: [String]) throws -> [Entry] {
    let entries = try Parallel.map(paths.count, threads: threads) { index in
      let path = paths[index]
      guard let before = Files.status(path) else { throw Files.fault("read", path) }
      let start = Clock.nanoseconds
      let digest = try Digest(ofFile: path)
      guard let after = Files.status(path), FileStamp(after) == FileStamp(before) else {
        throw Self.changed(path)
      }
      let stamp = FileStamp(before)
      return Entry(stamp: stamp, isRacy: stamp.isRacy(readAt: start), digest: digest)
    }
    filesRead += entries.count
    bytesRead += entries.reduce(0) { $0 + $1.stamp.size }
    return entries
  }

  /// The records of a directory's files, or of one file.
  private func remembered(_ path: String) throws -> [UInt8] {
    try state.database.first(
      "SELECT entries FROM trees WHERE path = ?", .text(absolute(path))
    ) { $0.blob(0) } ?? []
  }

  private func append(_ name: ArraySlice<UInt8>, _ entry: Entry, to blob: inout [UInt8]) {
    blob.append(little: UInt64(name.count))
    blob += name
    entry.stamp.append(to: &blob)
    blob.append(little: entry.isRacy ? 1 : 0)
    blob += entry.digest.bytes
  }

  private func remember(_ path: String, _ blob: [UInt8]) throws {
    guard !state.isReadOnly else { return }
    try state.database.run(
      "INSERT OR REPLACE INTO trees(path, entries) VALUES(?, ?)", .text(absolute(path)),
      .blob(blob))
  }
}
