import Artifacts
import Platform

/// The digests of files and folders, remembered by stamp so that unchanged files are not read.
///
/// One record holds one directory's files, so that an edit rewrites little and a look at a million
/// files is a walk and a merge. The digest of a folder is that of its listing (see `Listing`).
package final class Trees {
  private struct Entry {
    var stamp: FileStamp
    var isRacy: Bool
    var digest: Digest
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

  /// The digest of a file's bytes or of a folder's listing, reading only files whose stamp is new
  /// or racy.
  package func digest(_ path: String) throws -> Digest {
    guard let status = Files.status(path) else {
      throw Fault(.missingInput, "there is nothing at '\(path)'")
    }
    guard status.kind == .file else { return try listing(path).digest }
    let found = try scan("", of: path, [(Files.name(of: path), path, status)])
    return found[0].digest
  }

  /// The stamp under which a file's digest is remembered, where it is sure to change with the file.
  func cleanStamp(ofFile path: String) throws -> FileStamp? {
    guard let status = Files.status(path), let entry = try remembered(path)[Files.name(of: path)],
      !entry.isRacy, entry.stamp == FileStamp(status)
    else { return nil }
    return entry.stamp
  }

  /// The listing of a folder. Links are followed: what they lead to is part of the content.
  func listing(_ path: String) throws -> Listing {
    var listing = Listing()
    try walk(path, prefix: "", into: &listing, above: [])
    listing.sort()
    return listing
  }

  private func walk(
    _ directory: String, prefix: String, into listing: inout Listing,
    above: Set<[UInt64]>
  ) throws {
    guard let status = Files.status(directory) else { throw Files.fault("read", directory) }
    var path = above
    guard path.insert([status.device, status.inode]).inserted else {
      throw Fault(.badInput, "'\(directory)' is a link to a folder around it")
    }
    let inside = path
    var files: [(name: String, path: String, status: Files.Status)] = []
    for name in try Files.list(directory) {
      let path = Files.join(directory, name)
      guard let status = Files.status(path) else { continue }
      switch status.kind {
      case .file: files.append((prefix + name, path, status))
      case .directory: try walk(path, prefix: "\(prefix)\(name)/", into: &listing, above: inside)
      default: continue
      }
    }
    listing.files += try scan(prefix, of: directory, files)
  }

  /// The listing's lines for one directory's files.
  private func scan(
    _ prefix: String, of directory: String,
    _ files: [(name: String, path: String, status: Files.Status)]
  ) throws -> [Listing.File] {
    guard !files.isEmpty else { return [] }
    let known = try remembered(directory)
    var result: [Listing.File?] = Array(repeating: nil, count: files.count)
    var stale: [Int] = []
    for (index, file) in files.enumerated() {
      if let entry = known[file.name.dropPrefix(prefix)], !entry.isRacy,
        entry.stamp == FileStamp(file.status)
      {
        result[index] = .init(path: file.name, size: file.status.size, digest: entry.digest)
      } else {
        stale.append(index)
      }
    }
    if !stale.isEmpty {
      let fresh = try read(stale.map { files[$0].path })
      var entries = known
      let names = Set(files.map { $0.name.dropPrefix(prefix) })
      for name in entries.keys where !names.contains(name) { entries[name] = nil }
      for (index, entry) in zip(stale, fresh) {
        result[index] = .init(
          path: files[index].name, size: entry.stamp.size, digest: entry.digest)
        entries[files[index].name.dropPrefix(prefix)] = entry
      }
      try remember(directory, entries)
    }
    return result.compactMap { $0 }
  }

  /// Hashes files; one that changes meanwhile is a fault.
  private func read(_ paths: [String]) throws -> [Entry] {
    let entries = try Parallel.map(paths.count, threads: threads) { index in
      let path = paths[index]
      guard let before = Files.status(path) else { throw Files.fault("read", path) }
      let start = Clock.nanoseconds
      let digest = try Digest(ofFile: path)
      guard let after = Files.status(path), FileStamp(after) == FileStamp(before) else {
        throw Fault(
          .temporary, "'\(path)' changed while it was read", remedy: "run again when it is complete"
        )
      }
      let stamp = FileStamp(before)
      return Entry(stamp: stamp, isRacy: stamp.isRacy(readAt: start), digest: digest)
    }
    filesRead += entries.count
    bytesRead += entries.reduce(0) { $0 + $1.stamp.size }
    return entries
  }

  private func remembered(_ directory: String) throws -> [String: Entry] {
    let blob = try state.database.first(
      "SELECT entries FROM trees WHERE path = ?", .text(absolute(directory))
    ) { $0.blob(0) }
    guard let blob else { return [:] }
    var entries: [String: Entry] = [:]
    var reader = ByteReader(blob)
    while !reader.isAtEnd {
      guard let name = reader.block(), let stamp = FileStamp(&reader), let racy = reader.integer(),
        let digest = reader.take(32)
      else { return [:] }
      entries[String(decoding: name, as: UTF8.self)] = Entry(
        stamp: stamp, isRacy: racy != 0, digest: Digest(bytes: Array(digest)))
    }
    return entries
  }

  private func remember(_ directory: String, _ entries: [String: Entry]) throws {
    guard !state.isReadOnly else { return }
    var blob: [UInt8] = []
    for name in entries.keys.sorted() {
      guard let entry = entries[name] else { continue }
      blob.append(little: UInt64(name.utf8.count))
      blob += name.utf8
      entry.stamp.append(to: &blob)
      blob.append(little: entry.isRacy ? 1 : 0)
      blob += entry.digest.bytes
    }
    try state.database.run(
      "INSERT OR REPLACE INTO trees(path, entries) VALUES(?, ?)", .text(absolute(directory)),
      .blob(blob))
  }
}

extension String {
  fileprivate func dropPrefix(_ prefix: String) -> String {
    prefix.isEmpty ? self : String(dropFirst(prefix.count))
  }
}
