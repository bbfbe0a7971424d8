import Glibc
import PipelineKit
import Platform
import Testing

/// A program on a terminal of its own, as a user runs it: it leads a session, and what is typed
/// goes through the terminal's line discipline, so that Ctrl-C is a signal.
final class Terminal {
  let process: pid_t
  private let master: Int32
  private var isReaped = false
  /// Everything that was written to the terminal.
  private(set) var shown = ""

  init(
    _ words: [String], in directory: String, environment: [String: String], rows: Int = 24,
    columns: Int = 100
  ) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: UInt32 = 0
    guard master >= 0, ioctl(master, Self.setLock, &lock) == 0,
      ioctl(master, Self.getNumber, &number) == 0
    else { throw Files.fault("open", "a terminal") }
    Self.resize(master, rows, columns)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A test's thread blocks signals, which a program that it starts would inherit.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGINT)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var variables = environment
    for name in ["PATH", "HOME"] { variables[name] = getenv(name).map { String(cString: $0) } }
    // Each of these becomes the next: the process leads the session and owns the terminal.
    let all = ["/usr/bin/setsid", "--ctty", "/usr/bin/env", "-C", directory] + words
    var arguments = all.map { strdup($0) } + [nil]
    var pairs = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + pairs { free(text) } }
    var started: pid_t = 0
    guard posix_spawn(&started, all[0], &actions, &attributes, &arguments, &pairs) == 0 else {
      throw Files.fault("run", all[0])
    }
    process = started
  }

  /// TIOCSPTLCK and TIOCGPTN of <asm-generic/ioctls.h>, macros that Swift does not see.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  deinit {
    if !isReaped {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    close(master)
  }

  private static func resize(_ master: Int32, _ rows: Int, _ columns: Int) {
    var size = winsize()
    size.ws_row = UInt16(rows)
    size.ws_col = UInt16(columns)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  func resize(rows: Int, columns: Int) { Self.resize(master, rows, columns) }

  /// Presses keys.
  func type(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
  }

  /// Takes what was written within a moment; false once the other side is closed.
  private func take() -> Bool {
    var watched = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, 50) > 0 else { return true }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = read(master, &bytes, bytes.count)
    guard count > 0 else { return false }
    shown += String(decoding: bytes[0..<count], as: UTF8.self)
    return true
  }

  /// Waits until the terminal has shown `text` after its first `start` characters; false where it
  /// does not within half a minute.
  func shows(_ text: String, after start: Int = 0) -> Bool {
    for _ in 0..<600 {
      if shown.dropFirst(start).contains(text) { return true }
      if !take() { return shown.dropFirst(start).contains(text) }
    }
    return false
  }

  /// Waits for the end.
  func finish() -> Ending.Cause {
    var status: Int32 = 0
    for _ in 0..<1_200 {
      _ = take()
      if waitpid(process, &status, WNOHANG) == process {
        isReaped = true
        break
      }
    }
    while take(), isReaped {
      var watched = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
      if poll(&watched, 1, 0) <= 0 { break }
    }
    if !isReaped { Issue.record("a program did not end within a minute") }
    let signal = Int(status & 0x7F)
    return signal == 0 ? .exit(Int(status >> 8 & 0xFF)) : .signal(signal)
  }
}
