@_exported import ArgumentParser
import Artifacts
import Glibc
import Platform

/// A stage: a contract and what it does.
///
/// `@main struct Align: Stage { ... }` is a whole executable with `describe`, `run` and `help`.
public protocol Stage {
  /// The stage's contract.
  static var contract: Contract { get }

  /// Commands of this stage besides `describe` and `run`.
  static var verbs: [any ParsableCommand.Type] { get }

  /// What `ferry doctor` should know of the stage on this machine, such as the kernels it uses.
  static func examination() -> [StageFinding]

  /// Does the work: reads `context`'s inputs and seals its outputs.
  /// - Throws: `Fault`; nothing is published then.
  static func run(_ context: StageContext) throws
}

extension Stage {
  public static var verbs: [any ParsableCommand.Type] { [] }

  public static func examination() -> [StageFinding] { [] }

  /// The executable's entry point.
  public static func main() {
    Interruption.watch()
    do {
      var command = try StageCommand<Self>.parseAsRoot()
      try command.run()
    } catch {
      StageCommand<Self>.finish(error)
    }
  }
}

struct StageCommand<S: Stage>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "ferry-\(S.contract.name)", abstract: S.contract.summary,
      discussion: StageHelp.text(S.contract), version: ferryVersion,
      subcommands: [
        DescribeCommand<S>.self, RunCommand<S>.self, ExamineCommand<S>.self,
      ] + S.verbs)
  }

  /// Ends the process with the error's exit status, after saying what is wrong.
  static func finish(_ error: any Error) -> Never {
    let name = "ferry-\(S.contract.name)"
    switch error {
    case let fault as Fault:
      StageConsole.shared.fault(fault, program: name)
      // Inputs may still be digested on another thread, and what libraries free as a process exits
      // would go from under it.
      fflush(nil)
      _exit(fault.code.rawValue)
    case let problems as ContractProblems:
      for problem in problems.problems {
        StageConsole.shared.fault(Fault(.usage, problem.description), program: name)
      }
      StageCommand.exit(withError: ExitCode(Fault.Code.usage.rawValue))
    default: StageCommand.exit(withError: error)
    }
  }
}

struct DescribeCommand<S: Stage>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "describe", abstract: "Print the contract.")
  }

  enum Format: String, ExpressibleByArgument, CaseIterable { case json, markdown, man }

  @Option(help: "How to print it.")
  var format = Format.json

  func run() throws {
    switch format {
    case .json: print(S.contract.json.pretty, terminator: "")
    case .markdown: print(StageReference.markdown(S.contract), terminator: "")
    case .man: print(StageManual.text(S.contract), terminator: "")
    }
  }
}

struct RunCommand<S: Stage>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "run", abstract: S.contract.summary, discussion: StageHelp.text(S.contract))
  }

  @Option(name: .customLong("in"), help: .init("An input.", valueName: "port=path"))
  var inputs: [String] = []

  @Option(name: .customLong("out"), help: .init("An output.", valueName: "port=dir"))
  var outputs: [String] = []

  @Option(
    name: .customLong("set"), help: .init("A parameter; the value is YAML.", valueName: "key=value")
  )
  var settings: [String] = []

  @Option(help: .init("Parameters from a JSON file; --set wins.", valueName: "file"))
  var parameters: String?

  @Option(
    name: .customLong("state"), help: .init("Keep what survives a kill here.", valueName: "dir"))
  var state: String?

  @Option(help: .init("Keep per-item results here for other runs.", valueName: "dir"))
  var reuse: String?

  @Option(help: "Threads; the output does not depend on it.")
  var threads = Parallel.processors

  @Flag(help: "Replace outputs that exist.")
  var replace = false

  @Flag(help: "Write one JSON event a line to standard output.")
  var json = false

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads takes 1 to 1024") }
  }

  func run() throws {
    StageConsole.shared.start(stage: S.contract.name, json: json)
    let request = try StageRequest(
      contract: S.contract, inputs: inputs, outputs: outputs, settings: settings,
      parametersFile: parameters)
    let publication = try Publication(outputs: request.outputs, replace: replace)
    let context = StageContext(
      contract: S.contract, request: request, publication: publication, threads: threads,
      stateDirectory: state, reuseDirectory: reuse)
    do {
      if let state { try Files.makeDirectories(state) }
      if let reuse { try Files.makeDirectories(reuse) }
      try S.run(context)
      try context.checkCancellation()
      let digests = try context.publish()
      StageConsole.shared.finished(digests)
    } catch {
      publication.discard()
      throw error
    }
  }
}
