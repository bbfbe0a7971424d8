import Artifacts
import CProcess
import Glibc
import Platform

/// Runs programs as child processes, each in its own process group.
package final class ProcessExecutor: Executor {
  private struct Running {
    var process: pid_t
    var ending: Int32
    /// Standard output, where events are expected; -1 once it is closed.
    var output: Int32
    var line: [UInt8] = []
  }

  private var running: [Int: Running] = [:]
  private let interrupts: Int32

  /// Events on a line longer than this are dropped.
  private static let lineLimit = 1 << 20

  /// - Parameter interrupts: a descriptor from which the numbers of signals are read, or -1.
  package init(interrupts: Int32 = -1) {
    self.interrupts = interrupts
    let files = Int(ferry_open_files())
    capacity = ExecutorCapacity(
      launches: max(1, (files - Self.reservedFiles) / Self.filesPerLaunch))
  }

  package let capacity: ExecutorCapacity

  /// Files the driver has open besides those of launches.
  private static let reservedFiles = 128
  /// The process's descriptor, its output, and what starting it takes for a moment.
  private static let filesPerLaunch = 4

  deinit {
    for child in running.values {
      kill(-child.process, SIGKILL)
      close(child)
    }
  }

  private func close(_ child: Running) {
    Glibc.close(child.ending)
    if child.output >= 0 { Glibc.close(child.output) }
  }

  package func start(_ launch: Launch) throws {
    guard ferry_guard_start() == 0 else { throw Files.fault("start", "a guard process") }
    let log = open(launch.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard log >= 0 else { throw Files.fault("create", launch.log) }
    defer { Glibc.close(log) }
    var ends: [Int32] = [-1, -1]
    if launch.givesEvents {
      guard ferry_pipe(&ends) == 0 else { throw Files.fault("open", "a pipe") }
      _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    }
    defer { if ends[1] >= 0 { Glibc.close(ends[1]) } }
    let process = Self.spawn(launch, output: launch.givesEvents ? ends[1] : log, error: log)
    guard process > 0 else {
      let failure = Files.fault("run", launch.arguments[0])
      if ends[0] >= 0 { Glibc.close(ends[0]) }
      throw failure
    }
    ferry_guard_watch(process, 1)
    running[launch.job] = Running(
      process: process, ending: ferry_process_descriptor(process), output: ends[0])
  }

  private static func spawn(_ launch: Launch, output: Int32, error: Int32) -> pid_t {
    let environment = launch.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var arguments = launch.arguments.map { strdup($0) } + [nil]
    var variables = environment.map { strdup($0) } + [nil]
    defer { for text in arguments + variables { free(text) } }
    guard let writable = launch.writable else {
      return ferry_spawn(
        launch.arguments[0], &arguments, &variables, launch.directory, output, error)
    }
    var places = writable.map { UnsafePointer(strdup($0)) } + [nil]
    defer { for place in places { free(UnsafeMutableRawPointer(mutating: place)) } }
    return ferry_spawn_confined(
      launch.arguments[0], &arguments, &variables, launch.directory, output, error, &places)
  }

  package func wait(seconds: Double) throws -> [ExecutorEvent] {
    var descriptors: [pollfd] = []
    var owners: [Int] = []
    for (job, child) in running.sorted(by: { $0.key < $1.key }) {
      descriptors.append(pollfd(fd: child.ending, events: Int16(POLLIN), revents: 0))
      descriptors.append(pollfd(fd: child.output, events: Int16(POLLIN), revents: 0))
      owners += [job, job]
    }
    descriptors.append(pollfd(fd: interrupts, events: Int16(POLLIN), revents: 0))
    let ready = poll(
      &descriptors, nfds_t(descriptors.count), Int32(max(0, seconds * 1000).rounded(.up)))
    if ready < 0, errno != EINTR { throw Files.fault("wait for", "running stages") }
    guard ready > 0 else { return [] }
    var events: [ExecutorEvent] = []
    for (index, descriptor) in descriptors.enumerated() where descriptor.revents != 0 {
      if index == owners.count {
        events += readInterrupts()
      } else if index % 2 == 1 {
        events += readOutput(owners[index])
      }
    }
    for (index, descriptor) in descriptors.enumerated().dropLast() where index % 2 == 0 {
      if descriptor.revents != 0 { events += reap(owners[index]) }
    }
    return events
  }

  private func readInterrupts() -> [ExecutorEvent] {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = read(interrupts, &bytes, bytes.count)
    return bytes.prefix(max(0, count)).map {
      Int32($0) == SIGTSTP ? suspend() : .interrupted(Int($0))
    }
  }

  /// Stops the stages and this process, as Ctrl-Z does, until it is continued.
  private func suspend() -> ExecutorEvent {
    let start = Clock.steady
    for child in running.values { kill(-child.process, SIGSTOP) }
    raise(SIGSTOP)
    for child in running.values { kill(-child.process, SIGCONT) }
    return .suspended(seconds: Clock.steady - start)
  }

  /// Reads what a stage has written and returns the complete lines.
  private func readOutput(_ job: Int) -> [ExecutorEvent] {
    guard var child = running[job], child.output >= 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var events: [ExecutorEvent] = []
    while true {
      let count = read(child.output, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count == 0 {
        Glibc.close(child.output)
        child.output = -1
      }
      guard count > 0 else { break }
      for byte in buffer[0..<count] {
        guard byte == UInt8(ascii: "\n") else {
          if child.line.count < Self.lineLimit { child.line.append(byte) }
          continue
        }
        if let value = try? JSONValue.parse(child.line) {
          events.append(.reported(job: job, value))
        }
        child.line.removeAll(keepingCapacity: true)
      }
    }
    running[job] = child
    return events
  }

  private func reap(_ job: Int) -> [ExecutorEvent] {
    let last = readOutput(job)
    guard let child = running.removeValue(forKey: job) else { return last }
    // The leader is a zombie still, so its group's number cannot belong to anyone else.
    kill(-child.process, SIGKILL)
    ferry_guard_watch(child.process, 0)
    var usage = ferry_usage()
    let known = ferry_reap(child.process, &usage) == 0
    close(child)
    let status = usage.status
    let signal = Int(status & 0x7F)
    var ending = Ending(cause: signal == 0 ? .exit(Int(status >> 8 & 0xFF)) : .signal(signal))
    if known {
      ending.processorSeconds = usage.user_seconds + usage.system_seconds
      ending.peakBytes = Int(usage.peak_bytes)
    }
    return last + [.ended(job: job, ending)]
  }

  package func stop(job: Int, hard: Bool) {
    guard let child = running[job] else { return }
    kill(-child.process, hard ? SIGKILL : SIGTERM)
  }
}

/// Runs a program to its end and returns what it wrote to standard output.
/// - Throws: `Fault` where it fails, writes more than `limit` bytes or takes longer than `seconds`.
func capture(
  _ arguments: [String], limit: Int, seconds: Double, quietly: Bool = false
) throws -> [UInt8] {
  var ends: [Int32] = [-1, -1]
  guard ferry_pipe(&ends) == 0 else { throw Files.fault("open", "a pipe") }
  defer { close(ends[0]) }
  var words = arguments.map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  let process = ferry_spawn(arguments[0], &words, environ, "/", ends[1], quietly ? ends[1] : 2)
  close(ends[1])
  guard process > 0 else { throw Files.fault("run", arguments[0]) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  let deadline = Clock.steady + seconds
  var isComplete = false
  while bytes.count <= limit, Clock.steady < deadline {
    var descriptor = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, Int32(max(1, (deadline - Clock.steady) * 1000))) > 0 else {
      continue
    }
    let count = read(ends[0], &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    isComplete = count == 0
    if count <= 0 { break }
    bytes += buffer[0..<count]
  }
  kill(isComplete ? 0 : -process, isComplete ? 0 : SIGKILL)
  var usage = ferry_usage()
  _ = ferry_reap(process, &usage)
  guard isComplete, usage.status == 0 else {
    let words = arguments.map { Files.name(of: $0) }.joined(separator: " ")
    throw Fault(
      .badInput, "'\(words)' \(isComplete ? "failed" : "wrote too much or took too long")",
      remedy: "run it by hand to see why")
  }
  return bytes
}
