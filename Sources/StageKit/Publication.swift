import Artifacts
import Glibc
import Platform

/// The output directories of one run: private while the stage works, published whole by rename.
package final class Publication: Sendable {
  private struct Place: Sendable {
    var target: String
    var attempt: String
  }
  private let places: [String: Place]
  private let replace: Bool

  /// Makes one private directory beside each target.
  /// - Throws: `Fault` where a target exists and `replace` is false.
  package init(outputs: [String: String], replace: Bool) throws {
    self.replace = replace
    var places: [String: Place] = [:]
    for (port, path) in outputs {
      let target = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
      if !replace, Files.status(target, followLinks: false) != nil {
        throw Fault(
          .usage, "the output '\(target)' exists",
          remedy: "add --replace, or give another directory")
      }
      let parent = Files.parent(of: target)
      try Files.makeDirectories(parent)
      try Self.removeLeftovers(of: target, in: parent)
      let attempt = Files.join(parent, ".\(Files.name(of: target)).partial-\(getpid())")
      try Files.removeTree(attempt)
      try Files.makeDirectories(attempt)
      places[port] = Place(target: target, attempt: attempt)
    }
    self.places = places
  }

  /// Removes what runs that were killed have left for this target.
  private static func removeLeftovers(of target: String, in parent: String) throws {
    let prefix = ".\(Files.name(of: target)).partial-"
    for name in try Files.list(parent) where name.hasPrefix(prefix) {
      guard let process = pid_t(name.dropFirst(prefix.count)) else { continue }
      if kill(process, 0) != 0, errno == ESRCH { try Files.removeTree(Files.join(parent, name)) }
    }
  }

  package func attempt(_ port: String) -> String { places[port]?.attempt ?? "" }

  /// Forces everything to disk, then renames each directory into place.
  package func publish() throws {
    for place in places.values { try Self.flush(place.attempt) }
    for place in places.values.sorted(by: { $0.target < $1.target }) {
      try move(place)
      try Files.syncDirectory(Files.parent(of: place.target))
    }
  }

  private func move(_ place: Place) throws {
    guard replace, Files.status(place.target, followLinks: false) != nil else {
      return try Files.rename(place.attempt, to: place.target)
    }
    let old = place.attempt + "-old"
    try Files.rename(place.target, to: old)
    try Files.rename(place.attempt, to: place.target)
    try Files.removeTree(old)
  }

  private static func flush(_ directory: String) throws {
    for name in try Files.list(directory) {
      let path = Files.join(directory, name)
      if Files.status(path, followLinks: false)?.kind == .directory { try flush(path) }
    }
    for name in [Artifact.recordName, Artifact.provenanceName] {
      let path = Files.join(directory, name)
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      guard fsync(descriptor) == 0 else { throw Files.fault("flush", path) }
    }
    try Files.syncDirectory(directory)
  }

  /// Removes the private directories of a run that failed.
  package func discard() {
    for place in places.values { try? Files.removeTree(place.attempt) }
  }
}
