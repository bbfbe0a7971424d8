import Artifacts
import CProcess
import Glibc
import PipelineKit
import Platform
import Testing

/// The driver as a user runs it: `ferry` of this build, in a folder of its own.
final class Driver {
  let folder: TemporaryDirectory

  init(_ manifest: String) throws {
    folder = try TemporaryDirectory("driver")
    try write("ferry.yaml", manifest)
  }

  /// Where the executables of this build are.
  static let binaries: String = {
    if let path = getenv("FERRY_BINARIES") { return String(cString: path) }
    let root = (#filePath as String).components(above: 3)
    return "\(root)/.build/release"
  }()

  func write(_ name: String, _ text: String) throws {
    try Files.makeDirectories(Files.parent(of: folder(name)))
    try Files.write(text, to: folder(name))
  }

  func read(_ name: String) throws -> String { try Files.readText(folder(name)) }

  /// The text of an output.
  func output(_ link: String) throws -> String { try read(".ferry/artifacts/\(link)") }

  /// Runs `ferry WORDS` to its end.
  func ferry(_ words: String..., environment: [String: String] = [:]) throws -> Outcome {
    try start(words, environment: environment).finish()
  }

  func start(_ words: [String], environment: [String: String] = [:]) throws -> Program {
    try Program(["\(Self.binaries)/ferry"] + words, in: folder(""), environment: environment)
  }

  /// Runs a script in which `$FERRY` is the driver and `$DIR` this folder.
  func script(_ text: String, wrapper: [String] = []) throws -> Outcome {
    try Program(
      wrapper + ["/bin/sh", "-euc", text], in: folder(""),
      environment: ["FERRY": "\(Self.binaries)/ferry", "DIR": folder("")]
    ).finish()
  }
}

struct Outcome {
  var ending: Ending.Cause
  var output: String
  var messages: String

  var events: [JSONValue] {
    output.split(separator: "\n").compactMap { try? JSONValue.parse(String($0)) }
  }

  /// The names of the instances that were started, from `--json` events.
  var started: [String] {
    events.compactMap { $0["event"]?.string == "started" ? $0["name"]?.string : nil }
  }
}

/// A program that may still run; it is killed when this object goes.
final class Program {
  let process: pid_t
  private let descriptor: Int32
  private let folder: TemporaryDirectory
  private var isReaped = false

  init(_ words: [String], in directory: String, environment: [String: String]) throws {
    folder = try TemporaryDirectory("program")
    var words = words
    if !words[0].contains("/") { words[0] = "/usr/bin/\(words[0])" }
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC
    let output = open(folder("output"), flags, 0o644)
    let messages = open(folder("messages"), flags, 0o644)
    var variables: [String: String] = environment
    for name in ["PATH", "HOME"] where variables[name] == nil {
      variables[name] = getenv(name).map { String(cString: $0) }
    }
    var arguments = words.map { strdup($0) } + [nil]
    var pairs = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    process = ferry_spawn(words[0], &arguments, &pairs, directory, output, messages)
    for text in arguments + pairs { free(text) }
    close(output)
    close(messages)
    descriptor = ferry_process_descriptor(process)
    guard process > 0 else { throw Files.fault("run", words[0]) }
  }

  deinit {
    if !isReaped {
      kill(-process, SIGKILL)
      var usage = ferry_usage()
      _ = ferry_reap(process, &usage)
    }
    close(descriptor)
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Waits for the end; a program that hangs is killed after a minute.
  func finish() throws -> Outcome {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&watched, 1, 60_000) <= 0 {
      kill(-process, SIGKILL)
      Issue.record("a program did not end within a minute")
    }
    var usage = ferry_usage()
    _ = ferry_reap(process, &usage)
    isReaped = true
    let signal = Int(usage.status & 0x7F)
    return Outcome(
      ending: signal == 0 ? .exit(Int(usage.status >> 8 & 0xFF)) : .signal(signal),
      output: try Files.readText(folder("output")),
      messages: try Files.readText(folder("messages")))
  }
}

/// Waits until `condition` holds; false where it does not within twenty seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<2_000 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}

extension String {
  /// The path without its last components.
  fileprivate func components(above count: Int) -> String {
    (0..<count).reduce(self) { path, _ in Files.parent(of: path) }
  }
}
