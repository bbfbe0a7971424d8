import Artifacts
import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Everything a finished run depended on, as stamps, so that the next run can see in one pass over
/// one file that nothing has to be done.
///
/// It is a shortcut and never an authority: where anything differs, is missing or cannot be read,
/// the manifest is planned and every job decided in full. It is written only when each wanted job
/// is settled and no stamp is racy.
///
/// Layout, all numbers little-endian 64-bit: the magic, the number of jobs, then sections of a tag,
/// a count and as many items; texts have a length (the final NUL included) and are padded to eight
/// bytes; the SHA-256 of all of it ends the file.
///
/// | tag | item |
/// |---|---|
/// | 1 files | stamp, path: manifests, pinned programs, sources that are one file |
/// | 2 stages | stamp, name, path of the executable found for it |
/// | 3 variables | 1 and the value, or 0: environment variables that enter a key |
/// | 4 folders | digest, path: sources that are folders |
/// | 5 shards | stamp, path and number of a folder of the store that objects lie in |
/// | 6 places | stamp and path of a folder that links lie in; their number; of each the device and inode of the object, its shard's number, the link's path |
///
/// A link is looked at only where its folder or the folder of its object has been written to since:
/// names in a folder cannot change and leave its stamp. A stamp that was racy is all zero, which
/// matches nothing. Paths in 5 and 6 start at the workspace.
enum Snapshot {
  private static let magic: UInt64 = 0x3273_7972_7265_66  // "ferrys2"

  /// What names a run that can be repeated: the manifest, what was asked, and where stages are
  /// looked for.
  static func identity(manifest: String, overrides: [String], targets: [String]) -> Digest {
    var encoder = CanonicalEncoder()
    encoder.append(lexical(absolute(manifest)))
    // Relative paths given on the command line start here.
    encoder.append(overrides.isEmpty && targets.isEmpty ? "" : currentDirectory())
    encoder.append(JSONValue(overrides))
    encoder.append(JSONValue(targets))
    encoder.append(JSONValue(StageCatalogue.searchPath))
    return encoder.digest
  }

  static func path(_ workspace: String, _ identity: Digest) -> String {
    "\(workspace)/snapshots/\(identity.hex.prefix(32))"
  }

  /// The number of jobs of the run that `identity` names, where all of it is as it was left.
  static func jobsUpToDate(_ workspace: String, _ identity: Digest) -> Int? {
    guard let map = try? MappedFile(path(workspace, identity)) else { return nil }
    return map.withBytes { bytes in
      guard bytes.count > 64, isWhole(bytes) else { return nil }
      var cursor = Cursor(bytes: UnsafeRawBufferPointer(rebasing: bytes.dropLast(32)))
      guard cursor.integer() == magic, let jobs = cursor.integer() else { return nil }
      let isCurrent =
        cursor.section(1) { checkFile(&$0) } && cursor.section(2) { checkStage(&$0) }
        && cursor.section(3) { checkVariable(&$0) }
        && checkFolders(&cursor, workspace) && checkPlaces(&cursor, workspace)
      return isCurrent ? Int(jobs) : nil
    }
  }

