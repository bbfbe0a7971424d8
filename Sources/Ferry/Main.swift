import Artifacts
import Glibc
import PipelineKit
import Platform

@main enum Main {
  /// Every command, in the order of help.
  static let commands: [Command] = [
    RunCommand.command, WatchCommand.command, StatusCommand.command, ExplainCommand.command,
    GraphCommand.command,
    ShowCommand.command, RowsCommand.command, HistoryCommand.command, DiffCommand.command,
    VerifyCommand.command, CollectCommand.command, DoctorCommand.command, SchemaCommand.command,
    InitCommand.command, NewCommand.command, ImportCommand.command, ImportPipelineCommand.command,
    CompletionsCommand.command,
    CompleteCommand.command,
  ]

  static func main() {
    Console.holdDescriptors()
    signal(SIGPIPE, SIG_IGN)
    exit(Console.exitStatus(dispatch(Array(CommandLine.arguments.dropFirst()))))
  }

  private static func dispatch(_ words: [String]) -> Int32 {
    guard let name = words.first else {
      Console.error(help)
      return Fault.Code.usage.rawValue
    }
    switch name {
    case "help" where words.contains("--json"):
      Console.print(
        JSONValue.object(["commands": .array(commands.filter { !$0.isHidden }.map(\.json))])
          .canonical + "\n")
      return 0
    case "help", "--help", "-h":
      let named = words.dropFirst().first.flatMap { word in commands.first { $0.name == word } }
      Console.print(named?.help ?? help)
      return 0
    case "--version", "version":
      Console.print("ferry \(ferryVersion)\n")
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
    if !command.isHidden, words.contains("--help") || words.contains("-h") {
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
    for command in commands where !command.isHidden {
      let pad = String(repeating: " ", count: max(2, 14 - command.name.count))
      text += "  \(command.name)\(pad)\(command.summary)\n"
    }
    return text + """

      'ferry COMMAND --help' tells more.

      exit status: 0 done; 1 a stage failed, or a check found something; 64 wrong usage; 65 a manifest,
      input or file is refused or missing; 69 unavailable; 74 reading or writing failed; 130 interrupted.

      """
  }
}
