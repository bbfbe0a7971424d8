import Artifacts
import PipelineKit
import Platform

enum SchemaCommand {
  static let command = Command(
    name: "schema", summary: "Print the JSON Schema of manifests, for editors.", operands: "",
    options: [Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    Console.print(try schema().pretty)
    return 0
  }

  /// The schema for the stages that can be found; one that does not describe itself is left out.
  static func schema() throws -> JSONValue {
    let catalogue = StageCatalogue(try State.inMemory())
    var contracts: [Contract] = []
    for name in catalogue.names {
      do { contracts.append(try catalogue.program(name).contract) } catch {
        Console.error("ferry: stage '\(name)' is left out: \(error)\n")
      }
    }
    return ManifestSchema.make(contracts)
  }
}

enum InitCommand {
  static let command = Command(
    name: "init", summary: "Begin a project: ferry.yaml and its schema.", operands: "[DIR]",
    options: [Command.json], run: { try run($0) })

  private static let manifest = """
    # yaml-language-server: $schema=ferry.schema.json
    ferry: 1
    name: first-steps
    variables: { word: hello }

    # Files and folders from outside, watched by content.
    sources:
      text: { path: text.txt }

    # Each stage runs when what it depends on has changed: 'ferry run', 'ferry status',
    # 'ferry explain count', 'ferry run --set word=hi'.
    stages:
      greeting:
        command: [sh, -c, 'printf "%s, " "$1" | cat - "$2" > "$3"', sh, "${word}", "${in.text}", "${out.letter}"]
        in: { text: sources.text }
        out: { letter: file }
      count:
        command: [sh, -c, 'wc -w < "$1" > "$2"', sh, "${in.letter}", "${out.words}"]
        in: { letter: greeting.letter }
        out: { words: file }

    """

  private static func run(_ arguments: Arguments) throws -> Int32 {
    let folder = arguments.operands.first ?? "."
    let path = Files.join(folder, "ferry.yaml")
    guard !Files.exists(path) else {
      throw Fault(.usage, "'\(path)' exists", remedy: "edit it, or begin in another folder")
    }
    try Files.makeDirectories(folder)
    try Files.write(manifest, to: path)
    let text = Files.join(folder, "text.txt")
    if !Files.exists(text) { try Files.write("this is a ferry\n", to: text) }
    let schema = Files.join(folder, "ferry.schema.json")
    try Files.write(try SchemaCommand.schema().pretty, to: schema)
    tell([path, text, schema], "now try 'ferry run' there", arguments)
    return 0
  }
}

/// Says which files a command has written.
private func tell(_ paths: [String], _ next: String, _ arguments: Arguments) {
  if arguments.has("json") {
    Console.print((["wrote": JSONValue(paths)] as JSONValue).canonical + "\n")
  } else {
    Console.print("wrote \(paths.joined(separator: ", ")); \(next)\n")
  }
}

enum NewCommand {
  static let command = Command(
    name: "new", summary: "Write a stage's folder that compiles.", operands: "stage NAME",
    options: [Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    guard arguments.operands.count == 2, arguments.operands[0] == "stage" else {
      throw Fault(.usage, "'ferry new' takes: stage NAME")
    }
    let name = arguments.operands[1]
    let words = name.split(separator: "-")
    guard !words.isEmpty,
      name.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }),
      name.first?.isLetter == true
    else {
      throw Fault(.usage, "'\(name)' cannot name a stage", remedy: "use a-z, 0-9 and '-'")
    }
    let type = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    let folder = "Sources/Stages/\(type)"
    guard Files.exists("Package.swift"), Files.isDirectory("Sources/Stages") else {
      throw Fault(
        .usage, "this is not the root of Ferry's sources",
        remedy: "go to the folder that holds Package.swift")
    }
    guard !Files.exists(folder) else { throw Fault(.usage, "'\(folder)' exists") }
    try declare(name, type)
    try Files.makeDirectories(folder)
    try Files.write(program(name, type), to: "\(folder)/Main.swift")
    tell(
      ["\(folder)/Main.swift", "Package.swift"],
      "build it with 'swift build --product ferry-\(name)'", arguments)
    return 0
  }

  /// Adds the stage's line to the package, after the last one.
  private static func declare(_ name: String, _ type: String) throws {
    var lines = try Files.readText("Package.swift")
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let last = lines.lastIndex(where: { $0.hasPrefix("    stage(") }) else {
      throw Fault(.badInput, "Package.swift has no line that begins with 'stage('")
    }
    lines.insert("    stage(\"\(name)\", in: \"\(type)\", [\"Artifacts\"]),", at: last + 1)
    try Files.replace("Package.swift", with: lines.joined(separator: "\n").utf8)
  }

  private static func program(_ name: String, _ type: String) -> String {
    // The lines are put together here so that nobody takes them for imports of this file.
    ["Artifacts", "Platform", "StageKit"].map { "import \($0)\n" }.joined() + """

      /// `ferry-\(name)`: copies a file.
      @main struct \(type): Stage {
        static let contract = Contract(
          name: "\(name)", revision: 1, summary: "Copy a file.",
          parameters: [
            ContractParameter(
              "limit", .integer, default: 1_000_000, minimum: 1, help: "The most bytes to copy.")
          ],
          inputs: [ContractPort("file", kind: "files", help: "The file to copy.")],
          outputs: [ContractPort("copy", kind: "files", help: "The copy, as 'file'.")])

        static func run(_ context: StageContext) throws {
          let path = context.input("file")
          let bytes = try Files.read(path, limit: context.parameters.integer("limit"))
          try Files.write(bytes, to: Files.join(context.output("copy"), "file"))
          try context.seal("copy", rows: ["files": 1])
        }
      }

      """
  }
}
