import Artifacts

/// The names in a manifest, as far as it can be read, for completing words.
public struct ManifestNames: Sendable {
  /// Stages, in order.
  public let stages: [String]
  /// Variables, in order.
  public let variables: [String]
  /// `STAGE.PARAMETER` of what the manifest gives, and of all that the stages' contracts have.
  public let parameters: [String]

  /// Reads `path`; what is wrong with it is passed over.
  public init(_ path: String) {
    let (manifest, _) = ManifestReader.read(path)
    stages = manifest.stages.map(\.name)
    variables = manifest.variables.map(\.name)
    let catalogue = (try? State.inMemory()).map { StageCatalogue($0) }
    var contracts: [String: Contract] = [:]
    var parameters: [String] = []
    for stage in manifest.stages {
      guard case .contract(let node) = stage.body else { continue }
      if contracts[node.text] == nil {
        contracts[node.text] = try? catalogue?.program(node.text).contract
      }
      let names = contracts[node.text]?.parameters.map(\.name) ?? stage.parameters.map(\.key)
      parameters += names.map { "\(stage.name).\($0)" }
    }
    self.parameters = parameters
  }
}
