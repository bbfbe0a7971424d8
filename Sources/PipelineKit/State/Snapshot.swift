import Artifacts
import Glibc
import Platform

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
/// | 6 places | stamp and path of a folder that links lie in; their number; of each the device and inode of the object, its digest, the link's path |
///
/// A link is looked at only where its folder or the folder of its object has been written to since:
/// names in a folder cannot change and leave its stamp. An object lies in the shard that the first
/// byte of its digest numbers. A stamp that was racy is all zero, which
/// matches nothing. Paths in 5 and 6 start at the workspace.
enum Snapshot {
  static let magic: UInt64 = 0x3373_7972_7265_66  // "ferrys3"

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
      guard var cursor = Cursor(bytes), let jobs = cursor.integer() else { return nil }
      let isCurrent =
        cursor.section(1) { checkFile(&$0) } && cursor.section(2) { checkStage(&$0) }
        && cursor.section(3) { checkVariable(&$0) }
        && checkFolders(&cursor, workspace) && checkPlaces(&cursor, workspace)
      return isCurrent ? Int(jobs) : nil
    }
  }

  fileprivate static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var hasher = DigestHasher()
    hasher.update(UnsafeRawBufferPointer(rebasing: bytes.dropLast(32)))
    return hasher.finish().bytes.elementsEqual(bytes.suffix(32))
  }

  private static func checkFile(_ cursor: inout Cursor) -> Bool {
    guard let file = File(&cursor) else { return false }
    return matches(file.stamp, file.path)
  }

  private static func checkStage(_ cursor: inout Cursor) -> Bool {
    guard let stage = Stage(&cursor) else { return false }
    let found = StageCatalogue.find(String(cString: stage.name), in: StageCatalogue.searchPath)
    return found == String(cString: stage.path) && matches(stage.stamp, stage.path)
  }

  private static func checkVariable(_ cursor: inout Cursor) -> Bool {
    guard let variable = Variable(&cursor) else { return false }
    guard let now = getenv(variable.name) else { return !variable.isSet }
    return variable.isSet && strcmp(now, variable.value) == 0
  }

  private static func checkFolders(_ cursor: inout Cursor, _ workspace: String) -> Bool {
    var trees: Trees?
    return cursor.section(4) { cursor in
      guard let folder = Folder(&cursor) else { return false }
      if trees == nil {
        guard let state = try? State.open(workspace) else { return false }
        trees = Trees(state, threads: Parallel.processors)
      }
      let found = try? trees?.digest(String(cString: folder.path))
      return found?.bytes.elementsEqual(folder.digest) ?? false
    }
  }

  private static func checkPlaces(_ cursor: inout Cursor, _ workspace: String) -> Bool {
    let folder = open(workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return false }
    defer { close(folder) }
    var isShardSame = [Bool](repeating: false, count: 256)
    let areShards = cursor.section(5) { cursor in
      guard let shard = Shard(&cursor) else { return false }
      isShardSame[shard.number] = matches(shard.stamp, shard.path, below: folder)
      return true
    }
    return areShards
      && cursor.section(6) { cursor in
        guard let place = Place(&cursor) else { return false }
        let isSame = matches(place.stamp, place.path, below: folder)
        for _ in 0..<place.count {
          guard let target = Target(&cursor) else { return false }
          if isSame, isShardSame[Int(target.digest[0])] { continue }
          var info = stat()
          guard fstatat(folder, target.path, &info, 0) == 0, UInt64(info.st_dev) == target.device,
            UInt64(info.st_ino) == target.inode
          else { return false }
        }
        return true
      }
  }

  static func matches(
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
  struct Cursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    /// Starts behind the magic of a whole snapshot.
    init?(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count > 64, isWhole(bytes) else { return nil }
      self.bytes = UnsafeRawBufferPointer(rebasing: bytes.dropLast(32))
      guard integer() == magic else { return nil }
    }

    /// Goes on in a snapshot that was found to be whole.
    init(_ bytes: UnsafeRawBufferPointer, from position: Int) {
      self.bytes = UnsafeRawBufferPointer(rebasing: bytes.dropLast(32))
      self.position = position
    }

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
  /// An item of section 1.
  struct File {
    let stamp: UnsafeRawBufferPointer
    let path: UnsafePointer<CChar>

    init?(_ cursor: inout Cursor) {
      guard let stamp = cursor.take(40), let path = cursor.text() else { return nil }
      (self.stamp, self.path) = (stamp, path)
    }
  }

  /// An item of section 2.
  struct Stage {
    let stamp: UnsafeRawBufferPointer
    let name: UnsafePointer<CChar>
    let path: UnsafePointer<CChar>

    init?(_ cursor: inout Cursor) {
      guard let stamp = cursor.take(40), let name = cursor.text(), let path = cursor.text() else {
        return nil
      }
      (self.stamp, self.name, self.path) = (stamp, name, path)
    }
  }

  /// An item of section 3.
  struct Variable {
    let name: UnsafePointer<CChar>
    let isSet: Bool
    let value: UnsafePointer<CChar>

    init?(_ cursor: inout Cursor) {
      guard let name = cursor.text(), let isSet = cursor.integer(), let value = cursor.text() else {
        return nil
      }
      (self.name, self.isSet, self.value) = (name, isSet == 1, value)
    }
  }

  /// An item of section 4.
  struct Folder {
    let digest: UnsafeRawBufferPointer
    let path: UnsafePointer<CChar>

    init?(_ cursor: inout Cursor) {
      guard let digest = cursor.take(32), let path = cursor.text() else { return nil }
      (self.digest, self.path) = (digest, path)
    }
  }

  /// An item of section 5.
  struct Shard {
    let stamp: UnsafeRawBufferPointer
    let number: Int
    let path: UnsafePointer<CChar>

    init?(_ cursor: inout Cursor) {
      guard let stamp = cursor.take(40), let number = cursor.integer(), number < 256,
        let path = cursor.text()
      else { return nil }
      (self.stamp, self.number, self.path) = (stamp, Int(number), path)
    }
  }

  /// The head of an item of section 6; `count` targets follow.
  struct Place {
    let stamp: UnsafeRawBufferPointer
    let path: UnsafePointer<CChar>
    let count: Int

    init?(_ cursor: inout Cursor) {
      guard let stamp = cursor.take(40), let path = cursor.text(), let count = cursor.integer(),
        count < 1 << 20
      else { return nil }
      (self.stamp, self.path, self.count) = (stamp, path, Int(count))
    }
  }

  /// A link of a place, and its object.
  struct Target {
    let device: UInt64
    let inode: UInt64
    let digest: UnsafeRawBufferPointer
    let path: UnsafePointer<CChar>

    init?(_ cursor: inout Cursor) {
      guard let device = cursor.integer(), let inode = cursor.integer(),
        let digest = cursor.take(32), let path = cursor.text()
      else { return nil }
      (self.device, self.inode, self.digest, self.path) = (device, inode, digest, path)
    }
  }
}