  private static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var hasher = DigestHasher()
    hasher.update(UnsafeRawBufferPointer(rebasing: bytes.dropLast(32)))
    return hasher.finish().bytes.elementsEqual(bytes.suffix(32))
  }

  private static func checkFile(_ cursor: inout Cursor) -> Bool {
    guard let stamp = cursor.take(40), let path = cursor.text() else { return false }
    return matches(stamp, path)
  }

  private static func checkStage(_ cursor: inout Cursor) -> Bool {
    guard let stamp = cursor.take(40), let name = cursor.text(), let path = cursor.text() else {
      return false
    }
    let found = StageCatalogue.find(String(cString: name), in: StageCatalogue.searchPath)
    return found == String(cString: path) && matches(stamp, path)
  }

  private static func checkVariable(_ cursor: inout Cursor) -> Bool {
    guard let name = cursor.text(), let isSet = cursor.integer(), let value = cursor.text() else {
      return false
    }
    guard let now = getenv(name) else { return isSet == 0 }
    return isSet == 1 && strcmp(now, value) == 0
  }

  private static func checkFolders(_ cursor: inout Cursor, _ workspace: String) -> Bool {
    var trees: Trees?
    return cursor.section(4) { cursor in
      guard let digest = cursor.take(32), let path = cursor.text() else { return false }
      if trees == nil {
        guard let state = try? State.open(workspace) else { return false }
        trees = Trees(state, threads: Parallel.processors)
      }
      return (try? trees?.digest(String(cString: path)))?.bytes.elementsEqual(digest) ?? false
    }
  }

  private static func checkPlaces(_ cursor: inout Cursor, _ workspace: String) -> Bool {
    let folder = open(workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return false }
    defer { close(folder) }
    var isShardSame = [Bool](repeating: false, count: 256)
    let areShards = cursor.section(5) { cursor in
      guard let stamp = cursor.take(40), let number = cursor.integer(), number < 256,
        let path = cursor.text()
      else { return false }
      isShardSame[Int(number)] = matches(stamp, path, below: folder)
      return true
    }
    return areShards
      && cursor.section(6) { cursor in
        guard let stamp = cursor.take(40), let path = cursor.text(), let links = cursor.integer()
        else { return false }
        let isSame = matches(stamp, path, below: folder)
        for _ in 0..<links {
          guard let device = cursor.integer(), let inode = cursor.integer(),
            let shard = cursor.integer(), shard < 256, let link = cursor.text()
          else { return false }
          if isSame, isShardSame[Int(shard)] { continue }
          var info = stat()
          guard fstatat(folder, link, &info, 0) == 0, UInt64(info.st_dev) == device,
            UInt64(info.st_ino) == inode
          else { return false }
        }
        return true
      }
  }

  private static func matches(
    _ stamp: UnsafeRawBufferPointer, _ path: UnsafePointer<CChar>, below folder: Int32 = AT_FDCWD
  ) -> Bool {
    var info = stat()
    guard fstatat(folder, path, &info, 0) == 0 else { return false }
    let values = (
      UInt64(info.st_dev), UInt64(info.st_ino), UInt64(bitPattern: Int64(info.st_size)),
      nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)
    )
    return withUnsafeBytes(of: values) { memcmp($0.baseAddress!, stamp.baseAddress!, 40) == 0 }
  }

  private static func nanoseconds(_ time: timespec) -> UInt64 {
    UInt64(bitPattern: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// Reads forward through a snapshot; nil at its end.
  private struct Cursor {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
      guard count >= 0, bytes.count - position >= count else { return nil }
      defer { position += count }
      return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func integer() -> UInt64? {
      take(8).map { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    /// A text, whose final NUL is part of the file.
    mutating func text() -> UnsafePointer<CChar>? {
      guard let count = integer(), count > 0, count < 1 << 20,
        let taken = take((Int(count) + 7) & ~7), taken[Int(count) - 1] == 0
      else { return nil }
      return taken.baseAddress?.assumingMemoryBound(to: CChar.self)
    }

    /// Whether the next section has this tag and every item passes.
    mutating func section(_ tag: UInt64, _ check: (inout Cursor) -> Bool) -> Bool {
      guard integer() == tag, let count = integer() else { return false }
      for _ in 0..<count {
        guard check(&self) else { return false }
      }
      return true
    }
  }
}

extension Snapshot {
  /// Collects a snapshot.
  struct Writer {
    private var sections: [(count: UInt64, bytes: [UInt8])] = Array(
      repeating: (0, []), count: 6)

    mutating func file(_ stamp: FileStamp, _ path: String) {
      add(1) { bytes in
        stamp.append(to: &bytes)
        bytes.append(text: path)
      }
    }

    mutating func stage(_ stamp: FileStamp, _ name: String, _ path: String) {
      add(2) { bytes in
        stamp.append(to: &bytes)
        bytes.append(text: name)
        bytes.append(text: path)
      }
    }

    mutating func variable(_ name: String, _ value: String?) {
      add(3) { bytes in
        bytes.append(text: name)
        bytes.append(little: value == nil ? 0 : 1)
        bytes.append(text: value ?? "")
      }
    }

    mutating func folder(_ digest: Digest, _ path: String) {
      add(4) { bytes in
        bytes += digest.bytes
        bytes.append(text: path)
      }
    }

    /// A folder of the store; `stamp` is nil where it was racy.
    mutating func shard(_ stamp: FileStamp?, _ number: UInt8, _ path: String) {
      add(5) { bytes in
        bytes.append(stamp: stamp)
        bytes.append(little: UInt64(number))
        bytes.append(text: path)
      }
    }

    /// A folder and the links in it; `stamp` is nil where it was racy.
    mutating func place(_ stamp: FileStamp?, _ path: String, _ links: [Link]) {
      add(6) { bytes in
        bytes.append(stamp: stamp)
        bytes.append(text: path)
        bytes.append(little: UInt64(links.count))
        for link in links {
          bytes.append(little: link.device)
          bytes.append(little: link.inode)
          bytes.append(little: UInt64(link.shard))
          bytes.append(text: link.path)
        }
      }
    }

    private mutating func add(_ tag: Int, _ body: (inout [UInt8]) -> Void) {
      sections[tag - 1].count += 1
      body(&sections[tag - 1].bytes)
    }

    /// Puts the snapshot in place by a rename; it need not survive a power cut.
    func write(jobs: Int, to path: String) throws {
      var bytes: [UInt8] = []
      bytes.append(little: magic)
      bytes.append(little: UInt64(jobs))
      for (index, section) in sections.enumerated() {
        bytes.append(little: UInt64(index + 1))
        bytes.append(little: section.count)
        bytes += section.bytes
      }
      bytes += Digest(hashing: bytes).bytes
      // A run with nothing to do writes nothing.
      if let map = try? MappedFile(path), map.withBytes({ $0.elementsEqual(bytes) }) { return }
      try Files.makeDirectories(Files.parent(of: path))
      let temporary = "\(path).tmp-\(getpid())"
      try Files.write(bytes, to: temporary)
      FaultPoint.reach(.snapshot)
      try Files.rename(temporary, to: path)
    }
  }
}

extension Snapshot {
  /// A link and the object it leads to.
  struct Link {
    var device: UInt64
    var inode: UInt64
    /// The first byte of the object's digest, which names its folder.
    var shard: UInt8
    var path: String
  }
}

extension [UInt8] {
  fileprivate mutating func append(stamp: FileStamp?) {
    if let stamp { stamp.append(to: &self) } else { self += repeatElement(0, count: 40) }
  }

  /// A text with its length and NUL, padded to eight bytes.
  fileprivate mutating func append(text: String) {
    let count = text.utf8.count + 1
    append(little: UInt64(count))
    self += text.utf8
    self += repeatElement(0, count: ((count + 7) & ~7) - count + 1)
  }
}
