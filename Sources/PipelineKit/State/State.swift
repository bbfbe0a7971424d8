import Artifacts
import Glibc
import Platform

/// The records that a workspace keeps between runs: contracts, digests of files, actions, history.
///
/// Everything here can be made again. A file that is missing or damaged is set aside and started
/// anew, which costs time and never correctness: objects are kept by content, and an action that is
/// not remembered is run.
public final class State {
  /// The layout of the tables; another one is set aside like a damaged file.
  static let layout = 2
  static let fileName = "state.sqlite"

  let database: Database
  public let isReadOnly: Bool
  /// Warnings for the user, such as that a damaged file was set aside.
  public private(set) var warnings: [String] = []

  private init(_ database: Database, isReadOnly: Bool) {
    self.database = database
    self.isReadOnly = isReadOnly
  }

  /// Opens the state of a workspace, creating it where there is none.
  public static func open(_ workspace: String) throws -> State {
    let path = Files.join(workspace, fileName)
    guard access(workspace, W_OK) == 0, !Files.exists(path) || access(path, W_OK) == 0 else {
      guard Files.exists(path) else { return try inMemory(isReadOnly: true) }
      return try State(Database(path, readOnly: true), isReadOnly: true)
    }
    do {
      return try openWritable(path)
    } catch let fault as Fault where fault.code == .badInput {
      let aside = setAside(path)
      let state = try openWritable(path)
      state.warnings.append(
        "the state file was damaged and is kept as '\(aside)' (\(fault.cause ?? fault.message)); "
          + "stages whose results are not remembered run again")
      return state
    }
  }

  /// A state that is never written to a file, for tests and for reading an unknown workspace.
  public static func inMemory() throws -> State { try inMemory(isReadOnly: false) }

  private static func inMemory(isReadOnly: Bool) throws -> State {
    let state = try State(Database(":memory:", readOnly: false), isReadOnly: isReadOnly)
    try state.database.execute(schema)
    return state
  }

  private static func openWritable(_ path: String) throws -> State {
    let isNew = !Files.exists(path)
    let state = try State(Database(path, readOnly: false), isReadOnly: false)
    let database = state.database
    if isNew { try database.insist("PRAGMA journal_mode = WAL") }
    // A power cut may lose the last commits; objects are on disk before their commit either way.
    try database.execute("PRAGMA synchronous = NORMAL; PRAGMA mmap_size = 1073741824")
    let found = try database.first("PRAGMA user_version") { $0.integer(0) } ?? 0
    if found != layout {
      guard found == 0 else {
        throw Fault(.badInput, "'\(path)' has layout \(found)", cause: "layout \(found)")
      }
      try database.transaction { try database.execute(schema) }
    }
    return state
  }

  /// Sets the state file aside where `fault` says that it is damaged; true where it was.
  public static func heal(_ fault: Fault, _ workspace: String) -> Bool {
    let path = Files.join(lexical(absolute(workspace)), fileName)
    guard fault.code == .badInput, fault.place?.file == path, access(path, W_OK) == 0 else {
      return false
    }
    _ = setAside(path)
    return true
  }

  private static func setAside(_ path: String) -> String {
    let aside = "\(path).damaged-\(Int(Clock.now))"
    for suffix in ["", "-wal", "-shm"] where Files.exists(path + suffix) {
      _ = try? Files.rename(path + suffix, to: aside + suffix)
    }
    return aside
  }

  private static let schema = """
    PRAGMA user_version = \(layout);
    CREATE TABLE IF NOT EXISTS contracts(
      path TEXT PRIMARY KEY, stamp BLOB NOT NULL, contract TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS trees(
      path TEXT PRIMARY KEY, entries BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS actions(
      key BLOB PRIMARY KEY, outputs TEXT NOT NULL, run INTEGER NOT NULL,
      intermediate INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS records(
      key BLOB PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS instances(
      manifest TEXT NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL, run INTEGER NOT NULL,
      seconds REAL, PRIMARY KEY (manifest, name)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS past(
      manifest TEXT NOT NULL, name TEXT NOT NULL, run INTEGER NOT NULL, key BLOB NOT NULL,
      PRIMARY KEY (manifest, name, run)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS objects(
      digest BLOB PRIMARY KEY, form TEXT NOT NULL, bytes INTEGER NOT NULL, added REAL NOT NULL)
      WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS runs(
      id INTEGER PRIMARY KEY, started REAL NOT NULL, finished REAL, outcome TEXT,
      record TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS attempts(
      id INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL,
      outcome TEXT NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL, record TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS attempts_of_run ON attempts(run);
    """
}

/// The time of day, which tests may replace.
public enum Clock {
  private static let shift = Locked(0.0)

  /// Seconds since 1970.
  public static var now: Double {
    Double(nanoseconds) / 1e9
  }

  /// Nanoseconds since 1970.
  static var nanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
      + Int64(shift.withLock { $0 } * 1e9)
  }

  /// Seconds that only go forward, for durations.
  static var steady: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Moves the clock, as a machine whose time is set wrong does.
  package static func shift(by seconds: Double) { shift.withLock { $0 = seconds } }
}
