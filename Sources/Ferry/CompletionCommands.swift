import PipelineKit
import Platform

enum CompletionsCommand {
  static let shells = ["bash", "zsh", "fish"]

  static let command = Command(
    name: "completions", summary: "Print completions for bash, zsh or fish.", operands: "SHELL",
    options: [], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    switch arguments.operands.first {
    case "bash": Console.data(bash)
    case "zsh": Console.data("autoload -U +X bashcompinit && bashcompinit\n" + bash)
    case "fish": Console.data(fish)
    default: throw Fault(.usage, "'ferry completions' takes bash, zsh or fish")
    }
    return 0
  }

  /// Asks the driver itself; where it knows nothing, names of files are offered.
  private static let bash = """
    _ferry() {
      local IFS=$'\\n' word="${COMP_WORDS[COMP_CWORD]}"
      [ "$word" = "=" ] && word=""
      COMPREPLY=($("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
      [ "${#COMPREPLY[@]}" -eq 0 ] && COMPREPLY=($(compgen -f -- "$word"))
      case "${COMPREPLY[0]}" in *=) compopt -o nospace 2>/dev/null ;; esac
      return 0
    }
    complete -F _ferry ferry

    """

  private static var fish: String {
    var text = ""
    for command in Main.commands where !command.isHidden {
      text += "complete -c ferry -n __fish_use_subcommand -a \(command.name) "
      text += "-d '\(command.summary.replacing("'", with: "\\'"))'\n"
      for option in command.options {
        text += "complete -c ferry -n '__fish_seen_subcommand_from \(command.name)' "
        text += "-l \(option.name)\(option.value == nil ? "" : " -r") "
        text += "-d '\(option.help.replacing("'", with: "\\'"))'\n"
      }
    }
    return text + """
      complete -c ferry -n 'not __fish_use_subcommand' \
      -a '(ferry complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'

      """
  }
}

/// The completions that a shell may put in place of the last word.
enum CompleteCommand {
  static let command = Command(
    name: "complete", summary: "List what the last word may become; shells call it.",
    operands: "WORD...", options: [], isHidden: true, run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    // A shell that takes '=' for a word of its own gives three words for one.
    let words = arguments.operands.filter { $0 != "=" }
    let isValue = arguments.operands.last == "="
    let word = isValue ? "" : words.last ?? ""
    let before = isValue ? words : words.dropLast()
    for candidate in candidates(Array(before), word) where candidate.hasPrefix(word) {
      Console.print("\(candidate)\n")
    }
    return 0
  }

  private static func candidates(_ before: [String], _ word: String) -> [String] {
    guard let name = before.first else {
      return Main.commands.filter { !$0.isHidden }.map(\.name) + ["help"]
    }
    if name == "help" { return Main.commands.filter { !$0.isHidden }.map(\.name) }
    guard let command = Main.commands.first(where: { $0.name == name }) else { return [] }
    if let last = before.last, last.hasPrefix("--"),
      let option = command.options.first(where: { "--\($0.name)" == last }), option.value != nil
    {
      return values(of: option, manifest(before))
    }
    if word.hasPrefix("-") { return (command.options.map(\.name) + ["help"]).map { "--\($0)" } }
    return operands(of: command, before, word)
  }

  private static func manifest(_ before: [String]) -> String {
    before.first { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") } ?? "ferry.yaml"
  }

  private static func values(of option: Option, _ manifest: String) -> [String] {
    switch option.value {
    case "STAGE": return ManifestNames(manifest).stages
    case "NAME=VALUE":
      let names = ManifestNames(manifest)
      return names.variables.map { "\($0)=" } + names.parameters.map { "\($0)=" }
    default: return option.choices
    }
  }

  private static func operands(
    of command: Command, _ before: [String], _ word: String
  ) -> [String] {
    var candidates: [String] = []
    if command.name == "completions" { candidates += CompletionsCommand.shells }
    if command.name == "new" { candidates.append("stage") }
    if command.operands.contains("TARGET") || command.operands.contains("STAGE") {
      candidates += ManifestNames(manifest(before)).stages
    }
    if command.operands.hasPrefix("[MANIFEST]"), before.count == 1 {
      let folder = word.contains("/") ? Files.parent(of: word + "x") : "."
      for name in (try? Files.list(folder)) ?? [] {
        let path = folder == "." ? name : Files.join(folder, name)
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { candidates.append(path) }
        if Files.isDirectory(path), !name.hasPrefix(".") { candidates.append(path + "/") }
      }
    }
    return candidates
  }
}
