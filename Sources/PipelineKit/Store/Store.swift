import Artifacts
import CProcess
import Glibc
import Platform

/// Artifacts by content: `objects/ab/cdef...` below a folder, each written once and never changed.
///
/// An object is a directory or a file, named by its artifact's digest. It appears by one rename, so
/// it is there whole or not at all.
public struct Store: Sendable {
  /// The result of publishing an output.
  public struct Object: Sendable, Equatable {
    public var digest: Digest
    public var form: Job.Output.Form
    public var bytes: Int
    /// Whether it was not in the store before.
    public var isNew = true
  }

  /// The folder that holds `objects`.
  public let root: String

  public init(_ root: String) { self.root = root }

  /// The path of an object, whether it exists or not.
  public func path(_ digest: Digest) -> String {
    let hex = digest.hex
    return "\(root)/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }

  /// Whether an object is there; its bytes are not read.
  public func contains(_ digest: Digest) -> Bool { access(path(digest), F_OK) == 0 }

  /// Takes the finished output at `source` in, moving it, and makes its files read-only.
  /// - Throws: `Fault` where it is not what `output` declares.
  func adopt(_ source: String, as output: Job.Output) throws -> Object {
    var object = try Self.identify(source, as: output)
    let target = path(object.digest)
    if Files.exists(target) {
      try Files.removeTree(source)
      object.isNew = false
      return object
    }
    try Self.protect(source)
    try Files.makeDirectories(Files.parent(of: target))
    FaultPoint.reach(.object)
    if Glibc.rename(source, target) != 0 {
      guard Files.exists(target) else { throw Files.fault("move '\(source)' to", target) }
      try Files.removeTree(source)
    }
    return object
  }

  /// The digest of an output as it lies there, once it is checked.
  static func identify(_ path: String, as output: Job.Output) throws -> Object {
    guard let status = Files.status(path, followLinks: false) else {
      throw Fault(.badInput, "the stage ended well but made no output '\(output.port)'")
    }
    switch output.form {
    case .artifact:
      let artifact = try Artifact.open(path, kind: output.kind, schema: output.schema)
      try checkSizes(artifact, output.port)
      let bytes = artifact.files.reduce(0) { $0 + $1.size }
      return Object(digest: artifact.digest, form: .artifact, bytes: bytes)
    case .file:
      guard status.kind == .file else {
        throw Fault(.badInput, "the output '\(output.port)' is not a plain file")
      }
      return Object(digest: try Digest(ofFile: path), form: .file, bytes: status.size)
    case .files:
      guard status.kind == .directory else {
        throw Fault(.badInput, "the output '\(output.port)' is not a folder")
      }
      let listing = try contents(path)
      return Object(digest: listing.digest, form: .files, bytes: listing.bytes)
    }
  }

  /// The listing of a folder of plain files, every file read.
  static func contents(_ path: String) throws -> Listing {
    let names = try Artifact.contents(of: path)
    let files = try Parallel.map(names.count, threads: Parallel.processors) { index in
      let file = Files.join(path, names[index])
      return Listing.File(
        path: names[index], size: Files.status(file)?.size ?? 0, digest: try Digest(ofFile: file))
    }
    return Listing(files: files)
  }

  private static func checkSizes(_ artifact: Artifact, _ port: String) throws {
    let names = try Artifact.contents(of: artifact.directory)
    let listed = Dictionary(uniqueKeysWithValues: artifact.files.map { ($0.path, $0.size) })
    for name in names where name != Artifact.recordName && name != Artifact.provenanceName {
      guard listed[name] != nil else {
        throw Fault(.badInput, "the output '\(port)' has a file that its record lacks: '\(name)'")
      }
    }
    for file in artifact.files {
      guard Files.status(artifact.path(file.path))?.size == file.size else {
        throw Fault(
          .badInput,
          "the output '\(port)' differs from its record: '\(file.path)' is not "
            + "\(file.size) bytes long")
      }
    }
  }

  /// Takes the right to write away from every file; folders stay removable, programs executable.
  private static func protect(_ path: String) throws {
    if let status = Files.status(path, followLinks: false), status.kind == .file {
      guard chmod(path, 0o444 | mode_t(status.mode & 0o111)) == 0 else {
        throw Files.fault("protect", path)
      }
      return
    }
    for name in try Files.list(path) { try protect(Files.join(path, name)) }
  }

  /// Forces objects to disk, all their files and folders.
  ///
  /// Many small files are cheaper flushed together.
  func flush(_ digests: [Digest]) throws {
    var paths: [String] = []
    for digest in digests {
      try Self.collect(path(digest), into: &paths)
      paths.append(Files.parent(of: path(digest)))
    }
    guard paths.count > 12 else {
      for path in paths { try Self.flushOne(path) }
      return
    }
    let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", root) }
    defer { close(descriptor) }
    guard ferry_sync_file_system(descriptor) == 0 else { throw Files.fault("flush", root) }
  }

  private static func collect(_ path: String, into paths: inout [String]) throws {
    paths.append(path)
    guard Files.status(path, followLinks: false)?.kind == .directory else { return }
    for name in try Files.list(path) { try collect(Files.join(path, name), into: &paths) }
  }

  private static func flushOne(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Files.fault("flush", path) }
  }
}
