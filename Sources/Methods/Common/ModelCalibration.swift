import Artifacts
import Metrics
import Platform

extension Evaluation {
  /// The temperature that an evaluation of a model found; nil where it fitted none.
  ///
  /// - Parameters:
  ///   - model: the model's artifact, or its safetensors file.
  ///   - directory: the evaluation's artifact.
  /// - Throws: `Fault` where the evaluation is another model's.
  public static func calibration(
    of model: String, in directory: String
  ) throws -> TemperatureScaling? {
    let own =
      Files.isDirectory(model) ? try Artifact.open(model).digest : try Digest(ofFile: model)
    let provenance = Files.join(directory, Artifact.provenanceName)
    let models = try JSONValue.read(provenance)["inputs"]?["model"]?.array ?? []
    guard models.contains(where: { $0["digest"]?.string == own.hex }) else {
      throw Fault(
        .badInput, "the calibration is not an evaluation of this model", at: .init(directory),
        remedy: "give what evaluate made of the model \(own.short)")
    }
    return try Evaluation(directory: directory).calibration
  }
}
