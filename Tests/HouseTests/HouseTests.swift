import Foundation
import Testing

/// Holds the package to its floors: imports go downward only, and only where declared.
@Suite struct HouseTests {
  /// The floor of each room; see docs/architecture.md.
  static let floors: [String: Int] = [
    "CYAML": 0, "CArchive": 0, "CJPEG": 0, "CPNG": 0, "CTIFF": 0, "CWebP": 0,
    "CSQLite": 0, "CCrypto": 0,
    "CKernels": 0, "CCodecs": 0, "CProcess": 0, "CCurl": 0, "CTransfer": 0, "Platform": 0,
    "Artifacts": 1, "Archives": 1, "YAML": 1, "Tensors": 1, "Imaging": 1, "Plotting": 1,
    "Projection": 1, "ONNX": 1,
    "Neural": 2, "PipelineKit": 2, "StageKit": 2, "Weights": 2, "Downloads": 2,
    "Samples": 2,
    "Faces": 3, "Language": 3, "Portraits": 3, "Networks": 3,
    "Datasets": 3, "Metrics": 3,
    "Methods": 4, "Reporting": 4,
    "Training": 5,
    "Stages": 6,
    "Ferry": 7,
  ]

  /// Modules of the toolchain and of packages, by the rooms that may import them.
  static let outside: Set<String> = [
    "Glibc", "Synchronization", "ArgumentParser", "PackageDescription",
  ]

  /// Rooms that may import Foundation; it stays out of all others (start-up time, hot paths).
  static let foundationRooms: Set<String> = []

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  struct ImportLine {
    var file: String
    var room: String
    var module: String
  }

