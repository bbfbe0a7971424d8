import Artifacts
import Glibc
import Platform

/// A folder that several workspaces, on one machine or many, share results through.
///
/// `objects/ab/...` as in a store and `actions/ab/<key>.json`, which names an action's outputs and
/// is written last. There are only files and renames, so that it works on a network file system
/// and with writers at once; whatever is read is hashed again.
public struct SharedCache: Sendable {
  /// The layout of the records; another one is a miss.
  private static let layout = 1

  public let root: String
  private var store: Store { Store(root) }

  public init(_ root: String) { self.root = root }

  private func record(_ key: ActionKey) -> String {
    let hex = key.digest.hex
    return "\(root)/actions/\(hex.prefix(2))/\(hex.dropFirst(2)).json"
  }

  /// An action's outputs, brought into `local`; nil where they are not here whole.
  func fetch(_ key: ActionKey, into local: Store, threads: Int) throws -> [Store.Object]? {
    guard let found = try? JSONValue.read(record(key)), found["layout"]?.integer == Self.layout,
      let outputs = found["outputs"]?.object
    else { return nil }
    var objects: [Store.Object] = []
    for (_, value) in outputs.sorted(by: { $0.key < $1.key }) {
      guard let hex = value["digest"]?.string, let digest = Digest(hex: hex),
        let form = value["form"]?.string.flatMap(Job.Output.Form.init(rawValue:)),
        let bytes = value["bytes"]?.integer
      else { return nil }
      if !local.contains(digest) {
        guard store.contains(digest),
          try Self.copy(digest, from: store, to: local, threads: threads)
        else {
          discard(key, damaged: digest)
          return nil
        }
      }
      objects.append(.init(digest: digest, form: form, bytes: bytes))
    }
    return objects
  }

  /// Takes a record whose object is damaged or gone away, so that the next who makes it puts a good
  /// one in its place. Where this folder cannot be written to, it stays a miss.
  private func discard(_ key: ActionKey, damaged digest: Digest) {
    unlink(record(key))
    guard store.contains(digest) else { return }
    let aside = "\(root)/damaged"
    try? Files.makeDirectories(aside)
    rename(
      store.path(digest),
      "\(aside)/\(digest.hex)-\(Machine.hostName)-\(getpid())-\(Files.temporaryNumber())")
  }

  /// The ports of an action's outputs here.
  func outputs(_ key: ActionKey) -> Outputs? {
    guard let outputs = try? JSONValue.read(record(key))["outputs"]?.object else { return nil }
    let digests = outputs.compactMapValues { $0["digest"]?.string.flatMap { Digest(hex: $0) } }
    return digests.count == outputs.count ? digests : nil
  }

  func components(_ key: ActionKey) -> JSONValue? {
    try? JSONValue.read(record(key))["components"]
  }

  /// Puts an action's outputs here; objects first.
  func put(
    _ key: ActionKey, components: JSONValue, outputs: [(port: String, object: Store.Object)],
    from local: Store, threads: Int
  ) throws {
    let path = record(key)
    guard !Files.exists(path) else { return }
    for (_, object) in outputs where !store.contains(object.digest) {
      guard try Self.copy(object.digest, from: local, to: store, threads: threads) else { return }
    }
    let record: JSONValue = [
      "layout": .integer(Self.layout), "key": .string(key.digest.hex), "components": components,
      "outputs": .object(
        Dictionary(
          outputs.map { port, object -> (String, JSONValue) in
            (
              port,
              [
                "digest": .string(object.digest.hex), "form": .string(object.form.rawValue),
                "bytes": .integer(object.bytes),
              ]
            )
          }, uniquingKeysWith: { $1 })),
    ]
    FaultPoint.reach(.sharedObject)
    try Files.makeDirectories(Files.parent(of: path))
    try Files.replace(path, with: record.canonicalBytes)
    FaultPoint.reach(.sharedRecord)
  }

  /// The keys of all actions here, sorted.
  func keys() throws -> [ActionKey] {
    let folder = "\(root)/actions"
    guard Files.isDirectory(folder) else { return [] }
    return try Files.list(folder).flatMap { start in
      try Files.list("\(folder)/\(start)").compactMap { name in
        guard name.hasSuffix(".json") else { return nil }
        return Digest(hex: start + name.dropLast(5)).map { ActionKey(digest: $0) }
      }
    }
  }

  /// Copies an object; it appears by a rename and only if the copy's bytes are right.
  private static func copy(
    _ digest: Digest, from source: Store, to target: Store, threads: Int
  ) throws -> Bool {
    let final = target.path(digest)
    try Files.makeDirectories(Files.parent(of: final))
    let staging = Store(
      "\(target.root)/incoming/\(Machine.hostName)-\(getpid())-\(Files.temporaryNumber())")
    let place = staging.path(digest)
    defer { try? Files.removeTree(staging.root) }
    try Files.makeDirectories(Files.parent(of: place))
    try copyTree(source.path(digest), to: place)
    guard staging.examine(digest, threads: threads).fault == nil else { return false }
    try staging.flush([digest])
    if rename(place, final) != 0, !target.contains(digest) {
      throw Files.fault("move an object to", final)
    }
    return true
  }

  private static func copyTree(_ source: String, to target: String) throws {
    guard Files.status(source, followLinks: false)?.kind == .directory else {
      return try copyFile(source, to: target)
    }
    try Files.makeDirectories(target)
    for name in try Files.list(source) {
      try copyTree(Files.join(source, name), to: Files.join(target, name))
    }
  }

  private static func copyFile(_ source: String, to target: String) throws {
    let input = open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw Files.fault("open", source) }
    defer { close(input) }
    let mode = 0o444 | mode_t((Files.status(source)?.mode ?? 0) & 0o111)
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard output >= 0 else { throw Files.fault("create", target) }
    defer { close(output) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(input, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Files.fault("read", source) }
      if count == 0 { return }
      try Files.writeAll(
        UnsafeRawBufferPointer(rebasing: buffer[0..<count]), to: output, path: target)
    }
  }
}

extension Workspace {
  /// Takes every action of a shared cache over.
  /// - Returns: how many were new here, and how many could not be read whole.
  public func importCache(_ folder: String, threads: Int) throws -> (taken: Int, damaged: Int) {
    let cache = SharedCache(folder)
    guard Files.isDirectory("\(folder)/actions") else {
      throw Fault(
        .missingInput, "'\(folder)' is no shared cache: it has no folder 'actions'",
        remedy: "give the folder that a manifest names with 'cache:'")
    }
    let run = try state.latestRun()
    var taken = 0
    var damaged = 0
    for key in try cache.keys() where try state.outputs(of: key) == nil {
      guard try adopt(key, from: cache, run: run, isIntermediate: false, threads: threads) != nil
      else {
        damaged += 1
        continue
      }
      taken += 1
    }
    return (taken, damaged)
  }

  /// Takes an action's result over from a shared cache, where it is there whole.
  func adopt(
    _ key: ActionKey, from cache: SharedCache, run: Int, isIntermediate: Bool, threads: Int
  ) throws -> Outputs? {
    guard let objects = try cache.fetch(key, into: store, threads: threads),
      let outputs = cache.outputs(key), let components = cache.components(key),
      ActionKey(components) == key
    else { return nil }
    try state.database.transaction {
      for object in objects { try state.remember(object) }
      try state.remember(
        outputs, of: key, components: components, isIntermediate: isIntermediate, run: run)
    }
    return outputs
  }
}
