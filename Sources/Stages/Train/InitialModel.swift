import Expressions
import Neural
import Platform

/// The model that a run starts from.
struct InitialModel {
  private let file: ModelFile

  init(_ path: String) throws { file = try ModelFile(path) }

  /// Copies the encoder's weights, and the method's where method and classes are the same.
  ///
  /// - Throws: `Fault` where the encoder's tensors are missing or of another shape.
  func fill(
    _ encoder: VisualEncoder, _ head: any MethodHead, description: ModelDescription,
    note: (String) -> Void
  ) throws {
    for named in encoder.layer.state { try file.load(named.name, into: named.tensor) }
    let theirs = file.description
    guard theirs.method == description.method, theirs.classes == description.classes,
      head.parameters.allSatisfy({ file.tensors[$0.name]?.shape == $0.value.shape })
    else {
      note("the method's own weights start fresh: the initial model has another method or classes")
      return
    }
    for parameter in head.parameters { try file.load(parameter.name, into: parameter.value) }
  }
}
