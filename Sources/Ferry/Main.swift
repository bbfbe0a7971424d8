import Artifacts
import PipelineKit
import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@main enum Main {
  static let version = "0.1.0"

  /// Every command, in the order of help.
  static let commands: [Command] = [
    RunCommand.command, StatusCommand.command, ExplainCommand.command, GraphCommand.command,
    ShowCommand.command, RowsCommand.command, HistoryCommand.command, DiffCommand.command,
    VerifyCommand.command, CollectCommand.command, DoctorCommand.command, SchemaCommand.command,
    InitCommand.command, NewCommand.command, ImportCommand.command, CompletionsCommand.command,
  ]

  static func main() {
    signal(SIGPIPE, SIG_IGN)
    exit(dispatch(Array(CommandLine.arguments.dropFirst())))
  }

  private static func dispatch(_ words: [String]) -> Int32 {
    guard let name = words.first else {
      Console.error(help)
      return Fault.Code.usage.rawValue
    }
    switch name {
    case "help" where words.contains("--json"):
      Console.print(JSONValue.object(["commands": .array(commands.map(\.json))]).canonical + "\n")
      return 0
    case "help", "--help", "-h":
      let named = words.dropFirst().first.flatMap { word in commands.first { $0.name == word } }
      Console.print(named?.help ?? help)
      return 0
    case "--version", "version":
      Console.print("ferry \(version)\n")
      return 0
    default: break
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      let near = nearestWord(to: name, among: commands.map(\.name))
      Console.error(
        "ferry: there is no command '\(name)'; "
          + (near.map { "did you mean '\($0)'?" } ?? "see 'ferry help'") + "\n")
      return Fault.Code.usage.rawValue
    }
    if words.contains("--help") || words.contains("-h") {
      Console.print(command.help)
      return 0
    }
    return run(command, Array(words.dropFirst()))
  }

  private static func run(_ command: Command, _ words: [String]) -> Int32 {
    do {
      return try command.run(try Arguments(words, of: command))
    } catch let faults as Faults {
      Console.error(faults.description + "\n")
      let count = faults.list.count
      Console.error("ferry: \(count) fault\(count == 1 ? "" : "s"); nothing was run\n")
      let isUsage = faults.list.allSatisfy { $0.code == .usage }
      return (isUsage ? Fault.Code.usage : .badInput).rawValue
    } catch let fault as Fault {
      Console.error("ferry: \(fault)\n")
      return fault.code == .missingInput ? Fault.Code.badInput.rawValue : fault.code.rawValue
    } catch {
      Console.error("ferry: \(error)\n")
      return Fault.Code.internal.rawValue
    }
  }

  private static var help: String {
    var text =
      "Brings a pipeline's results up to date.\n\nusage: ferry COMMAND [...]\n\ncommands:\n"
    for command in commands {
      let pad = String(repeating: " ", count: max(2, 14 - command.name.count))
      text += "  \(command.name)\(pad)\(command.summary)\n"
    }
    return text + "\n'ferry COMMAND --help' tells more.\n"
  }
}

/// Standard output and standard error.
enum Console {
  static let isTerminal = isatty(STDERR_FILENO) == 1

  static func print(_ text: String) { write(text, STDOUT_FILENO) }

  static func error(_ text: String) { write(text, STDERR_FILENO) }

  private static func write(_ text: String, _ descriptor: Int32) {
    Array(text.utf8).withUnsafeBytes {
      try? Files.writeAll($0, to: descriptor, path: "standard output")
    }
  }

  /// Columns of the terminal, as it is now.
  static var width: Int { size.ws_col > 20 ? Int(size.ws_col) : 80 }

  /// Lines of the terminal, as it is now.
  static var height: Int { size.ws_row > 3 ? Int(size.ws_row) : 24 }

  private static var size: winsize {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? size : winsize()
  }
}
