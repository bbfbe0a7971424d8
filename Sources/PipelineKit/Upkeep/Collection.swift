import Artifacts
import Glibc
import Platform

/// The items that may be deleted from a workspace, with reasons.
public struct Collection: Sendable {
  /// One thing to delete.
  public struct Item: Sendable {
    public enum Kind: String, Sendable {
      case object, intermediate, attempt, failed, state, damaged
    }
    public var kind: Kind
    public var path: String
    public var bytes: Int
    public var reason: String
    var digest: Digest?
  }

  /// Which results to keep besides those that the workspace's links point at.
  public struct Policy: Sendable {
    /// Keep what the last so many runs made or used.
    public var runs: Int?
    /// Keep what a run of the last so many seconds made or used.
    public var age: Double?

    public init(runs: Int? = nil, age: Double? = nil) {
      self.runs = runs
      self.age = age
    }
  }

  public var items: [Item] = []
  public var bytes: Int { items.reduce(0) { $0 + $1.bytes } }

  public var json: JSONValue {
    [
      "bytes": .integer(bytes),
      "items": .array(
        items.map {
          [
            "kind": .string($0.kind.rawValue), "path": .string($0.path),
            "bytes": .integer($0.bytes), "reason": .string($0.reason),
          ]
        }),
    ]
  }
}

extension Workspace {
  /// Looks for what a policy lets go; deletes it unless `dryRun`.
  /// - Throws: `Fault` (temporary) where a run is using the workspace.
  public func collect(_ policy: Collection.Policy, dryRun: Bool) throws -> Collection {
    if !dryRun {
      guard try lockStore(alone: true) else {
        throw Fault(
          .temporary, "a run is using '\(path)'", remedy: "collect when it has ended")
      }
    }
    defer { unlockStore() }
    var collection = Collection()
    collection.items += try uselessObjects(policy)
    collection.items += try leftovers(policy)
    if !dryRun { try delete(collection.items) }
    return collection
  }

  private func uselessObjects(_ policy: Collection.Policy) throws -> [Collection.Item] {
    let links = try links()
    let linked = Set(links.map(\.digest))
    let actions = try state.allActions()
    let oldest = try state.oldestRunToKeep(policy)
    var keep = linked
    var droppable: Set<Digest> = []
    for action in actions {
      if action.isIntermediate {
        droppable.formUnion(action.outputs.values)
      } else if action.run >= oldest {
        keep.formUnion(action.outputs.values)
      }
    }
    for action in actions where !action.isIntermediate {
      droppable.subtract(action.outputs.values)
    }
    keep.subtract(droppable)
    return try store.digests().filter { !keep.contains($0) }.map { digest in
      let isDroppable = droppable.contains(digest)
      let reason =
        isDroppable
        ? "the result of an intermediate stage; its digest is kept"
        : "no link points at it, and no run that is kept used it"
      let path = store.path(digest)
      return Collection.Item(
        kind: isDroppable ? .intermediate : .object, path: path, bytes: Self.size(path),
        reason: reason, digest: digest)
    }
  }

  /// The remains of killed and failed attempts.
  private func leftovers(_ policy: Collection.Policy) throws -> [Collection.Item] {
    var items: [Collection.Item] = []
    func add(_ kind: Collection.Item.Kind, _ folder: String, _ reason: String) throws {
      let folder = "\(path)/\(folder)"
      guard Files.isDirectory(folder) else { return }
      for name in try Files.list(folder) {
        let place = "\(folder)/\(name)"
        items.append(.init(kind: kind, path: place, bytes: Self.size(place), reason: reason))
      }
    }
    try add(.attempt, "attempts", "left by a run that was killed")
    try add(.failed, "failed", "left by a failed attempt")
    try add(.attempt, "views", "links to what a pattern found; a run makes them again")
    try add(.state, "work", "checkpoints of an attempt that did not end well")
    try add(.damaged, "damaged", "set aside because its bytes have changed")
    try add(.attempt, "store/incoming", "left by a copy that was cut off")
    guard let age = policy.age else { return items.filter { $0.kind != .state } }
    let limit = Clock.nanoseconds - Int64(age * 1e9)
    return items.filter { (Files.status($0.path)?.modified ?? 0) < limit }
  }

  /// Every link below `artifacts/`, with the object it points at.
  func links() throws -> [(path: String, digest: Digest)] {
    var found: [(path: String, digest: Digest)] = []
    func visit(_ folder: String) throws {
      for name in try Files.list("\(path)/\(folder)") {
        let place = "\(folder)/\(name)"
        switch Files.status("\(path)/\(place)", followLinks: false)?.kind {
        case .directory: try visit(place)
        case .link: if let digest = linked(place) { found.append((place, digest)) }
        default: continue
        }
      }
    }
    if Files.isDirectory("\(path)/artifacts") { try visit("artifacts") }
    return found
  }

  private func delete(_ items: [Collection.Item]) throws {
    let digests = Set(items.compactMap(\.digest))
    // The records go first: an object without a record is only wasted space.
    try state.database.transaction {
      for action in try state.allActions() where !action.isIntermediate {
        if !digests.isDisjoint(with: action.outputs.values) { try state.forget(action.key) }
      }
      for digest in digests { try state.forget(digest) }
    }
    FaultPoint.reach(.insideCollection)
    for link in try links() where digests.contains(link.digest) {
      unlink("\(path)/\(link.path)")
    }
    for item in items { try Self.removeTree(item.path) }
  }
}

extension State {
  struct Action {
    var key: ActionKey
    var outputs: Outputs
    var run: Int
    var isIntermediate: Bool
  }

  func allActions() throws -> [Action] {
    var actions: [Action] = []
    try database.query("SELECT key, outputs, run, intermediate FROM actions") { row in
      guard let outputs = Self.outputs(row.text(1)) else { return }
      actions.append(
        Action(
          key: ActionKey(digest: Digest(bytes: row.blob(0))), outputs: outputs,
          run: row.integer(2), isIntermediate: row.integer(3) != 0))
    }
    return actions
  }

  /// The first run whose results a policy keeps.
  fileprivate func oldestRunToKeep(_ policy: Collection.Policy) throws -> Int {
    var oldest = Int.max
    if let runs = policy.runs {
      let first = try database.first(
        "SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?", .integer(runs - 1)
      ) { $0.integer(0) }
      oldest = min(oldest, first ?? 0)
    }
    if let age = policy.age {
      let first = try database.first(
        "SELECT min(id) FROM runs WHERE started >= ?", .real(Clock.now - age)
      ) { $0.isNull(0) ? nil : $0.integer(0) }
      oldest = min(oldest, first ?? Int.max)
    }
    return oldest
  }

  fileprivate func forget(_ key: ActionKey) throws {
    try database.run("DELETE FROM actions WHERE key = ?", .blob(key.digest.bytes))
  }

  fileprivate func forget(_ digest: Digest) throws {
    try database.run("DELETE FROM objects WHERE digest = ?", .blob(digest.bytes))
  }
}
