import Artifacts
import CProcess
import Glibc
import Platform

/// A folder that holds a project's state, store, links and attempts.
public final class Workspace {
  public let path: String
  public let state: State
  public let store: Store
  private var lockFile: Int32 = -1

  /// Opens or creates the workspace at `path`.
  public init(_ path: String, create: Bool) throws {
    let path = lexical(absolute(path))
    self.path = path
    if create {
      try Files.makeDirectories(path)
      let ignore = "\(path)/.gitignore"
      if !Files.exists(ignore) { try Files.write("*\n", to: ignore) }
    }
    state = Files.isDirectory(path) ? try State.open(path) : try State.inMemory()
    store = Store("\(path)/store")
  }

  deinit {
    if lockFile >= 0 { close(lockFile) }
  }

  /// A folder for one attempt, new and empty.
  func makeAttempt(_ name: String) throws -> String {
    let parent = "\(path)/attempts"
    try Files.makeDirectories(parent)
    let attempt = "\(parent)/\(fileName(name))-\(getpid())-\(Files.temporaryNumber())"
    guard mkdir(attempt, 0o777) == 0 else { throw Files.fault("create", attempt) }
    guard mkdir("\(attempt)/out", 0o777) == 0 else { throw Files.fault("create", attempt) }
    return attempt
  }

  /// A folder that survives attempts at one action, for checkpoints.
  func stateFolder(_ key: ActionKey) -> String { "\(path)/work/\(key.digest.hex)" }

  /// Points `link` (below the workspace) at an object; the old link is replaced by a rename.
  func link(_ link: String, to digest: Digest) throws {
    let place = "\(path)/\(link)"
    let up = String(repeating: "../", count: link.utf8.count { $0 == UInt8(ascii: "/") })
    let hex = digest.hex
    let target = "\(up)store/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
    let parent = Files.parent(of: place)
    try Files.makeDirectories(parent)
    let temporary = "\(parent)/.link-\(getpid())-\(Files.temporaryNumber())"
    guard symlink(target, temporary) == 0 else { throw Files.fault("link", place) }
    if Files.status(place, followLinks: false)?.kind == .directory {
      // A run of another shape of the manifest left a folder where the link belongs.
      try Files.removeTree(place)
    }
    FaultPoint.reach(.link)
    do { try Files.rename(temporary, to: place) } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Whether `link` (below the workspace) points at an object.
  func isLink(_ link: String, to digest: Digest) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let count = readlink("\(path)/\(link)", buffer.baseAddress!, buffer.count)
      // `objects/ab/cdef...`: a slash after the first two digits.
      guard count > 66 else { return false }
      var next = count - 65
      for byte in digest.bytes {
        if next == count - 63 {
          guard buffer[next] == 0x2F else { return false }
          next += 1
        }
        guard buffer[next] == Self.digits[Int(byte >> 4)],
          buffer[next + 1] == Self.digits[Int(byte & 15)]
        else { return false }
        next += 2
      }
      return true
    }
  }

  private static let digits = "0123456789abcdef".utf8.map { CChar($0) }

  /// The digest of the object that `link` (below the workspace) points at.
  public func linked(_ link: String) -> Digest? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes {
      readlink("\(path)/\(link)", $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
    }
    guard count > 67 else { return nil }
    let tail = String(decoding: buffer[(count - 65)..<count], as: UTF8.self)
    return Digest(hex: tail.replacing("/", with: ""))
  }

  /// Tries to take the lock of an action, which the kernel drops when the process ends.
  func lock(_ key: ActionKey) throws -> Bool { try lock(Self.offset(key), FERRY_EXCLUSIVE) }

  func unlock(_ key: ActionKey) {
    if lockFile >= 0 { _ = ferry_lock_byte(lockFile, Self.offset(key), FERRY_UNLOCK) }
  }

  /// Tries to say that objects are in use (`alone` false), or to have all objects for oneself.
  package func lockStore(alone: Bool) throws -> Bool {
    try lock(0, alone ? FERRY_EXCLUSIVE : FERRY_SHARED)
  }

  func unlockStore() {
    if lockFile >= 0 { _ = ferry_lock_byte(lockFile, 0, FERRY_UNLOCK) }
  }

  private func lock(_ offset: Int64, _ mode: ferry_lock) throws -> Bool {
    if lockFile < 0 {
      lockFile = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard lockFile >= 0 else { throw Files.fault("open", "\(path)/lock") }
    }
    if ferry_lock_byte(lockFile, offset, mode) == 0 { return true }
    guard errno == EAGAIN || errno == EACCES else { throw Files.fault("lock", "\(path)/lock") }
    return false
  }

  /// The byte of the lock file that stands for a key; the first byte stands for the whole store.
  private static func offset(_ key: ActionKey) -> Int64 {
    var value: UInt64 = 0
    for byte in key.digest.bytes.prefix(8) { value = value << 8 | UInt64(byte) }
    return Int64(value >> 2) + 1
  }
}
