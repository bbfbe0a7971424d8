import Glibc

/// A fresh directory that is removed with this object.
public final class TemporaryDirectory: Sendable {
  public let path: String

  /// Creates the directory under `TMPDIR`, or `/tmp`.
  public init(_ prefix: String = "ferry") throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array(Files.join(base, "\(prefix)-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw Files.fault("create a directory in", base) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? Files.removeTree(path) }

  /// The path of `name` inside.
  public func callAsFunction(_ name: String) -> String { Files.join(path, name) }
}
