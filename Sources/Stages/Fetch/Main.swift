import Artifacts
import Downloads
import Glibc
import Platform
import StageKit
import Weights

/// Downloads files by address and digest.
@main struct Fetch: Stage {
  static let contract = Contract(
    name: "fetch", revision: 1,
    summary: "Download files by URL and SHA-256; resumes and verifies.",
    parameters: [
      ContractParameter(
        "known", .list(.string), default: .array([]),
        help: "Names of known weights; ferry-fetch list prints them."),
      ContractParameter(
        "files", .list(.map), default: .array([]),
        help: "Other files: {url, sha256, size?, name?, licence?}."),
      ContractParameter(
        "offline", .boolean, default: false, affectsOutput: false,
        help: "Take files from --reuse only; the variable FERRY_OFFLINE=1 does the same."),
      ContractParameter(
        "retries", .integer, default: 5, minimum: 0, maximum: 100, affectsOutput: false,
        help: "Attempts in a row that bring nothing before giving up."),
      ContractParameter(
        "first_wait", .number, default: 1, minimum: 0, maximum: 3600, affectsOutput: false,
        help: "Seconds before the first repetition; doubled each time, up to a minute."),
      ContractParameter(
        "stall", .integer, default: 60, minimum: 1, maximum: 3600, affectsOutput: false,
        help: "Seconds without a byte before an attempt ends."),
      ContractParameter(
        "size_limit", .integer, default: .integer(16 << 30), minimum: 1, affectsOutput: false,
        help: "Bytes of a file whose size is not stated."),
    ],
    outputs: [ContractPort("files", help: "The files, under their names.")])

  static var verbs: [any ParsableCommand.Type] { [ListCommand.self] }

  static func run(_ context: StageContext) throws {
    let wanted = try WantedFile.all(context.parameters)
    let options = try options(context.parameters)
    let isOffline = context.parameters.boolean("offline") || variable("FERRY_OFFLINE") == "1"
    for (index, file) in wanted.enumerated() {
      try bring(
        file, label: "\(index + 1)/\(wanted.count) \(file.name)", options: options,
        isOffline: isOffline, context)
    }
    let described = wanted.map { file -> JSONValue in
      [
        "name": .string(file.name), "url": .string(file.remote.url),
        "sha256": .string(file.remote.digest.hex),
        "licence": file.licence.map { .string($0) } ?? .null,
      ]
    }
    try context.seal("files", rows: ["files": wanted.count], metadata: ["files": .array(described)])
  }

  private static func bring(
    _ file: WantedFile, label: String, options: DownloadOptions, isOffline: Bool,
    _ context: StageContext
  ) throws {
    let target = Files.join(context.output("files"), file.name)
    let store = context.reuseDirectory.map { Files.join($0, file.remote.digest.hex) }
    if let store, Files.exists(store), try Digest(ofFile: store) == file.remote.digest {
      return try copy(store, to: target)
    }
    guard !isOffline else {
      throw Fault(
        .unavailable, "offline, and '\(file.remote.url)' is not in the store",
        remedy: "run once with a connection and the same --reuse folder")
    }
    // A file that is continued after a kill lies outside the output, which a failure removes.
    let folder = context.stateDirectory ?? context.output("files")
    let partial = Files.join(folder, ".\(file.remote.digest.short).partial")
    let download = Download(
      file.remote, options: options,
      progress: { done, total in
        try context.checkCancellation()
        if done > 0 { context.progress(done, of: total, unit: "bytes", message: label) }
      }, note: { context.note("\(file.name): \($0)") })
    try download.run(to: target, partial: partial)
    if let store { try copy(target, to: store) }
  }

  /// Copies a file so that it appears whole.
  private static func copy(_ source: String, to target: String) throws {
    let map = try MappedFile(source)
    let temporary = "\(target).tmp-\(getpid())"
    let file = try BufferedFile(temporary)
    try map.withBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
        try file.append(bytes[start..<min(bytes.count, start + 1 << 20)])
      }
    }
    try file.close()
    try Files.rename(temporary, to: target)
  }

  private static func options(_ parameters: StageParameters) throws -> DownloadOptions {
    var options = DownloadOptions()
    options.retries = parameters.integer("retries")
    options.firstWait = parameters.number("first_wait")
    options.stallSeconds = parameters.integer("stall")
    options.sizeLimit = parameters.integer("size_limit")
    options.mirrors = try variable(Mirrors.variable).map { try Mirrors($0) }
    return options
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
