import Artifacts
import Platform

/// One instance of a stage: what runs, on what, and what its action key is made of.
public final class Job: Sendable {
  /// A value on one axis of a sweep.
  public struct Axis: Sendable, Equatable {
    public var name: String
    public var value: JSONValue
  }

  /// The origin of an artifact on an input port.
  public enum Origin: Sendable, Hashable {
    /// A source, by its index in the plan.
    case source(Int)
    /// An output port of another job, by the job's index in the plan.
    case job(Int, port: String)
  }

  public struct Input: Sendable {
    public var port: String
    /// Whether the port takes a list, so that its order counts.
    public var several: Bool
    public var origins: [Origin]
  }

  public struct Output: Sendable, Equatable {
    /// How an output's bytes make its digest.
    public enum Form: String, Sendable {
      /// A directory that `artifact.json` describes.
      case artifact
      /// One file of any kind.
      case file
      /// A directory of any files.
      case files
    }

    public var port: String
    public var kind: String
    public var schema: Int
    public var form: Form
    /// The file name extension, such as `.csv`; empty for the port's name alone.
    public var suffix = ""

    /// The name of its file or folder.
    public var name: String { port + suffix }
  }

  public enum Program: Sendable {
    case stage(StageProgram)
    /// The program and its arguments; references to ports are filled in at launch.
    case command([CommandWord])
  }

  public let index: Int
  /// The name under `stages:`.
  public let stage: String
  public let axes: [Axis]
  /// `train`, or `train[seed=1]`.
  public let name: String
  public let place: Fault.Place
  public let program: Program
  /// Sorted by port.
  public let inputs: [Input]
  /// Sorted by port.
  public let outputs: [Output]
  /// Every parameter's value, those that cannot change the output included.
  public let parameters: [String: JSONValue]
  public let environment: [String: String?]
  public let resources: Resources
  public let retries: Int
  public let timeout: Double?
  public let intermediate: Bool
  /// Whether it runs in every run, its result known or not.
  public let always: Bool
  /// The folder that a command runs in, from the manifest's folder; nil for that itself.
  public let directory: String?
  /// Words before the program, such as a container's.
  public let wrapper: [CommandWord]
  /// Further places it may write to; they are not part of its key.
  public let writes: [String]
  /// The digest of the executable, under `pin: binary`.
  let binary: Digest?

  init(
    index: Int, stage: String, axes: [Axis], name: String, place: Fault.Place, program: Program,
    inputs: [Input], outputs: [Output], parameters: [String: JSONValue],
    environment: [String: String?], resources: Resources, retries: Int, timeout: Double?,
    intermediate: Bool, always: Bool, directory: String?, wrapper: [CommandWord],
    writes: [String], binary: Digest?
  ) {
    self.index = index
    self.stage = stage
    self.axes = axes
    self.name = name
    self.place = place
    self.program = program
    self.inputs = inputs
    self.outputs = outputs
    self.parameters = parameters
    self.environment = environment
    self.resources = resources
    self.retries = retries
    self.timeout = timeout
    self.intermediate = intermediate
    self.always = always
    self.directory = directory
    self.wrapper = wrapper
    self.writes = writes
    self.binary = binary
  }

  /// `artifacts/train/seed=1`, below the workspace.
  public var folder: String {
    guard !axes.isEmpty else { return "artifacts/" + stage }
    let names = axes.filter(\.isNamed).map { "\($0.name)=\(fileName($0.value.plainText))" }
    let path = (["artifacts", stage] + names).joined(separator: "/")
    // Together with the workspace's own path it stays below what the kernel takes.
    guard path.utf8.count > 1_024 else { return path }
    return "artifacts/\(stage)/\(shortened(Array(names.joined(separator: ",").utf8)))"
  }

  /// The path of an output's link, below the workspace.
  public func link(_ port: String) -> String {
    "\(folder)/\(outputs.first { $0.port == port }?.name ?? port)"
  }

  /// The jobs whose outputs this one takes, each once.
  var producers: [Int] {
    var producers: [Int] = []
    for input in inputs {
      for case .job(let index, _) in input.origins { producers.append(index) }
    }
    return producers.count > 1 ? Set(producers).sorted() : producers
  }

  static func name(_ stage: String, _ axes: [Axis]) -> String {
    guard !axes.isEmpty else { return stage }
    let named = axes.filter(\.isNamed)
    guard !named.isEmpty else { return stage }
    return "\(stage)[\(named.map { "\($0.name)=\($0.value.plainText)" }.joined(separator: ","))]"
  }
}

extension Job.Axis {
  /// Lists and maps on an axis stay out of names and paths.
  var isNamed: Bool {
    switch value {
    case .array, .object: false
    default: true
    }
  }
}

/// A word of a command line, in pieces.
public struct CommandWord: Sendable, Equatable {
  public enum Part: Sendable, Equatable {
    case text(String)
    case input(String)
    case output(String)
    /// The project's folder or the workspace; its path is not part of a key.
    case place(Place)
  }
  public enum Place: String, Sendable, CaseIterable {
    case project
    case workspace
  }
  public var parts: [Part]
}

/// The resources that a job needs while it runs.
public struct Resources: Sendable, Equatable {
  /// Processors; nil shares what is free.
  public var cpu: Int?
  /// Bytes.
  public var memory = 0
  public var gpu = 0
  public var tokens: [String: Int] = [:]

  package init() {}
}

/// A stage's executable and what it says of itself.
public final class StageProgram: Sendable {
  public let path: String
  public let status: Files.Status
  public let contract: Contract

  public init(path: String, status: Files.Status, contract: Contract) {
    self.path = path
    self.status = status
    self.contract = contract
  }
}

/// A name whose end, where it is long, is a digest of the whole: a file system takes 255 bytes.
private func shortened(_ name: [UInt8]) -> String {
  guard name.count > 160 else { return String(decoding: name, as: UTF8.self) }
  var kept = name[..<120]
  while let last = kept.last, last & 0xC0 == 0x80 { kept.removeLast() }
  if let last = kept.last, last >= 0xC0 { kept.removeLast() }
  return String(decoding: kept, as: UTF8.self) + "~" + Digest(hashing: name).hex.prefix(24)
}

/// `text` with what a file name cannot hold written as `%XX`, shortened where it is long.
func fileName(_ text: String) -> String {
  let hex = Array("0123456789ABCDEF".utf8)
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    if byte <= 0x20 || byte == 0x7F || "/%[],=*?\\".utf8.contains(byte) {
      bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
    } else {
      bytes.append(byte)
    }
  }
  if bytes.first == UInt8(ascii: ".") { bytes.replaceSubrange(0..<1, with: "%2E".utf8) }
  return bytes.isEmpty ? "%" : shortened(bytes)
}
