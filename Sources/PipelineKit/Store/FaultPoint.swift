import Glibc

/// A named instant of publication at which tests kill the process, by `FERRY_FAULT=name`.
package enum FaultPoint: String, CaseIterable, Sendable {
  /// A stage has ended; nothing of it is in the store.
  case beforeObjects = "before-objects"
  /// An output is read-only and named, and not yet renamed into the store.
  case object
  /// All outputs are in the store.
  case afterObjects = "after-objects"
  /// Outputs are on disk; no record names them.
  case beforeCommit = "before-commit"
  /// Inside the transaction that makes a batch of results count.
  case insideCommit = "inside-commit"
  /// The results count; no link points at them.
  case afterCommit = "after-commit"
  /// A link is made beside its place, and not yet renamed.
  case link
  /// Some of a stage's links are swapped.
  case betweenLinks = "between-links"
  /// An object is in a shared cache, and no record there names it.
  case sharedObject = "shared-object"
  /// A record is in a shared cache.
  case sharedRecord = "shared-record"
  /// All is published; the attempt's folder is still there.
  case beforeTidy = "before-tidy"
  /// The snapshot of a run is written beside its place.
  case snapshot
  /// What is collected is forgotten, and its bytes are still there.
  case insideCollection = "inside-collection"

  private static let wanted = environmentValue("FERRY_FAULT")

  /// Ends the process as `kill -9` does, where the environment asks for this point.
  static func reach(_ point: FaultPoint) {
    guard let wanted, wanted == point.rawValue else { return }
    kill(getpid(), SIGKILL)
  }
}
