import Platform

/// The content of a file or folder that is not an artifact, as one digest.
///
/// A file counts by its bytes alone; a folder by the sorted paths, sizes and bytes of the files
/// below it. Modes, times and empty folders do not count; links are followed to files.
public enum ContentDigest {
  /// The digest of whatever is at `path`: an artifact's identity, a file's or a folder's content.
  /// - Throws: `Fault` where something cannot be read.
  public static func of(_ path: String, threads: Int) throws -> Digest {
    guard let status = Files.status(path) else { throw Files.fault("open", path) }
    if status.kind == .file { return try Digest(ofFile: path) }
    if Files.exists(Files.join(path, Artifact.recordName)) {
      return try Artifact.open(path).digest
    }
    let names = try filesBelow(path)
    let digests = try Parallel.map(names.count, threads: threads) {
      try Digest(ofFile: Files.join(path, names[$0]))
    }
    return listing(
      zip(names, digests).map {
        ($0, Files.status(Files.join(path, $0))?.size ?? 0, $1)
      })
  }

  /// The digest of a folder from its files' paths, sizes and digests, in order of path.
  public static func listing(_ files: [(path: String, size: Int, digest: Digest)]) -> Digest {
    var hasher = DigestHasher()
    hasher.update("ferry-folder-1\n".utf8)
    for file in files {
      hasher.update("\(file.path.utf8.count):\(file.path) \(file.size) \(file.digest.hex)\n".utf8)
    }
    return hasher.finish()
  }

  /// The files below a folder, sorted by bytes; a link to a folder is not entered.
  public static func filesBelow(_ directory: String) throws -> [String] {
    var found: [String] = []
    func visit(_ relative: String) throws {
      for name in try Files.list(Files.join(directory, relative)) {
        let path = relative.isEmpty ? name : "\(relative)/\(name)"
        let full = Files.join(directory, path)
        switch Files.status(full, followLinks: false)?.kind {
        case .directory: try visit(path)
        case .file: found.append(path)
        case .link where Files.status(full)?.kind == .file: found.append(path)
        default: continue
        }
      }
    }
    try visit("")
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
