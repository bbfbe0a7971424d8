import Glibc
import PipelineKit
import Platform
import Synchronization

/// Standard output and standard error.
///
/// Names and logs come from elsewhere, so what is said to people holds no control characters but
/// line ends and tabs; only `data` and `control` write bytes as they are.
enum Console {
  /// True if standard error is a terminal that can redraw lines.
  static let isLive =
    isatty(STDERR_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"

  /// The error of the first write to standard output that failed; 0 where none did.
  private static let failure = Mutex<Int32>(0)

  /// Says something to people on standard output.
  static func print(_ text: String) { write(plain(text), STDOUT_FILENO) }

  /// Writes for programs: CSV, scripts of shells.
  static func data(_ text: String) { write(text, STDOUT_FILENO) }

  /// Says something to people on standard error.
  static func error(_ text: String) { write(plain(text), STDERR_FILENO) }

  /// Moves the terminal's cursor.
  static func control(_ text: String) { write(text, STDERR_FILENO) }

  private static func write(_ text: String, _ descriptor: Int32) {
    var text = text
    let error = text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return errno }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return Int32(0)
    }
    guard error != 0, descriptor == STDOUT_FILENO else { return }
    failure.withLock { if $0 == 0 { $0 = error } }
  }

  /// The process's exit status: `status`, or 74 where all went well but standard output could not
  /// be written. A reader that went away is not remarked on.
  static func exitStatus(_ status: Int32) -> Int32 {
    let failure = failure.withLock { $0 }
    guard failure != 0, status == 0 else { return status }
    if failure != EPIPE {
      error("ferry: standard output cannot be written: \(String(cString: strerror(failure)))\n")
    }
    return Fault.Code.inputOutput.rawValue
  }

  /// Opens what the caller closed of the standard descriptors, so that no file takes its place:
  /// writes to it fail.
  static func holdDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// Columns of the terminal, as it is now.
  static var width: Int { size.ws_col > 0 ? Int(size.ws_col) : 80 }

  /// Lines of the terminal, as it is now.
  static var height: Int { size.ws_row > 3 ? Int(size.ws_row) : 24 }

  private static var size: winsize {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? size : winsize()
  }
}
