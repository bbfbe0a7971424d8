import Artifacts
import Glibc
import Platform

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
          bytes += link.digest.bytes
          bytes.append(text: link.path)
        }
      }
    }

    /// An item of a snapshot that still holds.
    mutating func place(_ item: UnsafeRawBufferPointer) {
      add(6) { bytes in bytes.append(contentsOf: item) }
    }

    private mutating func add(_ tag: Int, _ body: (inout [UInt8]) -> Void) {
      sections[tag - 1].count += 1
      body(&sections[tag - 1].bytes)
    }

    /// Puts the snapshot in place by a rename; it need not survive a power cut.
    func write(jobs: Int, to path: String) throws {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(sections.reduce(256) { $0 + $1.bytes.count })
      bytes.append(little: Snapshot.magic)
      bytes.append(little: UInt64(jobs))
      for (index, section) in sections.enumerated() {
        bytes.append(little: UInt64(index + 1))
        bytes.append(little: section.count)
        bytes += section.bytes
      }
      bytes += Digest(hashing: bytes).bytes
      // A run with nothing to do writes nothing.
      if let map = try? MappedFile(path), map.withBytes({ Self.isEqual($0, bytes) }) { return }
      try Files.makeDirectories(Files.parent(of: path))
      let temporary = "\(path).tmp-\(getpid())"
      try Files.write(bytes, to: temporary)
      FaultPoint.reach(.snapshot)
      try Files.rename(temporary, to: path)
    }

    private static func isEqual(_ map: UnsafeRawBufferPointer, _ bytes: [UInt8]) -> Bool {
      guard map.count == bytes.count, let start = map.baseAddress else { return false }
      return memcmp(start, bytes, bytes.count) == 0
    }
  }
}

extension Snapshot {
  /// A link and the object it leads to.
  struct Link {
    var device: UInt64
    var inode: UInt64
    var digest: Digest
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
