import Artifacts
import CProcess
import Platform

extension Workspace {
  /// Bytes that failed attempts may take together; the oldest go first.
  private static let failedLimit = 1 << 30

  /// Moves a failed attempt's folder to `failed/` and returns its new path.
  func keepFailed(_ folder: String) throws -> String {
    let parent = "\(path)/failed"
    try Files.makeDirectories(parent)
    let kept = "\(parent)/\(Files.name(of: folder))"
    try Self.removeTree(kept)
    try Files.rename(folder, to: kept)
    try trimFailed(parent, keeping: kept)
    return kept
  }

  private func trimFailed(_ parent: String, keeping kept: String) throws {
    var folders: [(path: String, modified: Int64, bytes: Int)] = []
    for name in try Files.list(parent) {
      let folder = "\(parent)/\(name)"
      let bytes = Self.size(folder)
      folders.append((folder, Files.status(folder)?.modified ?? 0, bytes))
    }
    var total = folders.reduce(0) { $0 + $1.bytes }
    for folder in folders.sorted(by: { $0.modified < $1.modified }) where folder.path != kept {
      guard total > Self.failedLimit || folders.count > 200 else { return }
      try Self.removeTree(folder.path)
      total -= folder.bytes
    }
  }

  /// The bytes of all files below a path.
  static func size(_ path: String) -> Int { Int(ferry_tree_bytes(path)) }

  /// Removes whatever a stage may have left: names that are no text, folders of any depth.
  static func removeTree(_ path: String) throws {
    guard ferry_remove_tree(path) == 0 else { throw Files.fault("remove", path) }
  }

  /// Keeps the log of a job's last good attempt at `logs/<instance>.log`, where it has one.
  func keepLog(_ folder: String, of job: Job) throws {
    let log = "\(folder)/log"
    guard let status = Files.status(log), status.size > 0 else { return }
    let parent = "\(path)/logs"
    try Files.makeDirectories(parent)
    try Files.rename(log, to: "\(parent)/\(fileName(job.name)).log")
  }
}
