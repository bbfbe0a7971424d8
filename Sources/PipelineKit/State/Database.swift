import CSQLite
import Glibc
import Platform

/// A value of a column.
enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

/// A connection to an SQLite file: statements are prepared once and kept.
final class Database {
  let path: String
  private var handle: OpaquePointer?
  private var statements: [String: OpaquePointer] = [:]

  /// Opens the file, which is created unless `readOnly`.
  /// - Throws: `Fault`, `temporary` where another process holds it for long.
  init(_ path: String, readOnly: Bool) throws {
    self.path = path
    let flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    // A run beside this process keeps its last commits in the log of the file, which can be read
    // along with it while that run lives; otherwise nobody writes, and the file alone is read.
    if readOnly, access("\(path)-wal", F_OK) == 0 {
      let name = "file:\(Self.escaped(path))?mode=ro"
      if sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nil)
        == SQLITE_OK, (try? execute("SELECT count(*) FROM sqlite_schema")) != nil
      {
        sqlite3_busy_timeout(handle, 20_000)
        return
      }
      sqlite3_close_v2(handle)
      handle = nil
    }
    let name = readOnly ? "file:\(Self.escaped(path))?immutable=1" : path
    let uri = readOnly ? SQLITE_OPEN_URI : 0
    guard sqlite3_open_v2(name, &handle, flags | uri | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else {
      let failure = fault("open")
      sqlite3_close_v2(handle)
      throw failure
    }
    sqlite3_busy_timeout(handle, 20_000)
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  private static func escaped(_ path: String) -> String {
    path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
  }

  /// Runs statements that take and give nothing.
  func execute(_ sql: String) throws {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw fault("run") }
  }

  /// Runs statements that SQLite refuses at once, without waiting, while another process uses the
  /// file: repeats them for as long as other statements would wait.
  func insist(_ sql: String) throws {
    var attempts = 0
    while true {
      do {
        return try execute(sql)
      } catch let fault as Fault where fault.code == .temporary && attempts < 4_000 {
        attempts += 1
        usleep(5_000)
      }
    }
  }

  /// Runs one statement and ignores its rows.
  func run(_ sql: String, _ values: SQLValue...) throws {
    try rows(sql, values) { _ in }
  }

  /// Calls `body` with each row of a query.
  func query(_ sql: String, _ values: SQLValue..., body: (Row) throws -> Void) throws {
    try rows(sql, values, body)
  }

  /// The first row of a query, as `body` reads it.
  func first<T>(_ sql: String, _ values: SQLValue..., body: (Row) throws -> T?) throws -> T? {
    var result: T?
    var isFirst = true
    try rows(sql, values) { row in
      if isFirst { result = try body(row) }
      isFirst = false
    }
    return result
  }

  /// Runs `body` inside one transaction.
  func transaction<T>(_ body: () throws -> T) throws -> T {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// The number of the last inserted row.
  var lastRow: Int { Int(sqlite3_last_insert_rowid(handle)) }

  private func rows(_ sql: String, _ values: [SQLValue], _ body: (Row) throws -> Void) throws {
    let statement = try prepare(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (index, value) in values.enumerated() { bind(value, at: Int32(index + 1), to: statement) }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: try body(Row(statement: statement))
      case SQLITE_DONE: return
      default: throw fault("run")
      }
    }
  }

  private func prepare(_ sql: String) throws -> OpaquePointer {
    if let known = statements[sql] { return known }
    var statement: OpaquePointer?
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    guard sqlite3_prepare_v3(handle, sql, -1, flags, &statement, nil) == SQLITE_OK, let statement
    else { throw fault("prepare '\(sql)' for") }
    statements[sql] = statement
    return statement
  }

  private func bind(_ value: SQLValue, at index: Int32, to statement: OpaquePointer) {
    // SQLite copies what it is given (SQLITE_TRANSIENT).
    let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .null: sqlite3_bind_null(statement, index)
    case .integer(let value): sqlite3_bind_int64(statement, index, Int64(value))
    case .real(let value): sqlite3_bind_double(statement, index, value)
    case .text(let value):
      sqlite3_bind_text64(
        statement, index, value, UInt64(value.utf8.count), transient, UInt8(SQLITE_UTF8))
    case .blob(let value):
      value.withUnsafeBytes {
        // An empty buffer may have no address, which SQLite would take for null.
        let base = $0.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
        _ = sqlite3_bind_blob64(statement, index, base, UInt64($0.count), transient)
      }
    }
  }

  /// The fault of the last call that failed; `badInput` where the file is damaged.
  private func fault(_ action: String) -> Fault {
    let code = sqlite3_errcode(handle)
    let damaged = [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR].contains(code)
    let busy = code == SQLITE_BUSY || code == SQLITE_LOCKED
    return Fault(
      damaged ? .badInput : busy ? .temporary : .inputOutput, "cannot \(action) '\(path)'",
      at: damaged ? Fault.Place(path) : nil,
      cause: sqlite3_errmsg(handle).map { String(cString: $0) })
  }

  /// The current row of a query; valid inside the body it is given to.
  struct Row {
    fileprivate let statement: OpaquePointer

    func isNull(_ column: Int) -> Bool {
      sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL
    }

    func integer(_ column: Int) -> Int { Int(sqlite3_column_int64(statement, Int32(column))) }

    func real(_ column: Int) -> Double { sqlite3_column_double(statement, Int32(column)) }

    func text(_ column: Int) -> String {
      sqlite3_column_text(statement, Int32(column)).map { String(cString: $0) } ?? ""
    }

    func blob(_ column: Int) -> [UInt8] {
      let count = Int(sqlite3_column_bytes(statement, Int32(column)))
      guard count > 0, let base = sqlite3_column_blob(statement, Int32(column)) else { return [] }
      return Array(UnsafeRawBufferPointer(start: base, count: count))
    }
  }
}