  static func imports() throws -> [ImportLine] {
    let sources = root.appendingPathComponent("Sources")
    var found: [ImportLine] = []
    let paths = try #require(FileManager.default.enumerator(atPath: sources.path))
    for case let path as String in paths where path.hasSuffix(".swift") {
      let parts = path.split(separator: "/").map(String.init)
      let text = try String(contentsOf: sources.appendingPathComponent(path), encoding: .utf8)
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
        guard words.first == "import", words.count >= 2 else { continue }
        let module = words[words.count - 1].split(separator: ".")[0]
        found.append(ImportLine(file: path, room: parts[0], module: String(module)))
      }
    }
    return found
  }

  /// The declared dependencies by room; a stage's are listed under `Stages/<Folder>`.
  static func declared() throws -> [String: Set<String>] {
    let manifest = try String(
      contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
    var declared: [String: Set<String>] = [:]
    let room = /room\(\s*"(\w+)",\s*\[([^\]]*)\]/
    for match in manifest.matches(of: room) {
      declared[String(match.1)] = names(in: match.2)
    }
    let stage = /stage\(\s*"[\w-]+",\s*in:\s*"(\w+)",\s*\[([^\]]*)\]/
    for match in manifest.matches(of: stage) {
      declared["Stages/\(match.1)"] = names(in: match.2).union(["Platform", "StageKit"])
    }
    let driver = /name:\s*"ferry",\s*dependencies:\s*\[([^\]]*)\],\s*path/
    if let match = manifest.firstMatch(of: driver) { declared["Ferry"] = names(in: match.1) }
    return declared
  }

  static func names(in list: Substring) -> Set<String> {
    Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
  }

  @Test func importsGoDownward() throws {
    let imports = try Self.imports()
    #expect(imports.count > 50, "the sources were not found")
    for line in imports {
      guard let floor = Self.floors[line.module] else { continue }
      let own = try #require(Self.floors[line.room], "\(line.room) has no floor")
      #expect(floor < own, "\(line.file) imports \(line.module), which is not on a lower floor")
    }
  }

  @Test func importsAreDeclared() throws {
    let declared = try Self.declared()
    for line in try Self.imports() where Self.floors[line.module] != nil {
      let parts = line.file.split(separator: "/")
      let room = line.room == "Stages" ? "Stages/\(parts[1])" : line.room
      let names = try #require(declared[room], "\(room) is not declared in Package.swift")
      #expect(names.contains(line.module), "\(line.file) imports \(line.module) undeclared")
    }
  }

  @Test func importsAreKnown() throws {
    for line in try Self.imports() where Self.floors[line.module] == nil {
      let allowed =
        Self.outside.contains(line.module)
        || (line.module == "Foundation" && Self.foundationRooms.contains(line.room))
      #expect(allowed, "\(line.file) imports \(line.module)")
    }
  }

  @Test func everyRoomIsDocumented() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("docs/architecture.md"), encoding: .utf8)
    for room in Self.floors.keys where !room.hasPrefix("C") || room == "CKernels" {
      #expect(page.contains("`\(room)`"), "docs/architecture.md does not name \(room)")
    }
  }

  /// Files that may name a network: defaults of parameters, and an example in a parameter's help.
  static let namingNetworks: Set<String> = [
    "Sources/Training/TrainingOptions.swift",
    "Sources/Stages/Train/TrainContract.swift",
    "Sources/Stages/Embed/EmbedContract.swift", "Benchmarks/Training/Main.swift",
  ]

  /// Adding a network touches one folder: nothing else in the sources knows a network by its name.
  @Test func networksAreNamedInTheirFolders() throws {
    let room = "Sources/Networks/"
    var names: Set<String> = []
    var named: Set<String> = []
    var files: [(path: String, text: String)] = []
    for folder in ["Sources", "Benchmarks", "Fuzz"] {
      let top = Self.root.appendingPathComponent(folder)
      let paths = try #require(FileManager.default.enumerator(atPath: top.path))
      for case let path as String in paths where path.hasSuffix(".swift") {
        let text = try String(contentsOf: top.appendingPathComponent(path), encoding: .utf8)
        files.append(("\(folder)/\(path)", text))
      }
    }
    for (path, text) in files where path.hasPrefix(room) {
      let found = text.matches(of: /\bkind\(\s*"([\w-]+)"/).map { String($0.1) }
      names.formUnion(found)
      if !found.isEmpty { named.insert(String(path.dropFirst(room.count).prefix { $0 != "/" })) }
    }
    #expect(names.isSuperset(of: ["resnet18", "swin-t", "vit-b-16"]))
    let folders = Set(
      files.map(\.path).filter { $0.hasPrefix(room) }.map { $0.dropFirst(room.count) }
        .filter { $0.contains("/") }.map { String($0.prefix { $0 != "/" }) })
    #expect(named == folders, "each folder of Networks holds a family")
    for (path, text) in files
    where !path.hasPrefix(room) && !Self.namingNetworks.contains(path) {
      let words = Set(
        text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.map(String.init))
      let own = names.intersection(words)
      #expect(own.isEmpty, "\(path) names \(own.sorted()): ask EncoderCatalogue instead")
    }
  }

  /// Files that may have a text encoder's name in quotes: how its weights are imported and fetched,
  /// what the paper publishes, and other things of the same name.
  static let namingTextEncoders = [
    "Sources/Weights/", "Sources/Reporting/Published/", "Sources/Datasets/Clips/",
    "Sources/Stages/Align/Main.swift", "Sources/Stages/Synthesize/VideoWriter.swift",
  ]

  /// Adding a text encoder touches one folder: nothing else in the sources knows one by its name.
  @Test func textEncodersAreNamedInTheirFolders() throws {
    let room = "Sources/Language/Families/"
    var (names, named, folders): (Set<String>, Set<String>, Set<String>) = ([], [], [])
    var files: [(path: String, text: String)] = []
    let top = Self.root.appendingPathComponent("Sources")
    let paths = try #require(FileManager.default.enumerator(atPath: top.path))
    for case let path as String in paths where path.hasSuffix(".swift") {
      let text = try String(contentsOf: top.appendingPathComponent(path), encoding: .utf8)
      files.append(("Sources/\(path)", text))
    }
    for (path, text) in files where path.hasPrefix(room) {
      let family = String(path.dropFirst(room.count).prefix { $0 != "/" })
      let found = text.matches(of: /\bkind\(\s*"([\w-]+)"/).map { String($0.1) }
      names.formUnion(found)
      folders.insert(family)
      if !found.isEmpty { named.insert(family) }
    }
    #expect(names.isSuperset(of: ["clip", "align", "blip", "sentence"]))
    #expect(named == folders, "each folder of Families holds a family")
    for (path, text) in files
    where !path.hasPrefix(room) && !Self.namingTextEncoders.contains(where: path.hasPrefix) {
      let own = names.filter { text.contains("\"\($0)\"") }.sorted()
      #expect(own.isEmpty, "\(path) names \(own): ask TextEncoderCatalogue instead")
    }
  }

  /// Files that may name a method in quotes: the prompts of its paper, and what the papers publish.
  static let namingMethods = [
    "Sources/Language/Prompts/PromptTemplate.swift", "Sources/Reporting/Published/",
  ]

  /// Adding a method touches one folder: nothing else in the sources knows a method or its losses
  /// by name.
  @Test func methodsAreNamedInTheirFolders() throws {
    let room = "Sources/Methods/"
    var (names, words): (Set<String>, Set<String>) = ([], [])
    var named: Set<String> = []
    var files: [(path: String, text: String)] = []
    let top = Self.root.appendingPathComponent("Sources")
    let paths = try #require(FileManager.default.enumerator(atPath: top.path))
    for case let path as String in paths where path.hasSuffix(".swift") {
      let text = try String(contentsOf: top.appendingPathComponent(path), encoding: .utf8)
      files.append(("Sources/\(path)", text))
    }
    for (path, text) in files where path.hasPrefix(room) {
      for match in text.matches(of: /MethodKind\(\s*"([\w-]+)"/) {
        names.insert(String(match.1))
        named.insert(String(path.dropFirst(room.count).prefix { $0 != "/" }))
      }
      words.formUnion(text.matches(of: /LossTerm\("(\w+)"/).map { String($0.1) })
    }
    #expect(names.isSuperset(of: ["discrete", "knowledge-enhanced"]))
    #expect(words.isSuperset(of: ["similarity", "transformation", "self_contrast"]))
    let folders = Set(
      files.map(\.path).filter { $0.hasPrefix(room) }
        .map { String($0.dropFirst(room.count).prefix { $0 != "/" }) })
    #expect(named == folders.subtracting(["Common"]), "each folder of Methods holds a method")
    let quoted = names.union(words).union(words.map { "loss_\($0)" })
    for (path, text) in files
    where !named.contains(where: { path.hasPrefix("\(room)\($0)/") })
      && !Self.namingMethods.contains(where: path.hasPrefix)
    {
      let code = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
        .joined(separator: "\n")
      let own = quoted.filter { code.contains("\"\($0)\"") }
      #expect(own.isEmpty, "\(path) names \(own.sorted()): ask MethodCatalogue instead")
    }
  }

  @Test func filesStayReadable() throws {
    let sources = Self.root.appendingPathComponent("Sources")
    let paths = try #require(FileManager.default.enumerator(atPath: sources.path))
    for case let path as String in paths
    where [".swift", ".c", ".h"].contains(where: path.hasSuffix) {
      let text = try String(contentsOf: sources.appendingPathComponent(path), encoding: .utf8)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 450, "\(path) has \(lines) lines")
    }
  }
}
