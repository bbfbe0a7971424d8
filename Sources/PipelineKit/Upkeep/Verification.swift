import Artifacts
import Platform

/// The result of checking every byte of a store.
public struct Verification: Sendable {
  /// An object whose bytes are not what its name says.
  public struct Damage: Sendable {
    public var digest: Digest
    /// The file at fault, and what is wrong with it.
    public var text: String
    /// The instances that made it.
    public var makers: [String]
    /// The path it was moved to; nil if the workspace is read-only.
    public var quarantine: String?
  }

  public var objects = 0
  public var bytes = 0
  public var seconds = 0.0
  public var damages: [Damage] = []

  public var json: JSONValue {
    [
      "objects": .integer(objects), "bytes": .integer(bytes), "seconds": .number(seconds),
      "damaged": .array(
        damages.map {
          [
            "digest": .string($0.digest.hex), "text": .string($0.text),
            "makers": JSONValue($0.makers),
            "quarantine": $0.quarantine.map { .string($0) } ?? .null,
          ]
        }),
    ]
  }
}

extension Workspace {
  /// Hashes every object again and moves the damaged ones out of the store, so that what they were
  /// the result of is made again.
  public func verify(threads: Int) throws -> Verification {
    if !state.isReadOnly {
      guard try lockStore(alone: false) else {
        throw Fault(.temporary, "a gc is using '\(path)'", remedy: "verify when it has ended")
      }
    }
    defer { unlockStore() }
    let start = Clock.steady
    var result = Verification()
    for digest in try store.digests() {
      result.objects += 1
      let (bytes, fault) = store.examine(digest, threads: threads)
      result.bytes += bytes
      guard let fault else { continue }
      let place = state.isReadOnly ? nil : try quarantine(digest)
      result.damages.append(
        .init(digest: digest, text: fault, makers: try state.makers(of: digest), quarantine: place))
    }
    result.seconds = Clock.steady - start
    return result
  }

  /// Moves a damaged object out of the store and returns where it lies now.
  func quarantine(_ digest: Digest) throws -> String {
    let folder = "\(path)/damaged"
    try Files.makeDirectories(folder)
    let place = "\(folder)/\(digest.hex)"
    try Files.removeTree(place)
    try Files.rename(store.path(digest), to: place)
    return place
  }
}

extension Store {
  /// The digests of all objects, sorted.
  func digests() throws -> [Digest] {
    let folder = "\(root)/objects"
    guard Files.isDirectory(folder) else { return [] }
    return try Files.list(folder).flatMap { start in
      try Files.list("\(folder)/\(start)").compactMap { Digest(hex: start + $0) }
    }
  }

  /// Reads an object whole: its size, and what is wrong with it (nil where nothing is).
  func examine(_ digest: Digest, threads: Int) -> (bytes: Int, fault: String?) {
    let path = path(digest)
    do {
      guard Files.status(path, followLinks: false)?.kind == .directory else {
        let size = Files.status(path)?.size ?? 0
        return (size, try Digest(ofFile: path) == digest ? nil : "its bytes have changed")
      }
      let record = Files.join(path, Artifact.recordName)
      if Files.exists(record), try Digest(ofFile: record) == digest {
        return try Self.examine(Artifact.open(path), threads: threads)
      }
      let listing = try Self.contents(path)
      return (listing.bytes, listing.digest == digest ? nil : "its files have changed")
    } catch {
      return (0, "\(error)")
    }
  }

  private static func examine(
    _ artifact: Artifact, threads: Int
  ) throws -> (bytes: Int, fault: String?) {
    let bytes = artifact.files.reduce(0) { $0 + $1.size }
    let names = Set(artifact.files.map(\.path) + [Artifact.recordName, Artifact.provenanceName])
    if let extra = try Artifact.contents(of: artifact.directory).first(where: {
      !names.contains($0)
    }) {
      return (bytes, "a file was added: '\(extra)'")
    }
    do { try artifact.verify(threads: threads) } catch let fault as Fault {
      return (bytes, fault.description)
    }
    return (bytes, nil)
  }
}

extension State {
  /// The instances whose action gave an object.
  func makers(of digest: Digest) throws -> [String] {
    var names: [String] = []
    for key in try actions(giving: digest) {
      try database.query(
        "SELECT DISTINCT name FROM attempts WHERE key = ? AND outcome = 'built'",
        .blob(key.digest.bytes)
      ) { row in names.append(row.text(0)) }
    }
    return Array(Set(names)).sorted()
  }
}
