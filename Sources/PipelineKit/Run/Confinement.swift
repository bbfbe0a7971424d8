import CProcess
import Platform

/// The places where stages may write: their own attempt, and places that hold no result.
///
/// The kernel holds them to it (Landlock, Linux 5.19 and later); elsewhere a stage that writes into
/// its inputs, its sources or beside its outputs is found out afterwards.
package struct Confinement {
  /// Devices, temporary folders and the user's cache, but none that the project lies in. The other
  /// dot-folders of a home hold keys and settings: a stage that writes there names them.
  private let shared: [String]
  private let root: String

  /// The kernel's version of Landlock; below 2 nothing is confined.
  package static var version: Int { Int(ferry_confinement()) }

  /// - Parameters:
  ///   - root: the project's folder.
  ///   - workspace: the workspace's folder.
  init(root: String, workspace: String) {
    self.root = root
    let inside = [Files.resolve(root), Files.resolve(workspace)]
    var places = ["/dev", "/proc", "/run", "/tmp", "/var/tmp"]
    if let folder = environmentValue("TMPDIR") { places.append(folder) }
    if let home = environmentValue("HOME") {
      places.append(Files.join(home, ".cache"))
    }
    shared = places.filter { place in
      let place = Files.resolve(place)
      return !inside.contains { $0 == place || $0.hasPrefix(place + "/") }
    }
  }

  /// The paths where a job may write; nil if its manifest lets it write anywhere.
  func places(_ own: [String], _ declared: [String]) -> [String]? {
    let declared = declared.map { Files.join(root, $0) }
    return declared.contains("/") ? nil : own + shared + declared
  }

  /// Whether a temporary folder of its own has to stand in for the usual one.
  var needsTemporaryFolder: Bool {
    !shared.contains(environmentValue("TMPDIR") ?? "/tmp")
  }
}
