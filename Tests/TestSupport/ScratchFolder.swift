import Glibc
import Platform

/// A folder for one test's files; it is removed with the object.
public final class ScratchFolder: Sendable {
  public let path: String

  /// Makes a new folder under TMPDIR, or /tmp.
  public init() throws {
    path = "\(scratchRoot)/ferry-test-\(getpid())-\(Files.temporaryNumber())"
    try Files.makeDirectories(path)
  }

  deinit { try? Files.removeTree(path) }
}

/// The folder that holds the scratch folders: TMPDIR, or /tmp.
public let scratchRoot = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"

/// The folder of optional test data (FERRY_TEST_DATA), or nil: tests that need it are skipped then.
public let testData: String? = getenv("FERRY_TEST_DATA").map { String(cString: $0) }
