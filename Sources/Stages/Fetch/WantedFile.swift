import Artifacts
import Downloads
import Networks
import Platform
import StageKit
import Weights

/// A file that a run is to bring.
struct WantedFile {
  var name: String
  var remote: RemoteFile
  var licence: String?

  /// All files that the parameters name.
  /// - Throws: `Fault` for an unknown name, a file behind a form, or a bad description.
  static func all(_ parameters: StageParameters) throws -> [WantedFile] {
    let wanted =
      try parameters.strings("known").flatMap(known)
      + (parameters["files"].array ?? []).map(described)
    guard !wanted.isEmpty else {
      throw Fault(
        .usage, "nothing is asked for",
        remedy: "set known=[NAME] (ferry-fetch list), or files=[{url: ..., sha256: ...}]")
    }
    var names: Set<String> = []
    for file in wanted where !names.insert(file.name).inserted {
      throw Fault(.usage, "two files are called '\(file.name)'", remedy: "give one another name")
    }
    return wanted
  }

  private static func known(_ name: String) throws -> [WantedFile] {
    guard let entry = KnownWeights.catalogue.first(where: { $0.name == name }) else {
      let near = nearestWord(to: name, among: KnownWeights.catalogue.map(\.name))
      throw Fault(
        .usage, "there are no known weights '\(name)'",
        remedy: near.map { "did you mean '\($0)'?" } ?? "ferry-fetch list prints their names")
    }
    if let how = entry.how {
      throw Fault(
        .unavailable, "'\(name)' is not fetched: its digest is not known, or it is behind a form",
        remedy: "obtain it by hand: \(how)")
    }
    return try entry.files.map { file in
      guard let digest = Digest(hex: file.sha256) else {
        throw Fault(.internal, "the catalogue's digest of '\(name)' is not one")
      }
      let remote = RemoteFile(url: file.url, digest: digest, size: file.size)
      return WantedFile(name: remote.name, remote: remote, licence: entry.licence)
    }
  }

  private static func described(_ json: JSONValue) throws -> WantedFile {
    let keys = ["url", "sha256", "size", "name", "licence"]
    for key in (json.object ?? [:]).keys.sorted() where !keys.contains(key) {
      throw Fault(
        .usage, "a file has the unknown key '\(key)'",
        remedy: "it takes \(keys.joined(separator: ", "))")
    }
    guard let url = json["url"]?.string, let hex = json["sha256"]?.string,
      let digest = Digest(hex: hex)
    else {
      throw Fault(
        .usage, "a file needs a url and its sha256 of 64 digits",
        remedy: "sha256sum FILE prints it; nothing is fetched without")
    }
    try AddressPolicy.check(url)
    let size = json["size"]?.integer
    guard json["size"] == nil || (size ?? 0) > 0 else {
      throw Fault(.usage, "the size of '\(url)' is not a number of bytes")
    }
    let remote = RemoteFile(url: url, digest: digest, size: size)
    let name = json["name"]?.string ?? remote.name
    guard isPlain(name) else {
      throw Fault(.usage, "'\(name)' is no name for a file", remedy: "give one: name: weights.pt")
    }
    return WantedFile(name: name, remote: remote, licence: json["licence"]?.string)
  }

  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 200
      && name != Artifact.recordName && name != Artifact.provenanceName
      && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x5C }
  }
}
