import Platform

/// An artifact: a directory whose `artifact.json` lists and describes every file in it.
///
/// The digest of `artifact.json` is the artifact's identity. `provenance.json` lies beside it,
/// outside the identity, so that equal content is equal whoever made it.
public struct Artifact: Sendable {
  /// A file of an artifact.
  public struct File: Sendable, Equatable {
    /// The path inside the directory, with `/`.
    public var path: String
    public var size: Int
    public var digest: Digest
  }

  /// The newest layout of `artifact.json` itself.
  public static let layout = 1
  public static let recordName = "artifact.json"
  public static let provenanceName = "provenance.json"

  public let directory: String
  public let kind: String
  public let schema: Int
  /// In order of path.
  public let files: [File]
  /// Counts of rows by name.
  public let rows: [String: Int]
  /// Metadata for readers of this kind of artifact: class list, preprocessing, terms.
  public let metadata: JSONValue
  /// The identity.
  public let digest: Digest

  /// Opens an artifact and checks its kind and schema version, not its files' bytes.
  ///
  /// A reader takes its own schema version and the one before.
  /// - Throws: `Fault`.
  public static func open(_ directory: String, kind: String? = nil, schema: Int? = nil) throws
    -> Artifact
  {
    let path = Files.join(directory, recordName)
    guard Files.exists(directory) else {
      throw Fault(.missingInput, "there is no artifact at '\(directory)'")
    }
    guard Files.exists(path) else {
      throw Fault(
        .badInput, "'\(directory)' is not an artifact: it has no \(recordName)",
        remedy: kind.map { "give a directory that holds \($0)" })
    }
    let bytes = try Files.read(path, limit: 256 << 20)
    let artifact = try Artifact(record: .parse(bytes, file: path), in: directory, bytes: bytes)
    if let kind, artifact.kind != kind {
      throw Fault(
        .badInput, "'\(directory)' holds \(artifact.kind), expected \(kind)")
    }
    if let schema, artifact.schema != schema, artifact.schema != schema - 1 {
      throw Fault(
        .badInput,
        "'\(directory)' has \(artifact.kind) of version \(artifact.schema), this program reads "
          + "version \(schema) and the one before",
        remedy: artifact.schema > schema
          ? "use a newer Ferry" : "make the artifact again with this Ferry")
    }
    return artifact
  }

  private init(record: JSONValue, in directory: String, bytes: [UInt8]) throws {
    let path = Files.join(directory, Self.recordName)
    guard record["layout"]?.integer == Self.layout, let kind = record["kind"]?.string,
      let schema = record["schema"]?.integer, let files = record["files"]?.array
    else {
      throw Fault(.badInput, "not an artifact record of layout \(Self.layout)", at: .init(path))
    }
    self.directory = directory
    self.kind = kind
    self.schema = schema
    self.files = try files.map { file in
      guard let name = file["path"]?.string, let size = file["size"]?.integer,
        let hex = file["sha256"]?.string, let digest = Digest(hex: hex)
      else { throw Fault(.badInput, "a file entry lacks path, size or sha256", at: .init(path)) }
      return File(path: name, size: size, digest: digest)
    }
    rows = (record["rows"]?.object ?? [:]).compactMapValues(\.integer)
    metadata = record["metadata"] ?? .object([:])
    digest = Digest(hashing: bytes)
  }

  /// The path of one of its files.
  public func path(_ name: String) -> String { Files.join(directory, name) }

  /// Hashes every file again.
  /// - Throws: `Fault` naming the first file that differs from the record.
  public func verify(threads: Int = 1) throws {
    try Parallel.forEach(files.count, threads: threads) { [self] index in
      let file = files[index]
      guard try Digest(ofFile: path(file.path)) == file.digest else {
        throw Fault(
          .badInput, "the file differs from its record in \(Self.recordName)",
          at: .init(path(file.path)), remedy: "make the artifact again")
      }
    }
  }

  /// Writes `artifact.json` for every file now in `directory` and returns the artifact.
  ///
  /// Hidden files, links and `provenance.json` are not part of an artifact; a link is refused.
  /// - Parameter digests: those of files that were digested as they were written, by their paths.
  public static func seal(
    _ directory: String, kind: String, schema: Int, rows: [String: Int] = [:],
    metadata: JSONValue = .object([:]), digests: [String: Digest] = [:], threads: Int = 1
  ) throws -> Artifact {
    let names = try contents(of: directory).filter { $0 != recordName && $0 != provenanceName }
    let files = try Parallel.map(names.count, threads: threads) { index in
      let path = Files.join(directory, names[index])
      return File(
        path: names[index], size: Files.status(path)?.size ?? 0,
        digest: try digests[names[index]] ?? Digest(ofFile: path))
    }
    let record: JSONValue = [
      "layout": .integer(layout), "kind": .string(kind), "schema": .integer(schema),
      "files": .array(
        files.map {
          ["path": .string($0.path), "size": .integer($0.size), "sha256": .string($0.digest.hex)]
        }),
      "rows": .object(rows.mapValues { .integer($0) }), "metadata": metadata,
    ]
    let bytes = record.canonicalBytes
    try Files.write(bytes, to: Files.join(directory, recordName))
    return try Artifact(record: record, in: directory, bytes: bytes)
  }

  /// The paths of all regular files below `directory`, sorted by bytes.
  public static func contents(of directory: String) throws -> [String] {
    var found: [String] = []
    func visit(_ relative: String) throws {
      for name in try Files.list(Files.join(directory, relative)) {
        let path = relative.isEmpty ? name : "\(relative)/\(name)"
        switch Files.status(Files.join(directory, path), followLinks: false)?.kind {
        case .directory: try visit(path)
        case .file: found.append(path)
        default:
          throw Fault(
            .badInput, "an artifact holds only plain files and folders",
            at: .init(Files.join(directory, path)))
        }
      }
    }
    try visit("")
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
