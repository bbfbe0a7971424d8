import Artifacts
import Glibc
import Platform

/// Links that an earlier run left and that nothing has touched since, from its snapshot.
///
/// A manifest that is parsed anew has mostly the same links as before. Where neither the folder that
/// a link lies in nor the folder of its object has been written to, one look at the folder's stamp
/// tells what reading the link would.
final class KnownLinks {
  private let map: MappedFile
  private let workspace: Int32
  /// The begin and end of a place's item, by the hash of its path.
  private var places: [UInt64: Range<Int>] = [:]
  /// The stamp of each folder of the store where it is still as it was.
  private var shards: [[UInt8]?] = Array(repeating: nil, count: 256)

  /// Reads the snapshot of the run that `identity` names; nil where there is none.
  init?(_ workspace: String, _ identity: Digest) {
    guard let map = try? MappedFile(Snapshot.path(workspace, identity)) else { return nil }
    self.map = map
    self.workspace = open(workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard self.workspace >= 0, map.withBytes({ read($0) }) else { return nil }
  }

  deinit {
    if workspace >= 0 { close(workspace) }
  }

  private func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard var cursor = Snapshot.Cursor(bytes), let jobs = cursor.integer() else { return false }
    places.reserveCapacity(Int(clamping: jobs))
    return cursor.section(1) { Snapshot.File(&$0) != nil }
      && cursor.section(2) { Snapshot.Stage(&$0) != nil }
      && cursor.section(3) { Snapshot.Variable(&$0) != nil }
      && cursor.section(4) { Snapshot.Folder(&$0) != nil }
      && cursor.section(5) { cursor in
        guard let shard = Snapshot.Shard(&cursor) else { return false }
        if Snapshot.matches(shard.stamp, shard.path, below: workspace) {
          shards[shard.number] = Array(shard.stamp)
        }
        return true
      }
      && cursor.section(6) { cursor in
        let start = cursor.position
        guard let place = Snapshot.Place(&cursor) else { return false }
        for _ in 0..<place.count {
          guard Snapshot.Target(&cursor) != nil else { return false }
        }
        places[Self.hash(UnsafeRawBufferPointer(start: place.path, count: strlen(place.path)))] =
          start..<cursor.position
        return true
      }
  }

  /// FNV-1a; a collision costs one place, whose path is compared.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The item of a job's folder, where its links are known to lead to `outputs`.
  func item(of job: Job, _ outputs: Outputs) -> Range<Int>? {
    let folder = job.folder
    guard let range = places[Self.hash(folder.utf8)] else { return nil }
    let isKnown = map.withBytes { bytes in
      var cursor = Snapshot.Cursor(bytes, from: range.lowerBound)
      guard let place = Snapshot.Place(&cursor), place.count == job.outputs.count,
        strcmp(place.path, folder) == 0, Snapshot.matches(place.stamp, place.path, below: workspace)
      else { return false }
      let start = folder.utf8.count + 1
      for output in job.outputs {
        guard let target = Snapshot.Target(&cursor), shards[Int(target.digest[0])] != nil,
          strlen(target.path) > start, strcmp(target.path + start, output.name) == 0,
          let digest = outputs[output.port], digest.bytes.elementsEqual(target.digest)
        else { return false }
      }
      return true
    }
    return isKnown ? range : nil
  }

  /// Gives an item's bytes, where all its objects lie in folders that still have `stamps`.
  func copy(_ item: Range<Int>, _ stamps: [[UInt8]?], _ take: (UnsafeRawBufferPointer) -> Void)
    -> Bool
  {
    map.withBytes { bytes in
      var cursor = Snapshot.Cursor(bytes, from: item.lowerBound)
      guard let place = Snapshot.Place(&cursor) else { return false }
      for _ in 0..<place.count {
        guard let target = Snapshot.Target(&cursor) else { return false }
        let shard = Int(target.digest[0])
        guard let before = shards[shard], before == stamps[shard] else { return false }
      }
      take(UnsafeRawBufferPointer(rebasing: bytes[item]))
      return true
    }
  }
}
