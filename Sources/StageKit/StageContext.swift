import Artifacts
import Platform

/// The environment of a running stage: its inputs, parameters, output directories and messages.
public final class StageContext: Sendable {
  public let contract: Contract
  /// Every parameter's value, checked against the contract.
  public let parameters: StageParameters
  /// How many threads to use; the output's bytes must not depend on it.
  public let threads: Int
  /// The folder for files that must survive a kill; private to these inputs and parameters.
  public let stateDirectory: String?
  /// The folder where per-item results may be kept for later runs.
  public let reuseDirectory: String?
  private let request: StageRequest
  private let publication: Publication
  private let sealed = Locked<[String: Digest]>([:])
  /// The inputs' digests by port, where they are being taken.
  private let digests = Locked<Future<[String: [Digest]]>?>(nil)

  init(
    contract: Contract, request: StageRequest, publication: Publication, threads: Int,
    stateDirectory: String?, reuseDirectory: String?
  ) {
    self.contract = contract
    self.request = request
    self.publication = publication
    self.threads = threads
    self.stateDirectory = stateDirectory
    self.reuseDirectory = reuseDirectory
    parameters = StageParameters(request.parameters)
  }

  /// The paths given to a port that takes several, in order.
  public func inputs(_ port: String) -> [String] {
    precondition(contract.input(port) != nil, "the contract has no input '\(port)'")
    return request.inputs[port] ?? []
  }

  /// The path given to a required port.
  public func input(_ port: String) -> String {
    let path = inputs(port).first
    precondition(path != nil, "'\(port)' is optional: use optionalInput")
    return path ?? ""
  }

  /// The path given to an optional port, or nil.
  public func optionalInput(_ port: String) -> String? { inputs(port).first }

  /// Opens the artifact at an input port, checking the kind and version the contract declares.
  public func artifact(_ port: String) throws -> Artifact {
    try artifacts(port)[0]
  }

  /// Opens all artifacts at an input port, in order.
  public func artifacts(_ port: String) throws -> [Artifact] {
    let declared = contract.input(port)
    return try inputs(port).map {
      try Artifact.open($0, kind: declared?.kind, schema: declared?.schema)
    }
  }

  /// The private directory of an output port; it appears at its place when the stage has ended well.
  public func output(_ port: String) -> String {
    precondition(contract.output(port) != nil, "the contract has no output '\(port)'")
    return publication.attempt(port)
  }

  /// Begins to take the inputs' digests, which `seal` needs, on a thread of its own: for stages that
  /// read large files. With one thread it does nothing.
  public func digestInputsMeanwhile() {
    guard threads > 1 else { return }
    let inputs = request.inputs
    digests.withLock {
      $0 = Future { try inputs.mapValues { try $0.map { try ContentDigest.of($0, threads: 1) } } }
    }
  }

  private func inputDigests(_ port: String, _ paths: [String]) throws -> [Digest] {
    if let begun = digests.withLock({ $0 }) { return try begun.get()[port] ?? [] }
    return try paths.map { try ContentDigest.of($0, threads: threads) }
  }

  /// Describes an output port's files in `artifact.json` and `provenance.json`.
  /// - Parameter digests: those of files that were digested as they were written, by their paths.
  @discardableResult
  public func seal(
    _ port: String, rows: [String: Int] = [:], metadata: JSONValue = .object([:]),
    digests: [String: Digest] = [:]
  ) throws -> Artifact {
    guard let declared = contract.output(port) else {
      preconditionFailure("the contract has no output '\(port)'")
    }
    let artifact = try Artifact.seal(
      output(port), kind: declared.kind, schema: declared.schema, rows: rows, metadata: metadata,
      digests: digests, threads: threads)
    try Files.write(
      try provenance().pretty, to: Files.join(output(port), Artifact.provenanceName))
    sealed.withLock { $0[port] = artifact.digest }
    return artifact
  }

  /// Who makes this output from what; no times, host names or paths.
  private func provenance() throws -> JSONValue {
    var inputs: [String: JSONValue] = [:]
    var command = ["ferry-\(contract.name)", "run"]
    for port in contract.inputs {
      guard let paths = request.inputs[port.name] else { continue }
      let digests = try inputDigests(port.name, paths)
      inputs[port.name] = .array(
        digests.map { ["kind": .string(port.kind), "digest": .string($0.hex)] })
      command += digests.flatMap { ["--in", "\(port.name)=\(port.kind):\($0.short)"] }
    }
    command += contract.outputs.flatMap { ["--out", "\($0.name)=\($0.kind)"] }
    for (name, value) in request.given.sorted(by: { $0.key < $1.key })
    where contract.parameter(name)?.affectsOutput ?? false {
      command += ["--set", "\(name)=\(value.canonical)"]
    }
    let relevant = request.parameters.filter {
      contract.parameter($0.key)?.affectsOutput ?? false
    }
    return [
      "producer": .string("ferry-\(contract.name)"), "version": .string(ferryVersion),
      "revision": .integer(contract.revision), "parameters": .object(relevant),
      "inputs": .object(inputs), "command": JSONValue(command),
    ]
  }

  func publish() throws -> [String: Digest] {
    let digests = sealed.withLock { $0 }
    for port in contract.outputs where digests[port.name] == nil {
      preconditionFailure("the stage did not seal its output '\(port.name)'")
    }
    try publication.publish()
    return digests
  }

  /// Whether the user asked to stop (Ctrl-C or a termination signal).
  public var isCancelled: Bool { Interruption.isRequested }

  /// - Throws: `Fault` with the exit status 130 where the user asked to stop.
  public func checkCancellation() throws {
    if isCancelled { throw Fault(.interrupted, "interrupted") }
  }

  /// Reports how far the work has come; call it as often as you like.
  /// - Parameters:
  ///   - unit: what is counted, `images`.
  ///   - message: a few words that change: `epoch 3/10 loss 1.234`.
  public func progress(_ done: Int, of total: Int?, unit: String, message: String = "") {
    StageConsole.shared.progress(done, total, unit, message)
  }

  /// Says something worth knowing, once.
  public func note(_ text: String) { StageConsole.shared.line("note", text) }

  /// Says something that may be wrong, without stopping.
  public func warn(_ text: String) { StageConsole.shared.line("warning", text) }
}
