import CProcess
import Glibc
import Platform

/// Interrupts of this process, and programs that are run to their end meanwhile.
public struct ProgramRun {
  /// Bytes come from it at Ctrl-C and when the process is asked to end.
  public let interrupts: Int32

  /// Takes the signals over.
  public init() { interrupts = ferry_interrupts() }

  /// Runs a program in a process group of its own with this process's standard descriptors, and
  /// passes interrupts on to it.
  /// - Returns: its exit status (128 and the signal where one ended it), and whether there was an
  ///   interrupt.
  /// - Throws: `Fault` where it cannot be started.
  public func run(_ words: [String]) throws -> (status: Int32, isInterrupted: Bool) {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    var arguments = words.map { strdup($0) } + [nil]
    defer { for text in arguments { free(text) } }
    var process: pid_t = 0
    let error = posix_spawn(&process, words[0], nil, &attributes, &arguments, environ)
    guard error == 0 else {
      throw Fault(.unavailable, "'\(words[0])' cannot be run: \(String(cString: strerror(error)))")
    }
    let descriptor = ferry_process_descriptor(process)
    defer { close(descriptor) }
    var isInterrupted = false
    while true {
      var watched = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: interrupts, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&watched, 2, -1)
      if watched[1].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 64)
        if read(interrupts, &bytes, bytes.count) > 0 {
          isInterrupted = true
          kill(process, SIGINT)
        }
      }
      if watched[0].revents != 0 { break }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return (signal == 0 ? status >> 8 & 0xFF : 128 + signal, isInterrupted)
  }
}
