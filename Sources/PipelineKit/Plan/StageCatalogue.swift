import Artifacts
import Glibc
import Platform

/// Finds stages' executables, `ferry-<stage>`, and asks each for its contract once.
///
/// They are looked for beside the driver, in the folder FERRY_STAGES, and on PATH, in this order.
public final class StageCatalogue: ContractCatalogue {
  private let state: State
  private let trees: Trees
  private let folders: [String]

  public init(_ state: State) {
    self.state = state
    trees = Trees(state, threads: 1)
    folders = Self.searchPath
  }

  /// The folders in which executables are looked for, in order.
  static var searchPath: [String] {
    let beside = Files.parent(of: Files.resolve("/proc/self/exe"))
    let path = (environmentValue("PATH") ?? "").split(separator: ":").map(String.init)
    return [beside] + [environmentValue("FERRY_STAGES")].compactMap { $0 } + path
  }

  /// The path of a stage's executable.
  static func find(_ stage: String, in folders: [String]) -> String? {
    guard isName(stage) else { return nil }
    return folders.lazy.map { Files.join($0, "ferry-\(stage)") }.first { isExecutable($0) }
  }

  /// The names of all stages that can be found, sorted.
  public var names: [String] {
    var names: Set<String> = []
    for folder in folders {
      for file in (try? Files.list(folder)) ?? [] where file.hasPrefix("ferry-") {
        let name = String(file.dropFirst("ferry-".count))
        if isName(name), isExecutable(Files.join(folder, file)) { names.insert(name) }
      }
    }
    return names.sorted()
  }

  public func program(_ stage: String) throws -> StageProgram {
    guard let path = Self.find(stage, in: folders), let status = Files.status(path) else {
      throw Fault(
        .badInput, "there is no stage '\(stage)': no executable 'ferry-\(stage)' is found",
        remedy: suggestion(for: stage, among: names)
          ?? "build the stages beside ferry, or name their folder in FERRY_STAGES")
    }
    let stamp = FileStamp(status)
    if let contract = try? state.contract(path, stamp: stamp) {
      return StageProgram(path: path, status: status, contract: contract)
    }
    let contract = try Self.describe(path)
    guard contract.name == stage else {
      throw Fault(.badInput, "'\(path)' describes itself as the stage '\(contract.name)'")
    }
    try state.remember(contract, of: path, stamp: stamp)
    return StageProgram(path: path, status: status, contract: contract)
  }

  /// Asks an executable for its contract.
  static func describe(_ path: String) throws -> Contract {
    let bytes = try capture([path, "describe"], limit: 16 << 20, seconds: 30)
    return try Contract(json: JSONValue.parse(bytes, file: path), file: path)
  }

  public func digest(ofFile path: String) throws -> Digest {
    try trees.digest(Files.resolve(path))
  }
}
