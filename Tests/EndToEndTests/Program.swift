import Foundation

/// What a finished program left behind.
struct Outcome {
  var status: Int32
  var output: String
  var messages: String
}

/// Ferry's executables, run as a user runs them.
enum Program {
  /// Where the executables of this build are.
  static let directory: URL = {
    if let path = ProcessInfo.processInfo.environment["FERRY_BINARIES"] {
      return URL(fileURLWithPath: path)
    }
    return root.appendingPathComponent(".build/release")
  }()

  /// The project's folder.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Runs a program to its end.
  static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = try start(name, arguments, environment: environment)
    return process.finish()
  }

  /// Starts a program whose output is collected.
  static func start(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> RunningProgram {
    try RunningProgram(
      directory.appendingPathComponent(name), arguments, environment: environment)
  }
}

/// A program that may still run.
final class RunningProgram {
  let process = Process()
  private let folder: URL
  private let output: URL
  private let messages: URL

  init(_ executable: URL, _ arguments: [String], environment: [String: String]) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("ferry-output-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    output = folder.appendingPathComponent("output")
    messages = folder.appendingPathComponent("messages")
    for file in [output, messages] {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    }
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: messages)
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func finish() -> Outcome {
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: (try? String(contentsOf: output, encoding: .utf8)) ?? "",
      messages: (try? String(contentsOf: messages, encoding: .utf8)) ?? "")
  }
}
