import Artifacts
import Metrics
import Platform
import Samples

/// A features artifact as the report sees it.
public struct ReportedFeatures: Sendable {
  let set: FeatureSet
  let digest: Digest
  let model: ModelCard?
  let dataset: DatasetCard
  let provenance: Provenance?

  /// - Throws: `Fault` where the artifact is damaged.
  public init(artifact: Artifact) throws {
    set = try FeatureSet(artifact)
    digest = artifact.digest
    model = ModelCard(json: artifact.metadata["model"])
    dataset = DatasetCard(json: artifact.metadata["dataset"] ?? .null)
    provenance = try Provenance(artifact: artifact)
  }

  var metadata: JSONValue { self.set.artifact.metadata }

  /// How the t-SNE map was made and how good it is, in words; nil without one.
  var mapText: String? {
    guard let tsne = metadata["tsne"], !tsne.isNull else { return nil }
    let number = { (key: String) in tsne[key]?.number.map { $0.fixed(3) } ?? "-" }
    // Lowered for few faces, it is a fraction.
    let perplexity = ((tsne["perplexity"]?.number ?? 0) * 10).rounded() / 10
    return
      "t-SNE with perplexity \(JSONValue.plain(perplexity)), seed "
      + "\(tsne["seed"]?.integer ?? 0), \(tsne["iterations"]?.integer ?? 0) iterations: "
      + "divergence \(number("divergence")), trustworthiness \(number("trustworthiness"))"
  }

  /// A row of the geometry's tables.
  func geometry(_ name: String) -> [[Double?]] {
    (metadata["geometry"]?[name]?.array ?? []).map { ($0.array ?? []).map(\.number) }
  }

  func values(_ name: String) -> [Double?] {
    (metadata["geometry"]?[name]?.array ?? []).map(\.number)
  }
}
